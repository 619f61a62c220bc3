//! A dump on disk: a zip, or a folder of entries and such zips. Links in it are not followed.

use sidings_flaws::Auditor;
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, BufReader};
use std::path::Path;

/// Folders in each other; a dump has two.
const DEEPEST: usize = 8;

/// Takes in all entries of a dump. A file in it that is none is counted and named, and stops nothing.
///
/// # Errors
/// There is nothing at the path.
pub fn read_dump(auditor: &mut Auditor<'_>, path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_dir() {
        true => folder(auditor, path, DEEPEST),
        false => zip(auditor, path),
    }
    Ok(())
}

/// In the order of names, so that the same dump gives the same bytes.
fn folder(auditor: &mut Auditor<'_>, of: &Path, deep: usize) {
    let entries = fs::read_dir(of).and_then(|entries| entries.collect::<io::Result<Vec<DirEntry>>>());
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return auditor.bad(&of.display().to_string(), error.to_string()),
    };
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(sort) if sort.is_dir() && deep > 0 => folder(auditor, &path, deep - 1),
            Ok(sort) if sort.is_dir() => auditor.bad(&path.display().to_string(), "it lies too deep".to_owned()),
            Ok(sort) if sort.is_file() => file(auditor, &path),
            Ok(_) => {}
            Err(error) => auditor.bad(&path.display().to_string(), error.to_string()),
        }
    }
}

fn file(auditor: &mut Auditor<'_>, path: &Path) {
    match path.extension().and_then(OsStr::to_str) {
        Some("json") => opened(auditor, path, Auditor::read),
        Some("zip") => zip(auditor, path),
        _ => {}
    }
}

fn zip(auditor: &mut Auditor<'_>, path: &Path) {
    opened(auditor, path, |auditor, name, file| auditor.read_zip(name, BufReader::new(file)));
}

fn opened<'i>(auditor: &mut Auditor<'i>, path: &Path, read: impl FnOnce(&mut Auditor<'i>, &str, File)) {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read(auditor, &name, file),
        Err(error) => auditor.bad(&name, error.to_string()),
    }
}
