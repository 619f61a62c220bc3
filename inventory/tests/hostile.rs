//! Images that were made to hurt: nothing panics, nothing grows without a bound, nothing is lost in silence.

use crate::image::{gzip, layer, layout, mixed, read, saved, tar};
use proptest::prelude::*;
use sidings_inventory::{Bounds, Failed, inventory};
use std::io::{Cursor, Read};

fn failure(image: impl Read, bounds: Bounds) -> String {
    let error = inventory(image, bounds).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    source.unwrap_or_else(|| error.to_string())
}

#[test]
fn a_layer_that_unpacks_without_end_is_refused() {
    let zeros = vec![0; 8 << 20];
    let image = layout(&[layer("bomb", &[("zeros", &zeros)])], |_, tar| gzip(tar));
    assert!(image.len() < 1 << 20);
    let bounds = Bounds { bytes: 1 << 20, ..Bounds::default() };
    assert_eq!(failure(Cursor::new(image), bounds), "it holds more bytes than an inventory reads");
}

#[test]
fn entries_and_packages_are_counted() {
    let few = Bounds { entries: 4, ..Bounds::default() };
    assert_eq!(failure(Cursor::new(saved(&mixed())), few), "it holds more files than an inventory reads");
    let none = Bounds { packages: 1, ..Bounds::default() };
    assert_eq!(failure(Cursor::new(saved(&mixed())), none), "it holds more packages than an inventory reads");
}

#[test]
fn remarks_have_an_end_that_is_told() {
    let names: Vec<String> = (0..9).map(|n| format!("{n}.jar")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"no zip".as_slice())).collect();
    let bounds = Bounds { remarks: 3, ..Bounds::default() };
    let inventory = inventory(Cursor::new(saved(&[layer("x", &files)])), bounds).unwrap();
    assert_eq!((inventory.remarks.len(), inventory.remarks[3].text.as_str()), (4, "6 more remarks were left out"));
}

#[test]
fn a_layer_that_ends_too_early_is_a_failure() {
    let mut cut = layer("cut", &[("file", &[1; 4000])]);
    cut.tar.truncate(2000);
    let error = inventory(Cursor::new(saved(&[cut])), Bounds::default()).unwrap_err();
    assert!(matches!(&error, Failed::Layer { path, .. } if path == "layer1/layer.tar"), "{error:?}");
}

#[test]
fn a_name_without_end_is_not_held() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(4 << 30);
    header.set_cksum();
    let endless = Cursor::new(header.as_bytes().to_vec()).chain(std::io::repeat(b'a'));
    assert_eq!(failure(endless, Bounds::default()), "a name in it is longer than a megabyte");
}

#[test]
fn paths_that_lead_out_lead_nowhere() {
    let mut tar = tar(&[("aa/aa/aa/etc/os-release", b"ID=evil\n")]);
    tar[..8].copy_from_slice(b"../../..");
    let sum: u32 = tar[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let evil = crate::image::Layer { created_by: "x".to_owned(), tar };
    assert_eq!(read(&saved(&[evil])).image.distribution, None);
}

/// Files of every reader, real enough to be read far.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let rpm = include_bytes!("rpm/rpmdb.sqlite.gz");
    let mut sqlite = Vec::new();
    flate2::read::GzDecoder::new(rpm.as_slice()).read_to_end(&mut sqlite).unwrap();
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    vec![
        ("var/lib/rpm/rpmdb.sqlite", sqlite),
        ("var/lib/rpm/Packages.db", [b"RpmP\0\0\0\0\x01\0\0\0\x01\0\0\0".to_vec(), vec![1; 9000]].concat()),
        ("bin/program", program[..program.len().min(200_000)].to_vec()),
        ("app/a-1.jar", [b"PK\x03\x04".to_vec(), vec![0; 100], b"PK\x05\x06".to_vec(), vec![0; 18]].concat()),
        ("lib/apk/db/installed", b"P:a\nV:1\n\nP:b\nV:2\n".to_vec()),
        ("a/node_modules/b/package.json", br#"{"name":"b","version":"1","license":{"type":"MIT"}}"#.to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn damage_in_an_archive_is_no_panic(at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut image = saved(&mixed());
        for (index, byte) in at {
            let index = index.index(image.len());
            image[index] = byte;
        }
        drop(inventory(Cursor::new(image), Bounds::default()));
    }

    #[test]
    fn damage_in_a_file_is_no_failure(which in 0usize..6, at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60), near in any::<bool>()) {
        let (path, mut content) = files().swap_remove(which);
        // The first bytes hold what the rest is read by.
        let most = if near { content.len().min(256) } else { content.len() };
        for (index, byte) in at {
            content[index.index(most)] = byte;
        }
        let image = saved(&[layer("x", &[(path, &content)])]);
        prop_assert!(inventory(Cursor::new(image), Bounds::default()).is_ok());
    }

    #[test]
    fn noise_is_no_panic(noise in prop::collection::vec(any::<u8>(), 0..3000)) {
        drop(inventory(Cursor::new(&noise), Bounds::default()));
        let image = layout(&mixed(), |index, tar| if index == 1 { [&[0x1f, 0x8b, 8, 0], noise.as_slice()].concat() } else { tar.to_vec() });
        prop_assert!(inventory(Cursor::new(image), Bounds::default()).is_err());
    }
}
