//! The files of a build context after `.dockerignore`: in one order whatever told of them, a folder right before what
//! is in it. The repository's own folder never counts, as with a build from a git address: it differs from clone to
//! clone.

use crate::ignore::{Patterns, Verdict};
use crate::index::{Index, Mode};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// One thing in a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path relative to the context, with a `/` behind that of a folder.
    pub(crate) name: Vec<u8>,
    /// What it is.
    pub sort: Sort,
    /// The id under which git has what is in it, when git put it there and nobody touched it since.
    pub(crate) blob: Option<Blob>,
}

/// Git's id of a content. A repository has either short ones, with zeros behind them here, or long ones.
pub(crate) type Blob = [u8; 32];

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A folder, empty or not.
    Folder,
    /// A plain file.
    File {
        /// Its owner may execute it.
        executable: bool,
    },
    /// A symbolic link, which is never followed out of the context.
    Link {
        /// What it says.
        target: PathBuf,
    },
}

/// Everything that is in a context.
#[derive(Clone, Debug)]
pub struct Listing {
    root: PathBuf,
    entries: Vec<Entry>,
}

impl Entry {
    /// Its path relative to the context.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.name.strip_suffix(b"/").unwrap_or(&self.name)))
    }

    fn of(path: &[u8], sort: Sort) -> Entry {
        let mut name = path.to_vec();
        if sort == Sort::Folder {
            name.push(b'/');
        }
        Entry { name, sort, blob: None }
    }
}

impl Listing {
    /// What is in a folder now, links not followed.
    pub fn of_folder(root: &Path, patterns: &Patterns) -> io::Result<Listing> {
        let mut sieve = Sieve::new(patterns);
        let mut open = vec![Vec::new()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(root.join(OsStr::from_bytes(&folder)))? {
                let entry = entry?;
                let mut path = folder.clone();
                path.extend(entry.file_name().into_vec());
                open.extend(sieve.found(root, path, &entry.metadata()?)?);
            }
        }
        Ok(sieve.listing(root))
    }

    /// Those of some files that are there, by their paths relative to `root`, and the folders that hold them.
    pub fn of_files(root: &Path, files: &[PathBuf], patterns: &Patterns) -> io::Result<Listing> {
        let mut sieve = Sieve::new(patterns);
        for file in files {
            let metadata = fs::symlink_metadata(root.join(file))?;
            sieve.above(file.as_os_str().as_bytes());
            sieve.found(root, file.as_os_str().as_bytes().to_vec(), &metadata)?;
        }
        Ok(sieve.listing(root))
    }

    /// What git has just checked out at `work_tree` and nobody touched since, by git's own index: no file is looked at.
    /// `root` is the work tree or a folder in it. None where the index alone does not tell.
    pub fn of_checkout(work_tree: &Path, root: &Path, patterns: &Patterns) -> io::Result<Option<Listing>> {
        let Ok(within) = root.strip_prefix(work_tree) else { return Ok(None) };
        let Some(index) = Index::read(work_tree)? else { return Ok(None) };
        let mut within = within.as_os_str().as_bytes().to_vec();
        if !within.is_empty() {
            within.push(b'/');
        }
        let mut sieve = Sieve::new(patterns);
        sieve.kept.reserve(index.items().len());
        let trusted = index.is_as_stored(work_tree)?;
        for item in index.items() {
            let Some(path) = item.path.strip_prefix(within.as_slice()) else { continue };
            sieve.above(path);
            let sort = match item.mode {
                Mode::Module => Sort::Folder,
                Mode::File => Sort::File { executable: false },
                Mode::Program => Sort::File { executable: true },
                Mode::Link => Sort::Link { target: fs::read_link(root.join(OsStr::from_bytes(path)))? },
            };
            let blob = (trusted && matches!(sort, Sort::File { .. })).then(|| blob(item.id));
            sieve.take(path, Entry { blob, ..Entry::of(path, sort) });
        }
        Ok(Some(sieve.listing(root)))
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All entries, in the order that the key takes them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The place of what has this path.
    pub(crate) fn find(&self, path: &[u8]) -> Option<usize> {
        let at = |name: &[u8]| self.entries.binary_search_by(|entry| entry.name.as_slice().cmp(name)).ok();
        at(path).or_else(|| at(&[path, b"/"].concat()))
    }

    /// The places of all that is below a folder; of the whole context for an empty path.
    pub(crate) fn below(&self, folder: &[u8]) -> std::ops::Range<usize> {
        if folder.is_empty() {
            return 0..self.entries.len();
        }
        let prefix = [folder, b"/"].concat();
        let start = self.entries.partition_point(|entry| entry.name.as_slice() <= prefix.as_slice());
        let within = self.entries[start..].partition_point(|entry| entry.name.starts_with(&prefix));
        start..start + within
    }
}

fn blob(id: &[u8]) -> Blob {
    let mut blob = Blob::default();
    blob[..id.len()].copy_from_slice(id);
    blob
}

/// Takes what is found in any order and keeps what the patterns leave.
struct Sieve<'p> {
    patterns: &'p Patterns,
    /// What was said of each folder, by its path; the context itself is the empty one.
    folders: HashMap<Vec<u8>, Rc<Verdict>>,
    /// The folder that was asked for last: the next file mostly lies in it as well.
    last: (Vec<u8>, Rc<Verdict>),
    kept: Vec<Entry>,
}

impl<'p> Sieve<'p> {
    fn new(patterns: &'p Patterns) -> Sieve<'p> {
        let nothing = Rc::new(patterns.nothing_yet());
        let folders = HashMap::from([(Vec::new(), Rc::clone(&nothing))]);
        Sieve { patterns, folders, last: (Vec::new(), nothing), kept: Vec::new() }
    }

    /// One thing on disk; a folder that has to be looked into is given back, with a `/` behind it.
    fn found(&mut self, root: &Path, path: Vec<u8>, metadata: &fs::Metadata) -> io::Result<Option<Vec<u8>>> {
        if metadata.is_dir() {
            let look = self.folder(&path);
            return Ok(look.then(|| [&path, b"/".as_slice()].concat()));
        }
        let sort = if metadata.is_symlink() {
            Sort::Link { target: fs::read_link(root.join(OsStr::from_bytes(&path)))? }
        } else if metadata.is_file() {
            Sort::File { executable: metadata.permissions().mode() & 0o100 != 0 }
        } else {
            return Ok(None);
        };
        self.take(&path, Entry::of(&path, sort));
        Ok(None)
    }

    /// Says whether it has to be looked into.
    fn folder(&mut self, path: &[u8]) -> bool {
        if path == b".git" {
            return false;
        }
        let above = self.verdict_above(path);
        let verdict = self.patterns.of_folder(&above, path);
        let out = verdict.is_out();
        self.folders.insert(path.to_vec(), Rc::new(verdict));
        if !out {
            self.keep(&above, path, Entry::of(path, Sort::Folder));
        }
        !out || self.patterns.may_take_back()
    }

    /// The folders that a path lies in, each once.
    fn above(&mut self, path: &[u8]) {
        let Some(end) = path.iter().rposition(|byte| *byte == b'/') else { return };
        if self.last.0 == path[..end] {
            return;
        }
        for at in path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at) {
            if !self.folders.contains_key(&path[..at]) {
                self.folder(&path[..at]);
            }
        }
    }

    fn take(&mut self, path: &[u8], entry: Entry) {
        if path == b".git" || path.starts_with(b".git/") {
            return;
        }
        if entry.sort == Sort::Folder {
            self.folder(path);
            return;
        }
        let above = self.verdict_above(path);
        if !self.patterns.leaves_out_file(&above, path) {
            self.keep(&above, path, entry);
        }
    }

    /// A folder that is left out is there nevertheless when something in it was taken back.
    fn keep(&mut self, above: &Verdict, path: &[u8], entry: Entry) {
        if above.is_out() {
            let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            self.kept.extend(ends.map(|(end, _)| Entry::of(&path[..end], Sort::Folder)));
        }
        self.kept.push(entry);
    }

    fn verdict_above(&mut self, path: &[u8]) -> Rc<Verdict> {
        let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        if self.last.0 != path[..end] {
            let verdict = self.folders.get(&path[..end]).or_else(|| self.folders.get(b"".as_slice()));
            self.last = (path[..end].to_vec(), Rc::clone(verdict.expect("the context has a verdict")));
        }
        Rc::clone(&self.last.1)
    }

    fn listing(mut self, root: &Path) -> Listing {
        self.kept.sort_by(|a, b| a.name.cmp(&b.name));
        self.kept.dedup_by(|a, b| a.name == b.name);
        Listing { root: root.to_owned(), entries: self.kept }
    }
}

#[cfg(test)]
mod tests;
