//! Archives of Java: what their own manifest and the properties that Maven leaves in them say, down to archives within
//! archives.

mod manifest;
mod zip;

use super::{Evidence, Found, IN_MEMORY, Reading};
use crate::bounds::Left;
use crate::model::Kind;
use manifest::Manifest;
use std::io::{self, Read, Seek, Write};
use tempfile::SpooledTempFile;
use zip::Zip;

/// Archives in archives in archives: deeper ones are remarked on.
const DEEPEST: usize = 4;
const MOST_TEXT: u64 = 1 << 20;
const MOST_INNER: u64 = 512 << 20;

pub(super) fn is_archive(name: &str) -> bool {
    [".jar", ".war", ".ear"].iter().any(|ending| name.ends_with(ending))
}

/// The packages of an archive and of those inside of it.
pub(super) fn packages(path: &str, file: &mut SpooledTempFile, left: &mut Left) -> Reading {
    let mut reading = Reading::default();
    let mut found = Vec::new();
    archive(path, file, 1, left, &mut found, &mut reading.remarks);
    found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    found.dedup();
    reading.evidence = (!found.is_empty()).then_some(Evidence::Packages(found));
    reading
}

fn archive(
    name: &str,
    file: &mut SpooledTempFile,
    depth: usize,
    left: &mut Left,
    found: &mut Vec<Found>,
    remarks: &mut Vec<String>,
) {
    let mut inner = Vec::new();
    match own(name, file, left) {
        Ok((packages, archives)) => {
            found.extend(packages);
            inner = archives;
        }
        Err(error) => remarks.push(format!("{name} could not be read: {error}")),
    }
    for part in inner {
        let within = format!("{name}!{}", part.name);
        if depth == DEEPEST {
            remarks.push(format!("{within} is too deep to be looked into"));
            continue;
        }
        match unpacked(file, &part, left) {
            Ok(mut file) => archive(&within, &mut file, depth + 1, left, found, remarks),
            Err(error) => remarks.push(format!("{within} could not be read: {error}")),
        }
    }
}

/// What an archive says of itself, and the archives in it.
fn own(name: &str, file: &mut SpooledTempFile, left: &mut Left) -> io::Result<(Vec<Found>, Vec<zip::Part>)> {
    let zip = Zip::open(file)?;
    let mut manifest = Manifest::default();
    let mut poms = Vec::new();
    for part in &zip.parts {
        if part.name.eq_ignore_ascii_case("META-INF/MANIFEST.MF") {
            manifest = Manifest::read(&text(file, part, left)?);
        } else if part.name.starts_with("META-INF/maven/") && part.name.ends_with("/pom.properties") {
            poms.extend(manifest::pom(&text(file, part, left)?));
        }
    }
    let inner = zip.parts.into_iter().filter(|part| is_archive(&part.name)).collect();
    let licences = manifest.licences();
    let mut found: Vec<Found> = poms;
    let called = name.rsplit(['/', '!']).next().unwrap_or(name);
    if !found.iter().any(|pom| is_named(called, pom)) {
        found.extend(manifest.package(called));
    }
    for package in found.iter_mut().filter(|package| is_named(called, package)) {
        package.licences.clone_from(&licences);
    }
    Ok((found, inner))
}

/// The archive's own package, among those that were packed into it.
fn is_named(file: &str, package: &Found) -> bool {
    let artifact = package.name.rsplit(':').next().unwrap_or(&package.name);
    manifest::named(file).0 == artifact
}

fn text(file: &mut SpooledTempFile, part: &zip::Part, left: &mut Left) -> io::Result<String> {
    let mut bytes = Vec::new();
    zip::content(file, part)?.take(MOST_TEXT).read_to_end(&mut bytes)?;
    left.bytes(bytes.len() as u64)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unpacked(file: &mut SpooledTempFile, part: &zip::Part, left: &mut Left) -> io::Result<SpooledTempFile> {
    let mut inner = tempfile::spooled_tempfile(IN_MEMORY);
    let size = io::copy(&mut zip::content(file, part)?.take(MOST_INNER), &mut inner)?;
    left.bytes(size)?;
    inner.flush()?;
    inner.rewind()?;
    Ok(inner)
}

/// A package of Maven; without a group where none is told.
fn package(group: Option<&str>, artifact: &str, version: &str) -> Found {
    match group.map(str::trim).filter(|group| !group.is_empty()) {
        Some(group) => Found::new(Kind::Maven, &format!("{group}:{}", artifact.trim()), version),
        None => Found::new(Kind::Maven, artifact, version),
    }
}
