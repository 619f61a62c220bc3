//! Images taken apart and put together, without an engine: the tars that one would give or take.

use super::digest::Hashed;
use super::pack::{Part, read};
use super::unpack::Tar;
use super::{Stays, common_layers};
use sidings_proto::image::{ImageLayer, LAYER_MAX};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use tempfile::TempDir;

fn digest(bytes: &[u8]) -> String {
    let mut hashed = Hashed::new(bytes);
    io::copy(&mut hashed, &mut io::sink()).unwrap();
    hashed.end().0
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    header
}

fn saved(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        tar.append_data(&mut header(bytes.len() as u64), name, *bytes).unwrap();
    }
    let mut link = header(0);
    link.set_entry_type(tar::EntryType::Symlink);
    tar.append_link(&mut link, "same/layer.tar", "../one/layer.tar").unwrap();
    tar.into_inner().unwrap()
}

/// Two layers of one image, the lower one of its base.
struct Image {
    layers: [Vec<u8>; 2],
    config: Vec<u8>,
}

impl Image {
    fn new() -> Image {
        let layers = [b"a base".repeat(1000), (0..200_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()];
        let diffs: Vec<_> = layers.iter().map(|layer| format!("\"{}\"", digest(layer))).collect();
        let config =
            format!("{{\"os\":\"linux\",\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{}]}}}}", diffs.join(","));
        Image { layers, config: config.into_bytes() }
    }

    fn id(&self) -> String {
        digest(&self.config)
    }

    fn tar(&self) -> Vec<u8> {
        let [base, own] = &self.layers;
        saved(&[
            ("manifest.json", b"[]"),
            ("x/y", own),
            ("zero", base),
            ("config", &self.config),
            ("repositories", b"{}"),
        ])
    }

    fn taken_apart(&self, tar: &[u8], folder: &TempDir) -> Result<BTreeMap<String, Part>, Stays> {
        read(tar, &self.id(), &BTreeSet::from([digest(&self.layers[1])]), folder.path())
    }

    /// What a runner that has the base would give its engine.
    fn fetched(&self, folder: &TempDir) -> Tar {
        let parts = self.taken_apart(&self.tar(), folder).unwrap();
        let diffs = self.layers.each_ref().map(|layer| digest(layer));
        for part in parts.values() {
            fs::copy(&part.file, folder.path().join(part.size.blob.as_str())).unwrap();
        }
        let own = &parts[&diffs[1]];
        let lacking = ImageLayer { diff: diffs[1].clone(), bytes: own.bytes, packed: Some(own.size.clone()) };
        Tar {
            id: self.id(),
            tag: "sidings/web:1".to_owned(),
            config: folder.path().join(parts[&self.id()].size.blob.as_str()),
            names: diffs.to_vec(),
            lacking: vec![lacking],
            folder: folder.path().to_owned(),
        }
    }
}

fn files(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(tar);
    let file = |entry: io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().display().to_string(), bytes)
    };
    archive.entries().unwrap().map(file).collect()
}

fn refused(tar: &Tar) -> String {
    format!("{:#}", tar.write(Vec::new()).unwrap_err())
}

#[test]
fn whatever_has_the_hash_of_a_layer_is_that_layer_and_nothing_else_is_kept() {
    let (image, folder) = (Image::new(), TempDir::new().unwrap());
    let parts = image.taken_apart(&image.tar(), &folder).unwrap();
    assert_eq!(parts.keys().cloned().collect::<BTreeSet<_>>(), BTreeSet::from([image.id(), digest(&image.layers[1])]));
    let own = &parts[&digest(&image.layers[1])];
    assert_eq!(own.bytes, 800_000);
    assert_eq!(zstd::decode_all(fs::File::open(&own.file).unwrap()).unwrap(), image.layers[1]);
    assert_eq!(fs::read(&parts[&image.id()].file).unwrap(), image.config);
    let again = image.taken_apart(&image.tar(), &folder).unwrap();
    assert_eq!(again[&digest(&image.layers[1])].size, own.size, "the same layer is the same blob: it is sent once");
    drop((parts, again));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn half_an_image_and_a_huge_one_are_none() {
    let (image, folder) = (Image::new(), TempDir::new().unwrap());
    let tar = image.tar();
    assert!(matches!(image.taken_apart(&tar[..tar.len() / 2], &folder), Err(Stays::Failed(_))));
    let mut huge = header(LAYER_MAX + 1);
    huge.set_path("huge").unwrap();
    huge.set_cksum();
    let huge = image.taken_apart(huge.as_bytes(), &folder);
    assert!(matches!(huge, Err(Stays::TooLarge(ref why)) if why.contains("10 GiB")), "{:?}", huge.err());
}

#[test]
fn the_engine_is_given_what_it_lacks_and_the_names_of_the_rest() {
    let (image, folder) = (Image::new(), TempDir::new().unwrap());
    let mut out = Vec::new();
    image.fetched(&folder).write(&mut out).unwrap();
    let mut files = files(&out);
    let manifest: serde_json::Value = serde_json::from_slice(&files.remove("manifest.json").unwrap()).unwrap();
    let hex = |digest: &str| digest.strip_prefix("sha256:").unwrap().to_owned();
    let layers = image.layers.each_ref().map(|layer| format!("{}.tar", hex(&digest(layer))));
    let config = format!("{}.json", hex(&image.id()));
    let expected = serde_json::json!([{ "Config": config, "RepoTags": ["sidings/web:1"], "Layers": layers }]);
    assert_eq!(manifest, expected);
    assert_eq!(files, BTreeMap::from([(config, image.config.clone()), (layers[1].clone(), image.layers[1].clone())]));
}

#[test]
fn what_arrives_and_is_not_what_the_id_says_is_refused() {
    let (image, folder) = (Image::new(), TempDir::new().unwrap());
    let good = || image.fetched(&folder);
    let replaced = |bytes: &[u8]| {
        let tar = good();
        let packed = tar.lacking[0].packed.as_ref().unwrap();
        fs::write(folder.path().join(packed.blob.as_str()), zstd::encode_all(bytes, 1).unwrap()).unwrap();
        refused(&tar)
    };
    let own = &image.layers[1];
    let mut other = own.clone();
    other[17] ^= 1;
    for wrong in [&other[..], &own[..own.len() - 1], &[&own[..], &[0]].concat(), &own.repeat(3)] {
        assert!(replaced(wrong).contains("a layer that arrived is another one"), "{}", replaced(wrong));
    }
    let tar = good();
    fs::write(&tar.config, String::from_utf8(image.config.clone()).unwrap().replace("linux", "Linux")).unwrap();
    assert!(refused(&tar).contains("the configuration that arrived is another one"));
    let tar = Tar { names: vec![digest(own)], ..good() };
    assert!(refused(&tar).contains("names other layers"));
}

#[test]
fn layers_are_common_from_the_lowest_on() {
    let layers = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let bases = [layers(&["a", "b", "x"]), layers(&["b", "c"]), layers(&["a"])];
    assert_eq!(common_layers(&layers(&["a", "b", "c"]), &bases), 2);
    assert_eq!(common_layers(&layers(&["c", "a"]), &bases), 0);
    assert_eq!(common_layers(&layers(&["a"]), &[]), 0);
}
