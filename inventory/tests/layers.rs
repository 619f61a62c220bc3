//! Which layer a package belongs to, and what later layers hide.

use crate::image::{DEBIAN, Layer, STATUS, layer, read, saved, status};
use sidings_inventory::Inventory;

fn packages(inventory: &Inventory) -> Vec<String> {
    inventory.packages.iter().map(|it| format!("{} {} in {}", it.name, it.version, it.layer)).collect()
}

fn removed(inventory: &Inventory) -> Vec<String> {
    let one = |it: &sidings_inventory::Removed| format!("{} {} {}-{}", it.name, it.version, it.layer, it.removed_in);
    inventory.removed.iter().map(one).collect()
}

fn made(layers: &[Layer]) -> Inventory {
    read(&saved(layers))
}

#[test]
fn a_package_belongs_to_the_layer_that_brought_it() {
    let inventory = made(&[
        layer(
            "base",
            &[("etc/os-release", DEBIAN.as_bytes()), (STATUS, &status(&[("a", "1"), ("b", "1"), ("c", "1")]))],
        ),
        layer("RUN upgrade", &[(STATUS, &status(&[("a", "1"), ("b", "2"), ("c", "1"), ("d", "1")]))]),
        layer("RUN purge", &[(STATUS, &status(&[("a", "1"), ("b", "2"), ("d", "1")])), ("big", &[0; 5000])]),
    ]);
    assert_eq!(packages(&inventory), ["a 1 in 1", "b 2 in 2", "d 1 in 2"]);
    assert_eq!(removed(&inventory), ["b 1 1-2", "c 1 1-3"]);
    assert_eq!(inventory.packages[0].purl, "pkg:deb/debian/a@1?arch=amd64&distro=debian-12");
    assert!(inventory.layers[2].bytes > 5000 && inventory.layers[2].files == 2);
    assert_eq!(inventory.layers[1].created_by, "RUN upgrade");
}

const METADATA: &str = "usr/lib/python3/six.dist-info/METADATA";
const SIX: &[u8] = b"Name: six\nVersion: 1\n";

#[test]
fn whiteouts_hide_files_and_folders() {
    let base = || layer("base", &[(METADATA, SIX)]);
    let gone = |above: &[(&str, &[u8])]| {
        let inventory = made(&[base(), layer("RUN rm", above)]);
        assert_eq!(removed(&inventory).len(), 1 - inventory.packages.len());
        inventory.packages.is_empty()
    };
    assert!(gone(&[("usr/lib/python3/six.dist-info/.wh.METADATA", b"")]));
    assert!(gone(&[("usr/lib/.wh.python3", b"")]));
    assert!(gone(&[("usr/lib/.wh..wh..opq", b"")]));
    assert!(gone(&[("usr/lib/python3", b"now a file")]));
    assert!(gone(&[(METADATA, b"now says nothing")]));
    assert!(gone(&[("usr/lib/python3/six.dist-info/METADATA/", b"")]));
    assert!(!gone(&[("usr/lib/.wh.python", b""), ("usr/lib/python3/", b""), ("usr/lib/.wh..wh.plnk", b"")]));
}

#[test]
fn what_an_opaque_folder_brings_anew_is_there() {
    let inventory = made(&[
        layer("base", &[(METADATA, SIX), ("usr/lib/python3/old.egg-info", b"Name: old\nVersion: 1\n")]),
        layer("RUN anew", &[("usr/lib/python3/.wh..wh..opq", b""), (METADATA, SIX)]),
    ]);
    // Its bytes are in both layers; the package came with the first.
    assert_eq!(
        (packages(&inventory), removed(&inventory)),
        (vec!["six 1 in 1".to_owned()], vec!["old 1 1-2".to_owned()])
    );
}

#[test]
fn one_package_in_several_places_is_one() {
    let again = "opt/venv/six.dist-info/METADATA";
    let both = made(&[layer("a", &[(METADATA, SIX)]), layer("b", &[(again, SIX)])]);
    assert_eq!(packages(&both), ["six 1 in 1"]);
    assert_eq!(both.packages[0].paths, [again, METADATA]);
    let moved = made(&[layer("a", &[(METADATA, SIX)]), layer("b", &[(again, SIX), ("usr/.wh.lib", b"")])]);
    assert_eq!((packages(&moved), moved.removed), (vec!["six 1 in 2".to_owned()], vec![]));
}

#[test]
fn lines_are_told_where_they_are_known() {
    let mut inventory = made(&crate::image::mixed());
    inventory.trace("FROM debian\nRUN apt-get install \\\n    python3\nCOPY --chown=1:1 app /app\n", None);
    let lines = inventory.layers.iter().map(|layer| layer.made.as_ref().map(|made| made.line)).collect::<Vec<_>>();
    assert_eq!(lines, [None, Some(2), Some(4)]);
    assert_eq!(inventory.layers[1].instruction(), "RUN apt-get install python3");
}
