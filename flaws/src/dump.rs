//! A dump as its publishers give it: a zip of a file for each entry.

use crate::audit::Auditor;
use std::io::{Read, Seek};
use zip::ZipArchive;

impl Auditor<'_> {
    /// Takes all entries of an archive in: its files that end in `.json`. What is wrong with it is counted and named.
    pub fn read_zip(&mut self, name: &str, from: impl Read + Seek) {
        let mut archive = match ZipArchive::new(from) {
            Ok(archive) => archive,
            Err(error) => return self.bad(name, error.to_string()),
        };
        for place in 0..archive.len() {
            self.part(name, &mut archive, place);
        }
    }

    fn part(&mut self, name: &str, archive: &mut ZipArchive<impl Read + Seek>, place: usize) {
        let told = |part: &str| format!("{name}: {part}");
        match archive.by_index(place) {
            Ok(part) => {
                let inner = part.name().map_or_else(|_| format!("file {place}"), |inner| inner.into_owned());
                if inner.ends_with(".json") {
                    self.read(&told(&inner), part);
                }
            }
            Err(error) => self.bad(&told(&format!("file {place}")), error.to_string()),
        }
    }
}
