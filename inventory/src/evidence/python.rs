//! What Python's installers leave beside a package: `NAME.dist-info/METADATA`, `NAME.egg-info/PKG-INFO` or, from the
//! oldest, `NAME.egg-info` itself.

use super::{Found, fields, told};
use crate::model::Kind;

const LONGEST_LICENCE: usize = 100;

pub(super) fn is_metadata(folder: &str, name: &str) -> bool {
    (name == "METADATA" && folder.ends_with(".dist-info"))
        || (name == "PKG-INFO" && (folder.ends_with(".egg-info") || folder.ends_with("/EGG-INFO")))
        || name.ends_with(".egg-info")
}

/// The text after the first empty line is the description, which may hold anything.
pub(super) fn package(text: &str) -> Option<Found> {
    let fields = fields::paragraphs(text).next()?;
    let found = Found::new(Kind::Python, fields::value(&fields, "Name")?, fields::value(&fields, "Version")?);
    Some(found.licensed(licences(&fields)))
}

/// The newest field that there is; classifiers where the old field holds a whole licence or nothing.
fn licences(fields: &[(&str, &str)]) -> Vec<String> {
    if let Some(expression) = fields::value(fields, "License-Expression") {
        return told([expression.to_owned()]);
    }
    match fields::value(fields, "License").filter(|it| *it != "UNKNOWN" && it.len() <= LONGEST_LICENCE) {
        Some(licence) => told([licence.to_owned()]),
        None => told(fields.iter().filter_map(classifier)),
    }
}

fn classifier((name, value): &(&str, &str)) -> Option<String> {
    let path = value.strip_prefix("License ::").filter(|_| name.eq_ignore_ascii_case("Classifier"))?;
    let last = path.rsplit("::").next()?.trim();
    (last != "OSI Approved").then(|| last.to_owned())
}
