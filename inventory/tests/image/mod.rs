//! Saved images, made in memory.

use serde_json::json;
use sidings_inventory::{Bounds, Inventory, inventory};
use std::io::{Cursor, Write};

pub(crate) const DEBIAN: &str = "ID=debian\nVERSION_ID=\"12\"\n";

/// A layer: the instruction that made it, and its tar.
pub(crate) struct Layer {
    pub(crate) created_by: String,
    pub(crate) tar: Vec<u8>,
}

/// A layer with these files; a path that ends in `/` is a folder, `-> target` a link to it.
pub(crate) fn layer(created_by: &str, files: &[(&str, &[u8])]) -> Layer {
    Layer { created_by: created_by.to_owned(), tar: tar(files) }
}

pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        if path.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn config(layers: &[Layer]) -> Vec<u8> {
    let history: Vec<_> = layers
        .iter()
        .flat_map(|layer| {
            [json!({ "created_by": "ENV A=b", "empty_layer": true }), json!({ "created_by": layer.created_by })]
        })
        .collect();
    let digests: Vec<_> = layers.iter().map(|layer| format!("sha256:{:016x}", sum(&layer.tar))).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "2026-02-03T04:05:06.789Z",
        "history": history, "rootfs": { "type": "layers", "diff_ids": digests },
    });
    config.to_string().into_bytes()
}

/// Different for different content; what makes a digest does not matter here.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(14_695_981_039_346_656_037, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211))
}

/// As `docker save` of an Engine before 25 writes it: the paper that orders the layers comes last.
pub(crate) fn saved(layers: &[Layer]) -> Vec<u8> {
    let config = config(layers);
    let names: Vec<String> =
        (0..layers.len()).map(|index| format!("layer{}/layer.tar", layers.len() - index)).collect();
    let manifest = json!([{ "Config": "c0ffee.json", "RepoTags": ["made:here"], "Layers": names }]).to_string();
    let mut files: Vec<(&str, &[u8])> = vec![("repositories", b"{}")];
    files.extend(names.iter().zip(layers).map(|(name, layer)| (name.as_str(), layer.tar.as_slice())));
    files.sort();
    files.extend([("c0ffee.json", config.as_slice()), ("manifest.json", manifest.as_bytes())]);
    tar(&files)
}

/// As an OCI layout, with each layer packed by `pack`.
pub(crate) fn layout(layers: &[Layer], pack: impl Fn(usize, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let packed: Vec<Vec<u8>> = layers.iter().enumerate().map(|(index, layer)| pack(index, &layer.tar)).collect();
    let descriptors: Vec<_> = (0..layers.len()).map(|index| json!({ "digest": format!("sha256:{index}") })).collect();
    let manifest =
        json!({ "schemaVersion": 2, "config": { "digest": "sha256:c0ffee" }, "layers": descriptors }).to_string();
    let attested = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    let index =
        json!({ "manifests": [{ "digest": "sha256:a", "annotations": attested }, { "digest": "sha256:face" }] })
            .to_string();
    let config = config(layers);
    let names: Vec<String> = (0..layers.len()).map(|index| format!("blobs/sha256/{index}")).collect();
    let mut files: Vec<(&str, &[u8])> = vec![("oci-layout", b"{}"), ("blobs/sha256/a", b"{}")];
    files.extend(names.iter().map(String::as_str).zip(packed.iter().map(Vec::as_slice)));
    files.extend([("blobs/sha256/c0ffee", config.as_slice()), ("blobs/sha256/face", manifest.as_bytes())]);
    files.push(("index.json", index.as_bytes()));
    tar(&files)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(crate) fn read(image: &[u8]) -> Inventory {
    inventory(Cursor::new(image), Bounds::default()).unwrap()
}

/// What dpkg writes for these packages.
pub(crate) fn status(packages: &[(&str, &str)]) -> Vec<u8> {
    let one = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
    };
    packages.iter().map(one).collect::<String>().into_bytes()
}

pub(crate) const STATUS: &str = "var/lib/dpkg/status";

/// Three layers of Debian with a package of each kind that needs no binary.
pub(crate) fn mixed() -> Vec<Layer> {
    vec![
        layer("", &[("etc/os-release", DEBIAN.as_bytes()), (STATUS, &status(&[("libc6", "2.36"), ("dash", "0.5")]))]),
        layer(
            "RUN /bin/sh -c apt-get install python3 # buildkit",
            &[
                (STATUS, &status(&[("libc6", "2.36"), ("dash", "0.5"), ("g++", "4:12.2-3+b1")])),
                ("usr/share/doc/g++/copyright", b"Format: x\nLicense: GPL-3+\nLicense: my own words\n"),
                ("usr/lib/python3/six-1.16.dist-info/METADATA", b"Name: six\nVersion: 1.16\nLicense: MIT\n"),
            ],
        ),
        layer(
            "COPY --chown=1:1 app /app # buildkit",
            &[
                (
                    "app/node_modules/@a/b/package.json",
                    br#"{"name":"@a/b","version":"1.0.0","license":"(MIT OR Apache-2.0)"}"#,
                ),
                ("app/lib/broken.jar", b"no zip"),
            ],
        ),
    ]
}
