//! CycloneDX 1.6, as JSON.

use super::{created, licence, name, told, uuid};
use crate::model::{Inventory, Package};
use serde_json::{Map, Value, json};

/// The inventory as a CycloneDX document. Where remarks say that something was not read, the document calls itself
/// incomplete.
pub fn cyclonedx(inventory: &Inventory) -> Value {
    let image = &inventory.image;
    let remarks = inventory.remarks.iter().map(|remark| {
        let place = remark.path.as_deref().map_or(String::new(), |path| format!("{path}: "));
        json!({ "name": "sidings:remark", "value": format!("{place}{}", remark.text) })
    });
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", uuid(inventory)),
        "version": 1,
        "metadata": {
            "timestamp": created(inventory),
            "tools": { "components": [{ "type": "application", "name": "sidings", "version": env!("CARGO_PKG_VERSION") }] },
            "component": { "type": "container", "bom-ref": image.id, "name": name(inventory), "version": image.id },
            "properties": remarks.collect::<Vec<_>>(),
        },
        "components": inventory.packages.iter().map(|package| component(inventory, package)).collect::<Vec<_>>(),
    });
    if !inventory.remarks.is_empty() {
        document["compositions"] = json!([{ "aggregate": "incomplete", "assemblies": [image.id] }]);
    }
    document
}

fn component(inventory: &Inventory, package: &Package) -> Value {
    let (group, name) = grouped(package);
    let properties = told(inventory, package);
    let mut component = Map::from_iter([
        ("type".to_owned(), json!("library")),
        ("bom-ref".to_owned(), json!(package.purl)),
        ("name".to_owned(), json!(name)),
        ("version".to_owned(), json!(package.version)),
        ("purl".to_owned(), json!(package.purl)),
        (
            "properties".to_owned(),
            properties.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect(),
        ),
    ]);
    if let Some(group) = group {
        component.insert("group".to_owned(), json!(group));
    }
    if let Some(licences) = licences(&package.licences) {
        component.insert("licenses".to_owned(), licences);
    }
    Value::Object(component)
}

/// Maven's group and npm's scope have a field of their own.
fn grouped(package: &Package) -> (Option<&str>, &str) {
    let scoped = || package.name.strip_prefix('@').and(package.name.split_once('/'));
    match package.name.split_once(':').filter(|_| package.kind == crate::Kind::Maven).or_else(scoped) {
        Some((group, name)) => (Some(group), name),
        None => (None, &package.name),
    }
}

/// One expression alone, or a list of licences: a document may not mix them.
fn licences(texts: &[String]) -> Option<Value> {
    let one = |text: &String| match licence::identifier(text) {
        Some(id) => json!({ "license": { "id": id } }),
        None => json!({ "license": { "name": text } }),
    };
    match texts {
        [] => None,
        [text] if licence::identifier(text).is_none() => match licence::expression(text) {
            Some(expression) => Some(json!([{ "expression": expression }])),
            None => Some(json!([one(text)])),
        },
        _ => Some(texts.iter().map(one).collect()),
    }
}
