//! SPDX 2.3, as JSON.

use super::{created, licence, name, told, uuid};
use crate::model::{Inventory, Package};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";
const UNSAID: &str = "NOASSERTION";

/// The inventory as an SPDX document.
pub fn spdx(inventory: &Inventory) -> Value {
    let licences = Licences::of(inventory);
    let mut packages = vec![image(inventory)];
    let mut relations = vec![relation(DOCUMENT, "DESCRIBES", IMAGE)];
    for (index, package) in inventory.packages.iter().enumerate() {
        let id = identifier(index, package);
        relations.push(relation(IMAGE, "CONTAINS", &id));
        packages.push(one(inventory, package, &id, &licences));
    }
    let mut document = json!({
        "SPDXID": DOCUMENT,
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "name": name(inventory),
        "documentNamespace": format!("urn:uuid:{}", uuid(inventory)),
        "creationInfo": {
            "created": created(inventory),
            "creators": [format!("Tool: sidings-{}", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "relationships": relations,
    });
    if !licences.0.is_empty() {
        document["hasExtractedLicensingInfos"] = licences.infos();
    }
    if !inventory.remarks.is_empty() {
        let remarks = inventory.remarks.iter().map(|remark| match &remark.path {
            Some(path) => format!("{path}: {}", remark.text),
            None => remark.text.clone(),
        });
        document["comment"] = json!(format!("Not complete: {}", remarks.collect::<Vec<_>>().join("; ")));
    }
    document
}

fn image(inventory: &Inventory) -> Value {
    json!({
        "SPDXID": IMAGE,
        "name": name(inventory),
        "versionInfo": inventory.image.id,
        "downloadLocation": UNSAID,
        "filesAnalyzed": false,
        "licenseConcluded": UNSAID,
        "licenseDeclared": UNSAID,
        "copyrightText": UNSAID,
        "primaryPackagePurpose": "CONTAINER",
    })
}

fn one(inventory: &Inventory, package: &Package, id: &str, licences: &Licences<'_>) -> Value {
    let told = told(inventory, package).into_iter().map(|(name, value)| format!("{name}={value}"));
    let mut one = json!({
        "SPDXID": id,
        "name": package.name,
        "downloadLocation": UNSAID,
        "filesAnalyzed": false,
        "licenseConcluded": UNSAID,
        "licenseDeclared": licences.declared(package),
        "copyrightText": UNSAID,
        "comment": told.collect::<Vec<_>>().join("\n"),
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": package.purl,
        }],
    });
    if !package.version.is_empty() {
        one["versionInfo"] = json!(package.version);
    }
    one
}

fn relation(from: &str, sort: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": sort, "relatedSpdxElement": to })
}

/// Only letters, digits, dots and dashes may be in it; the number keeps those apart that would be the same.
fn identifier(index: usize, package: &Package) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let name: String = package.name.chars().take(80).map(plain).collect();
    format!("SPDXRef-{}-{name}-{}", package.kind.name(), index + 1)
}

/// Texts that are no expression, and the references that stand for them.
struct Licences<'i>(BTreeMap<&'i str, String>);

impl<'i> Licences<'i> {
    fn of(inventory: &'i Inventory) -> Licences<'i> {
        let texts = inventory.packages.iter().flat_map(|package| &package.licences);
        let mut references: BTreeMap<&str, String> = texts
            .filter(|text| licence::expression(text).is_none())
            .map(|text| (text.as_str(), String::new()))
            .collect();
        for (index, reference) in references.values_mut().enumerate() {
            *reference = format!("LicenseRef-sidings-{}", index + 1);
        }
        Licences(references)
    }

    fn declared(&self, package: &Package) -> String {
        let one = |text: &String| match self.0.get(text.as_str()) {
            Some(reference) => reference.clone(),
            None => licence::expression(text).unwrap_or_else(|| UNSAID.to_owned()),
        };
        match package.licences.as_slice() {
            [] => UNSAID.to_owned(),
            [text] => one(text),
            texts => texts.iter().map(|text| format!("({})", one(text))).collect::<Vec<_>>().join(" AND "),
        }
    }

    fn infos(&self) -> Value {
        let info = |(text, id): (&&str, &String)| json!({ "licenseId": id, "name": text, "extractedText": text });
        self.0.iter().map(info).collect()
    }
}
