//! What an archive of Java says it is: `pom.properties`, else the main section of the manifest, else the file's name.

use super::package;
use crate::evidence::{Found, told};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Manifest {
    main: BTreeMap<String, String>,
}

impl Manifest {
    /// The main section; a line that begins with a space goes on with the one before it.
    pub(super) fn read(text: &str) -> Manifest {
        let mut main: BTreeMap<String, String> = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            if let Some(more) = line.strip_prefix(' ') {
                if let Some(value) = main.get_mut(&last) {
                    value.push_str(more);
                }
            } else if let Some((key, value)) = line.split_once(':') {
                last = key.trim().to_ascii_lowercase();
                main.insert(last.clone(), value.trim().to_owned());
            }
        }
        Manifest { main }
    }

    fn value(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.main.get(*key)).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn licences(&self) -> Vec<String> {
        // Directives may follow; their commas would make licences of their parts.
        told(
            self.value(&["bundle-license"])
                .map(|it| it.split([';', ',']).next().unwrap_or(it).trim_matches('"').to_owned()),
        )
    }

    /// The package that the archive itself is; none where nobody says its version, for any zip may be called a jar.
    pub(super) fn package(&self, file: &str) -> Option<Found> {
        let (artifact, of_name) = named(file);
        let told = self.value(&["implementation-version", "bundle-version", "specification-version"]);
        let version = told.or(of_name)?;
        let group = self.value(&["implementation-vendor-id"]).filter(|group| is_group(group));
        let symbolic =
            || self.value(&["bundle-symbolicname"]).map(|name| name.split(';').next().unwrap_or(name).trim());
        let group = group.or_else(|| symbolic()?.strip_suffix(artifact)?.strip_suffix('.'));
        Some(package(group, artifact, version))
    }
}

fn is_group(text: &str) -> bool {
    !text.contains(char::is_whitespace)
}

/// `groupId`, `artifactId` and `version`; none unless all are there.
pub(super) fn pom(text: &str) -> Option<Found> {
    let value = |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='));
    Some(package(Some(value("groupId")?), value("artifactId")?, value("version")?))
}

/// `commons-lang3-3.12.0.jar` is `commons-lang3`, version `3.12.0`.
pub(super) fn named(file: &str) -> (&str, Option<&str>) {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let mut dashes = stem.match_indices('-').map(|(at, _)| at);
    let version = dashes.find(|at| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    version.map_or((stem, None), |at| (&stem[..at], Some(&stem[at + 1..])))
}
