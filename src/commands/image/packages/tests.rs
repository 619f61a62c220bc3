//! What people see, from inventories that are written here.

use super::*;
use crate::client::pretty;
use expect_test::{Expect, expect};
use sidings_inventory::{Kind, Made, Package, Removed, Sureness, diff};

fn layer(number: usize, created_by: &str, bytes: u64, line: Option<usize>) -> Layer {
    let instruction = created_by.to_owned();
    let made = line.map(|line| Made { line, instruction, sure: Sureness::Text });
    let digest = format!("sha256:{number}{bytes}");
    Layer { number, digest, created_by: created_by.to_owned(), made, bytes, files: 1 }
}

fn package(name: &str, version: &str, layer: usize) -> Package {
    Package {
        kind: Kind::Deb,
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        licences: Vec::new(),
        purl: format!("pkg:deb/debian/{name}@{version}"),
        layer,
        paths: Vec::new(),
    }
}

fn image(bytes: u64, packages: Vec<Package>) -> Inventory {
    let mut inventory = Inventory { packages, ..Inventory::default() };
    inventory.image.names = vec!["made:here".to_owned()];
    inventory.image.platform = "linux/amd64".to_owned();
    inventory.layers = vec![layer(1, "", 74_000_000, None), layer(2, "RUN apt-get install gcc", bytes, Some(9))];
    inventory
}

fn seen(text: &str, expected: Expect) {
    expected.assert_eq(&anstream::adapter::strip_str(text).to_string());
}

#[test]
fn an_image_is_shown_by_layer_and_line() {
    let mut image = image(41_000_000, vec![package("dash", "0.5", 1), package("gcc\u{1b}[2J", "12", 2)]);
    let (name, version) = ("old".to_owned(), "1".to_owned());
    image.removed.push(Removed { kind: Kind::Npm, name, version, layer: 1, removed_in: 2 });
    image.remarks.push(Remark { layer: Some(2), path: Some("a.jar".to_owned()), text: "it is no zip".to_owned() });
    seen(
        &shown(&image),
        expect![[r#"
        made:here, linux/amd64: 2 packages, 115.0 MB in 2 layers

        layer  size      packages  line  made by
        1       74.0 MB  1
        2       41.0 MB  1         9     RUN apt-get install gcc

        kind  package  version  layer  line
        deb   dash     0.5      1
        deb   gcc      12       2      9

        taken away by a later layer, and still in the image's size:
        kind  package  version  layer  gone in
        npm   old      1        1      2

        not read: a.jar: it is no zip
    "#]],
    );
}

fn before_and_after() -> (Inventory, Inventory) {
    let before = image(1_000_000, vec![package("dash", "0.5", 1), package("old", "1", 2), package("up", "1", 2)]);
    let after = image(42_000_000, vec![package("dash", "0.5", 1), package("gcc", "12", 2), package("up", "2", 2)]);
    (before, after)
}

#[test]
fn a_difference_is_told_by_layer_then_by_package() {
    let (before, after) = before_and_after();
    seen(
        &compared(&diff(&before, &after)),
        expect![[r#"
        +1 package, -1 package, 1 changed, +41.0 MB, layer 2 (RUN apt-get install gcc, line 9)

        + deb gcc 12
        ~ deb up 1 → 2
        - deb old 1
    "#]],
    );
    seen(
        &compared(&diff(&before, &before)),
        expect![[r#"
        the same: no layer and no package differs
    "#]],
    );
}

#[test]
fn programs_are_told_the_same() {
    let mut of_one = image(41_000_000, vec![package("dash", "0.5", 1)]);
    let (name, version) = ("old".to_owned(), "1".to_owned());
    of_one.removed.push(Removed { kind: Kind::Npm, name, version, layer: 1, removed_in: 2 });
    of_one.remarks.push(Remark { layer: Some(2), path: Some("a.jar".to_owned()), text: "it is no zip".to_owned() });
    seen(
        &pretty(&of_one).unwrap(),
        expect![[r#"
        {
          "image": {
            "id": "",
            "names": [
              "made:here"
            ],
            "created": null,
            "platform": "linux/amd64",
            "distribution": null,
            "dockerfile": null
          },
          "layers": [
            {
              "number": 1,
              "digest": "sha256:174000000",
              "created_by": "",
              "made": null,
              "bytes": 74000000,
              "files": 1
            },
            {
              "number": 2,
              "digest": "sha256:241000000",
              "created_by": "RUN apt-get install gcc",
              "made": {
                "line": 9,
                "instruction": "RUN apt-get install gcc",
                "sure": "text"
              },
              "bytes": 41000000,
              "files": 1
            }
          ],
          "packages": [
            {
              "kind": "deb",
              "name": "dash",
              "version": "0.5",
              "architecture": null,
              "source": null,
              "licences": [],
              "purl": "pkg:deb/debian/dash@0.5",
              "layer": 1,
              "paths": []
            }
          ],
          "removed": [
            {
              "kind": "npm",
              "name": "old",
              "version": "1",
              "layer": 1,
              "removed_in": 2
            }
          ],
          "remarks": [
            {
              "layer": 2,
              "path": "a.jar",
              "text": "it is no zip"
            }
          ]
        }
    "#]],
    );
    let (before, after) = before_and_after();
    seen(
        &pretty(&diff(&before, &after)).unwrap(),
        expect![[r#"
        {
          "packages": [
            {
              "kind": "deb",
              "name": "gcc",
              "before": [],
              "after": [
                "12"
              ],
              "layer": 2
            },
            {
              "kind": "deb",
              "name": "up",
              "before": [
                "1"
              ],
              "after": [
                "2"
              ],
              "layer": 2
            },
            {
              "kind": "deb",
              "name": "old",
              "before": [
                "1"
              ],
              "after": [],
              "layer": 2
            }
          ],
          "layers": [
            {
              "layer": 2,
              "gone": false,
              "instruction": "RUN apt-get install gcc",
              "line": 9,
              "bytes": 41000000,
              "added": 1,
              "changed": 1,
              "removed": 1
            }
          ],
          "bytes": 41000000
        }
    "#]],
    );
}
