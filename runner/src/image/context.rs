//! The files that a build can see: a folder of the project after `.dockerignore`, never followed through a link.

use super::ignore::Patterns;
use super::key::Key;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// One thing in a context, by its path relative to the context's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File { executable: bool },
    Link { target: PathBuf },
}

/// A folder that is being looked through. Open ones are kept in a list, not on the stack: a tree can be deeper.
struct Level {
    path: PathBuf,
    /// What was not looked at yet, the last name first.
    names: Vec<OsString>,
    /// Where the folder belongs among what was found, if something in it is taken back; it is left out itself.
    left_out_at: Option<usize>,
}

/// Everything in `root` that is not left out, each folder before what is in it, always in the same order.
///
/// The repository's own folder never counts, as with a build from a git address: it differs from clone to clone.
pub(super) fn entries(root: &Path, patterns: &Patterns) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut levels = vec![Level::open(root, PathBuf::new(), None)?];
    while let Some(level) = levels.last_mut() {
        match level.names.pop().map(|name| level.path.join(name)) {
            Some(path) if path == Path::new(".git") => {}
            Some(path) => levels.extend(visit(root, path, patterns, &mut found)?),
            None => levels.pop().into_iter().for_each(|level| level.close(&mut found)),
        }
    }
    Ok(found)
}

impl Level {
    fn open(root: &Path, path: PathBuf, left_out_at: Option<usize>) -> io::Result<Level> {
        let names = fs::read_dir(root.join(&path))?.map(|entry| entry.map(|entry| entry.file_name()));
        let mut names = names.collect::<io::Result<Vec<OsString>>>()?;
        names.sort_by(|a, b| b.cmp(a));
        Ok(Level { path, names, left_out_at })
    }

    /// A folder that is left out is there nevertheless when something in it was taken back.
    fn close(self, found: &mut Vec<Entry>) {
        if let Some(at) = self.left_out_at.filter(|at| found.len() > *at) {
            found.insert(at, Entry { path: self.path, kind: Kind::Folder });
        }
    }
}

/// Takes what is to be taken of one path; a folder to look into is given back.
fn visit(root: &Path, path: PathBuf, patterns: &Patterns, found: &mut Vec<Entry>) -> io::Result<Option<Level>> {
    let out = patterns.leaves_out(&path);
    let metadata = fs::symlink_metadata(root.join(&path))?;
    if metadata.is_dir() && !out {
        found.push(Entry { path: path.clone(), kind: Kind::Folder });
        return Level::open(root, path, None).map(Some);
    } else if metadata.is_dir() && patterns.may_take_back() {
        return Level::open(root, path, Some(found.len())).map(Some);
    } else if !out && metadata.is_symlink() {
        let target = fs::read_link(root.join(&path))?;
        found.push(Entry { path, kind: Kind::Link { target } });
    } else if !out && metadata.is_file() {
        let executable = metadata.permissions().mode() & 0o100 != 0;
        found.push(Entry { path, kind: Kind::File { executable } });
    }
    Ok(None)
}

/// Puts every entry into the key: path, kind, executable bit, content or target. Times and owners do not count.
pub(super) fn into_key(root: &Path, entries: &[Entry], key: &mut Key) -> io::Result<()> {
    for Entry { path, kind } in entries {
        key.part("path", path.as_os_str().as_bytes());
        match kind {
            Kind::Folder => key.part("folder", b""),
            Kind::Link { target } => key.part("link", target.as_os_str().as_bytes()),
            Kind::File { executable } => {
                let mut content = blake3::Hasher::new();
                io::copy(&mut File::open(root.join(path))?, &mut content)?;
                key.part(if *executable { "program" } else { "file" }, content.finalize().as_bytes());
            }
        }
    }
    Ok(())
}

/// Writes a plain tar of the entries and, in their places or beside them, the Dockerfiles.
pub(super) fn pack(
    root: &Path,
    entries: &[Entry],
    dockerfiles: &[(&str, &str)],
    seconds: u64,
    out: impl Write,
) -> io::Result<()> {
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(1 << 20, out));
    let is_ours = |entry: &&Entry| dockerfiles.iter().any(|(name, _)| entry.path == Path::new(name));
    for Entry { path, kind } in entries.iter().filter(|entry| !is_ours(entry)) {
        let mut header = header(kind, seconds);
        match kind {
            Kind::Folder => archive.append_data(&mut header, path, io::empty())?,
            Kind::Link { target } => archive.append_link(&mut header, path, target)?,
            Kind::File { .. } => {
                let file = File::open(root.join(path))?;
                header.set_size(file.metadata()?.len());
                archive.append_data(&mut header, path, file)?;
            }
        }
    }
    for (name, text) in dockerfiles {
        let mut header = header(&Kind::File { executable: false }, seconds);
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    archive.into_inner()?.flush()
}

fn header(kind: &Kind, seconds: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    let (kind, mode) = match kind {
        Kind::Folder => (tar::EntryType::Directory, 0o755),
        Kind::File { executable: true } => (tar::EntryType::Regular, 0o755),
        Kind::File { executable: false } => (tar::EntryType::Regular, 0o644),
        Kind::Link { .. } => (tar::EntryType::Symlink, 0o777),
    };
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(seconds);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As deep as a path can be.
    const DEEP: usize = 1_950;

    #[test]
    fn the_deepest_tree_of_a_checkout_is_walked() {
        let root = tempfile::tempdir().unwrap();
        let deepest = root.path().join("d/".repeat(DEEP));
        fs::create_dir_all(&deepest).unwrap();
        let found = entries(root.path(), &Patterns::parse("").unwrap()).unwrap();
        assert_eq!(found.len(), DEEP);
    }
}
