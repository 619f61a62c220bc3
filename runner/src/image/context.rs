//! A build context as a tar: plain modes, no owners, one time.

use sidings_environment::{Listing, Sort};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Writes a plain tar of the entries and, in their places or beside them, the Dockerfiles.
pub(super) fn pack(listing: &Listing, dockerfiles: &[(&str, &str)], seconds: u64, out: impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(1 << 20, out));
    let is_ours = |path: &Path| dockerfiles.iter().any(|(name, _)| path == Path::new(name));
    for entry in listing.entries().iter().filter(|entry| !is_ours(entry.path())) {
        let mut header = header(&entry.sort, seconds);
        let path = entry.path();
        match &entry.sort {
            Sort::Folder => archive.append_data(&mut header, path, io::empty())?,
            Sort::Link { target } => archive.append_link(&mut header, path, target)?,
            Sort::File { .. } => {
                let file = File::open(listing.root().join(path))?;
                header.set_size(file.metadata()?.len());
                archive.append_data(&mut header, path, file)?;
            }
        }
    }
    for (name, text) in dockerfiles {
        let mut header = header(&Sort::File { executable: false }, seconds);
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    archive.into_inner()?.flush()
}

fn header(sort: &Sort, seconds: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    let (kind, mode) = match sort {
        Sort::Folder => (tar::EntryType::Directory, 0o755),
        Sort::File { executable: true } => (tar::EntryType::Regular, 0o755),
        Sort::File { executable: false } => (tar::EntryType::Regular, 0o644),
        Sort::Link { .. } => (tar::EntryType::Symlink, 0o777),
    };
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(seconds);
    header.set_size(0);
    header
}
