//! Which files of an image say what packages are in it, and their readers: one file or folder for each sort. A reader
//! takes bytes and gives what it found; it knows neither layers nor the rest of the image.

mod apk;
mod copyright;
mod dpkg;
mod elf;
mod fields;
mod gem;
mod go;
mod java;
mod npm;
mod os_release;
mod python;
mod rpm;
mod rust;

use crate::bounds::{Left, broken};
use crate::model::{Distribution, Kind, PackageSource};
use std::io::{self, Read, Seek, Write};
use tempfile::SpooledTempFile;

/// A list, a manifest or a database of text.
const MOST_TEXT: u64 = 64 << 20;
/// A licence or a Dockerfile.
const MOST_PAPER: u64 = 1 << 20;
/// A binary, an archive or a database that is read in places: past `IN_MEMORY` it waits on disk.
const MOST_SPOOLED: u64 = 2 << 30;
const IN_MEMORY: usize = 8 << 20;

/// A package, before anybody knows its layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: Option<String>,
    pub(crate) source: Option<PackageSource>,
    pub(crate) licences: Vec<String>,
}

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    Packages(Vec<Found>),
    /// The licences of a package of Debian, which its database leaves out.
    Licences {
        package: String,
        licences: Vec<String>,
    },
    Distribution(Distribution),
    Dockerfile(String),
}

/// What reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Dpkg,
    Copyright,
    Apk,
    RpmSqlite,
    RpmNdb,
    /// A form of database that is not read.
    RpmOther,
    RpmLog,
    Python,
    Npm,
    Gem,
    Java,
    OsRelease,
    Dockerfile,
    /// Whatever begins as a program does.
    Program,
}

/// What came of reading a file.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) evidence: Option<Evidence>,
    pub(crate) remarks: Vec<String>,
}

impl Found {
    pub(crate) fn new(kind: Kind, name: &str, version: &str) -> Found {
        let (name, version) = (name.trim().to_owned(), version.trim().to_owned());
        Found { kind, name, version, architecture: None, source: None, licences: Vec::new() }
    }

    pub(crate) fn licensed(self, licences: Vec<String>) -> Found {
        Found { licences, ..self }
    }
}

impl Reader {
    /// Who reads the file at that path; none for most files.
    pub(crate) fn of(path: &str) -> Option<Reader> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match (folder, name) {
            ("var/lib/dpkg", "status") => return Some(Reader::Dpkg),
            ("var/lib/dpkg/status.d", _) if !name.ends_with(".md5sums") => return Some(Reader::Dpkg),
            ("lib/apk/db" | "usr/lib/apk/db", "installed") => return Some(Reader::Apk),
            ("var/lib/rpm" | "usr/lib/sysimage/rpm" | "usr/share/rpm", _) => return rpm_reader(name),
            ("etc" | "usr/lib", "os-release") => return Some(Reader::OsRelease),
            ("usr/share/sidings", "Dockerfile") => return Some(Reader::Dockerfile),
            _ => {}
        }
        if name == "copyright" && folder.starts_with("usr/share/doc/") {
            return Some(Reader::Copyright);
        }
        if python::is_metadata(folder, name) {
            return Some(Reader::Python);
        }
        if gem::is_installed(folder, name) {
            return Some(Reader::Gem);
        }
        if name == "package.json" && npm::is_installed(folder) {
            return Some(Reader::Npm);
        }
        java::is_archive(name).then_some(Reader::Java)
    }

    /// Lists of packages, which nobody may hide behind a link unseen.
    pub(crate) fn is_database(self) -> bool {
        matches!(self, Reader::Dpkg | Reader::Apk | Reader::RpmSqlite | Reader::RpmNdb | Reader::RpmOther)
    }

    /// Reads the file; what is wrong with it becomes a remark. An error is the stream's own, or a bound's.
    pub(crate) fn read(self, path: &str, size: u64, from: &mut impl Read, left: &mut Left) -> io::Result<Reading> {
        let most = match self {
            Reader::Copyright | Reader::Dockerfile | Reader::Gem | Reader::OsRelease => MOST_PAPER,
            Reader::Dpkg | Reader::Apk | Reader::Python | Reader::Npm => MOST_TEXT,
            Reader::Java | Reader::Program | Reader::RpmSqlite | Reader::RpmNdb => MOST_SPOOLED,
            Reader::RpmOther => return Ok(Reading::remark(rpm::OTHER)),
            Reader::RpmLog if size == 0 => return Ok(Reading::default()),
            Reader::RpmLog => return Ok(Reading::remark(rpm::LOG)),
        };
        if size > most {
            return Ok(Reading::remark(format!("it has {size} bytes, and no more than {most} are read")));
        }
        let reading = match self.is_spooled() {
            true => self.spooled(path, spool(from)?, left),
            false => {
                let mut content = Vec::new();
                from.read_to_end(&mut content)?;
                self.text(path, &content)
            }
        };
        if let Some(Evidence::Packages(found)) = &reading.evidence {
            left.packages(found.len())?;
        }
        Ok(reading)
    }

    fn is_spooled(self) -> bool {
        matches!(self, Reader::Java | Reader::Program | Reader::RpmSqlite | Reader::RpmNdb)
    }

    fn text(self, path: &str, content: &[u8]) -> Reading {
        let text = String::from_utf8_lossy(content);
        match self {
            Reader::Dpkg => Reading::of(dpkg::packages(&text)),
            Reader::Apk => Reading::of(apk::packages(&text)),
            Reader::Python => Reading::of(python::package(&text).into_iter().collect()),
            Reader::Npm => npm::package(content),
            Reader::Gem => gem::package(path, &text),
            Reader::Copyright => Reading::told(copyright::licences(path, &text)),
            Reader::OsRelease => Reading::told(os_release::distribution(&text)),
            Reader::Dockerfile => Reading::told(Some(Evidence::Dockerfile(text.into_owned()))),
            Reader::Java | Reader::Program | Reader::RpmSqlite | Reader::RpmNdb | Reader::RpmOther | Reader::RpmLog => {
                Reading::default()
            }
        }
    }

    fn spooled(self, path: &str, mut file: SpooledTempFile, left: &mut Left) -> Reading {
        let found = match self {
            Reader::RpmSqlite => rpm::sqlite(&mut file),
            Reader::RpmNdb => rpm::ndb(&mut file),
            Reader::Program => program(&mut file),
            Reader::Java => return java::packages(path, &mut file, left),
            Reader::Dpkg | Reader::Copyright | Reader::Apk | Reader::RpmOther | Reader::RpmLog => Ok(Vec::new()),
            Reader::Python | Reader::Npm | Reader::Gem | Reader::OsRelease | Reader::Dockerfile => Ok(Vec::new()),
        };
        match found {
            Ok(found) => Reading::of(found),
            // A program without sections, or a damaged one, is no list of packages that somebody would miss.
            Err(error) if self == Reader::Program && error.kind() == io::ErrorKind::UnexpectedEof => Reading::default(),
            Err(error) => Reading::remark(format!("it could not be read: {error}")),
        }
    }
}

impl Reading {
    /// Names and versions that nothing was found for are left out.
    fn of(found: Vec<Found>) -> Reading {
        let named: Vec<Found> = found.into_iter().filter(|found| !found.name.is_empty()).collect();
        Reading::told((!named.is_empty()).then_some(Evidence::Packages(named)))
    }

    fn told(evidence: Option<Evidence>) -> Reading {
        Reading { evidence, remarks: Vec::new() }
    }

    fn remark(text: impl Into<String>) -> Reading {
        Reading { evidence: None, remarks: vec![text.into()] }
    }
}

fn rpm_reader(name: &str) -> Option<Reader> {
    match name {
        "rpmdb.sqlite" => Some(Reader::RpmSqlite),
        "rpmdb.sqlite-wal" => Some(Reader::RpmLog),
        "Packages.db" => Some(Reader::RpmNdb),
        "Packages" => Some(Reader::RpmOther),
        _ => None,
    }
}

/// The modules and crates that a program says it was made of.
fn program(file: &mut SpooledTempFile) -> io::Result<Vec<Found>> {
    let Some(mut program) = elf::Program::open(file)? else { return Ok(Vec::new()) };
    let mut found = rust::crates(&mut program)?;
    found.extend(go::modules(&mut program)?);
    Ok(found)
}

fn spool(from: &mut impl Read) -> io::Result<SpooledTempFile> {
    let mut file = tempfile::spooled_tempfile(IN_MEMORY);
    io::copy(from, &mut file)?;
    file.flush()?;
    file.rewind()?;
    Ok(file)
}

/// `length` bytes at `at`, if `length` is within `most`.
fn at(file: &mut (impl Read + Seek), at: u64, length: usize, most: usize) -> io::Result<Vec<u8>> {
    if length > most {
        return Err(broken("a part of it is larger than it may be"));
    }
    file.seek(io::SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

/// In a stable order, each once, without the empty ones.
fn told(licences: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut licences: Vec<String> =
        licences.into_iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
    licences.sort();
    licences.dedup();
    licences
}

#[cfg(test)]
mod tests;
