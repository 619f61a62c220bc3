//! Alpine's `/lib/apk/db/installed`: paragraphs of one-letter fields.

use super::{Found, fields, told};
use crate::model::{Kind, PackageSource};

pub(super) fn packages(text: &str) -> Vec<Found> {
    fields::paragraphs(text).filter_map(|fields| package(&fields)).collect()
}

fn package(fields: &[(&str, &str)]) -> Option<Found> {
    // Case tells fields apart here: `P` is the name, `p` what it provides.
    let value = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
    let found = Found::new(Kind::Apk, &value("P")?, &value("V")?).licensed(told(value("L")));
    let source = value("o").filter(|origin| *origin != found.name);
    Some(Found { architecture: value("A"), source: source.map(|name| PackageSource { name, version: None }), ..found })
}
