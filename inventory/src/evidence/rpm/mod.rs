//! rpm's database: one header for each package, kept in SQLite, in rpm's own `ndb`, or, long ago, in Berkeley DB, which
//! is not read.

mod header;
mod ndb;
mod sqlite;

use super::Found;
use std::io;
use tempfile::SpooledTempFile;

pub(super) const OTHER: &str =
    "it is rpm's database in the old form of Berkeley DB, which is not read: packages of rpm are missing here";
pub(super) const LOG: &str = "rpm's database was not closed: packages of its last change may be missing here";

pub(super) fn sqlite(file: &mut SpooledTempFile) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    sqlite::blobs(file, "Packages", |blob| found.extend(header::package(blob)))?;
    Ok(found)
}

pub(super) fn ndb(file: &mut SpooledTempFile) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    ndb::blobs(file, |blob| found.extend(header::package(blob)))?;
    Ok(found)
}
