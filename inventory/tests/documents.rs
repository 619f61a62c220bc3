//! Bills of materials, against the official schemas (tests/schemas).

use crate::image::{mixed, read, saved};
use jsonschema::{Registry, Validator};
use serde_json::Value;
use sidings_inventory::{Inventory, cyclonedx, spdx};

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn validator(text: &str) -> Validator {
    let parts = [
        ("spdx", include_str!("schemas/spdx.schema.json")),
        ("jsf-0.82", include_str!("schemas/jsf-0.82.schema.json")),
    ];
    let parts =
        parts.map(|(name, text)| (format!("http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json"), schema(text)));
    let registry = Registry::new().extend(parts).unwrap().prepare().unwrap();
    jsonschema::options().with_registry(&registry).should_validate_formats(true).build(&schema(text)).unwrap()
}

#[track_caller]
fn valid(validator: &Validator, document: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn traced() -> Inventory {
    let mut inventory = read(&saved(&mixed()));
    inventory.trace("FROM debian\nRUN apt-get install python3\n", None);
    inventory
}

fn bare() -> Inventory {
    Inventory::default()
}

#[test]
fn cyclonedx_keeps_to_its_schema() {
    let validator = validator(include_str!("schemas/bom-1.6.schema.json"));
    let document = cyclonedx(&traced());
    valid(&validator, &document);
    let mut wrong = document.clone();
    wrong["components"][0]["type"] = Value::from("thing");
    assert!(!validator.is_valid(&wrong), "a schema that takes anything proves nothing");
    let gcc = &document["components"][1];
    assert_eq!(gcc["purl"], "pkg:deb/debian/g%2B%2B@4:12.2-3%2Bb1?arch=amd64&distro=debian-12");
    assert_eq!(gcc["licenses"][0]["license"]["id"], "GPL-3.0-or-later");
    assert_eq!(gcc["licenses"][1]["license"]["name"], "my own words");
    let line = |it: &Value| it["name"] == "sidings:line" && it["value"] == "2";
    assert!(gcc["properties"].as_array().unwrap().iter().any(line));
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    assert_eq!(document["metadata"]["timestamp"], "2026-02-03T04:05:06Z");
}

#[test]
fn spdx_keeps_to_its_schema() {
    let validator = validator(include_str!("schemas/spdx-2.3.schema.json"));
    let document = spdx(&traced());
    valid(&validator, &document);
    valid(&validator, &spdx(&bare()));
    let mut wrong = document.clone();
    wrong.as_object_mut().unwrap().remove("creationInfo");
    assert!(!validator.is_valid(&wrong), "a schema that takes anything proves nothing");
    let declared: Vec<&str> =
        document["packages"].as_array().unwrap().iter().filter_map(|it| it["licenseDeclared"].as_str()).collect();
    let own = "(GPL-3.0-or-later) AND (LicenseRef-sidings-1)";
    assert_eq!(declared, ["NOASSERTION", "NOASSERTION", own, "NOASSERTION", "(MIT OR Apache-2.0)", "MIT"]);
    assert_eq!(document["hasExtractedLicensingInfos"][0]["extractedText"], "my own words");
}

#[test]
fn the_same_image_gives_the_same_bytes() {
    let (one, again) = (traced(), traced());
    assert_eq!(cyclonedx(&one).to_string(), cyclonedx(&again).to_string());
    assert_eq!(spdx(&one).to_string(), spdx(&again).to_string());
    let other = cyclonedx(&bare());
    assert_ne!(other["serialNumber"], cyclonedx(&one)["serialNumber"]);
}

#[test]
fn an_inventory_can_be_kept_and_read_again() {
    let inventory = traced();
    let kept = serde_json::to_string(&inventory).unwrap();
    assert_eq!(serde_json::from_str::<Inventory>(&kept).unwrap(), inventory);
}
