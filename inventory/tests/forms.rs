//! The ways an image can be saved, and what is refused.

use crate::image::{gzip, layer, layout, mixed, read, saved, tar};
use sidings_inventory::{Bounds, inventory};
use std::io::Cursor;

#[test]
fn each_form_gives_the_same_inventory() {
    let mut plain = read(&saved(&mixed()));
    plain.image.names.clear();
    assert_eq!(plain.packages.len(), 5);
    assert_eq!(plain.image.platform, "linux/amd64");
    let pack = |index: usize, tar: &[u8]| match index {
        0 => tar.to_vec(),
        1 => gzip(tar),
        _ => zstd::encode_all(tar, 3).unwrap(),
    };
    assert_eq!(read(&layout(&mixed(), pack)), plain);
}

#[test]
fn a_layer_may_be_saved_as_a_link_to_the_same_one() {
    let same = [("a", b"x".as_slice())];
    let image = saved(&[layer("RUN one", &same), layer("RUN two", &[]), layer("RUN three", &same)]);
    let mut archive = tar::Archive::new(Cursor::new(&image));
    let mut linked = tar::Builder::new(Vec::new());
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let mut header = entry.header().clone();
        let path = entry.path().unwrap().into_owned();
        if path.ends_with("layer1/layer.tar") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            linked.append_link(&mut header, path, "../layer3/layer.tar").unwrap();
        } else {
            linked.append_data(&mut header, path, entry).unwrap();
        }
    }
    let inventory = read(&linked.into_inner().unwrap());
    assert_eq!(inventory.layers.iter().map(|layer| layer.files).collect::<Vec<_>>(), [1, 0, 1]);
}

fn refused(image: &[u8]) -> String {
    inventory(Cursor::new(image), Bounds::default()).unwrap_err().to_string()
}

#[test]
fn what_is_no_image_is_refused() {
    assert_eq!(refused(&tar(&[("a", b"b")])), "this is no saved image: it has no index.json");
    assert_eq!(refused(&[7; 600]), "reading the image");
    let two = br#"[{"Config":"a","Layers":[]},{"Config":"b","Layers":[]}]"#;
    assert_eq!(refused(&tar(&[("manifest.json", two)])), "this is no saved image: it holds 2 images, and one is read");
    let without = br#"[{"Config":"c.json","Layers":["gone/layer.tar"]}]"#;
    let image = tar(&[("c.json", br#"{"architecture":"amd64"}"#), ("manifest.json", without)]);
    assert_eq!(refused(&image), "this is no saved image: its layer gone/layer.tar is not in it");
}

#[test]
fn a_history_of_other_layers_is_not_believed() {
    let image = String::from_utf8(saved(&mixed())).unwrap().replace(r#""empty_layer":true"#, r#""empty_layer":null"#);
    let message = refused(image.as_bytes());
    assert!(message.contains("c0ffee.json"), "{message}");
    let config = br#"{"os":"linux","architecture":"amd64","history":[{"created_by":"RUN x"}]}"#;
    let manifest = br#"[{"Config":"c.json","Layers":[]}]"#;
    let inventory = read(&tar(&[("c.json", config), ("manifest.json", manifest)]));
    assert_eq!(inventory.remarks[0].text, "its history tells of 1 layers and it has 0: what made them is not known");
}
