//! `/var/lib/dpkg/status`, and the files of `status.d` in images without dpkg.

use super::{Found, fields};
use crate::model::{Kind, PackageSource};

/// Packages whose files are there, whether or not their configuration went well.
pub(super) fn packages(text: &str) -> Vec<Found> {
    fields::paragraphs(text).filter_map(|fields| package(&fields)).collect()
}

fn package(fields: &[(&str, &str)]) -> Option<Found> {
    let state = fields::value(fields, "Status").and_then(|status| status.split_whitespace().last());
    if matches!(state, Some("not-installed" | "config-files")) {
        return None;
    }
    let found = Found::new(Kind::Deb, fields::value(fields, "Package")?, fields::value(fields, "Version")?);
    let architecture = fields::value(fields, "Architecture").map(str::to_owned);
    Some(Found { architecture, source: fields::value(fields, "Source").map(source), ..found })
}

/// `name`, or `name (version)`.
fn source(text: &str) -> PackageSource {
    let (name, version) = text.split_once(' ').unwrap_or((text, ""));
    let version = version.trim().trim_matches(['(', ')']);
    PackageSource { name: name.to_owned(), version: (!version.is_empty()).then(|| version.to_owned()) }
}
