//! One layer: what of it says which packages there are, and what of lower layers it hides. Its content passes by once.

use crate::bounds::Left;
use crate::evidence::{Evidence, Reader};
use crate::tape::{Entry, Sort, Tape};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};

const GONE: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
/// Other files of this beginning are the file system's own.
const OWN: &str = ".wh..wh.";
/// No program that carries a list of its parts is smaller.
const SMALLEST_PROGRAM: u64 = 4096;

/// What a layer says.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
    pub(crate) evidence: BTreeMap<String, Evidence>,
    pub(crate) remarks: Vec<(Option<String>, String)>,
    hides: Hides,
}

/// What of lower layers is no longer seen. Paths that merely exist are kept as hashes: a layer may have a million.
#[derive(Debug, Default)]
struct Hides {
    gone: BTreeSet<String>,
    opaque: BTreeSet<String>,
    files: HashSet<u64>,
    folders: HashSet<u64>,
}

impl Findings {
    /// Reads a layer's tar to its end.
    pub(crate) fn read(from: impl Read, left: &mut Left) -> io::Result<Findings> {
        let mut findings = Findings::default();
        let mut tape = Tape::new(from);
        while let Some(entry) = tape.next()? {
            left.entry(entry.size)?;
            findings.entry(entry, &mut tape, left)?;
        }
        Ok(findings)
    }

    fn entry(&mut self, entry: Entry, content: &mut impl Read, left: &mut Left) -> io::Result<()> {
        if self.hides.whiteout(&entry.path) {
            return Ok(());
        }
        if entry.sort == Sort::Folder {
            self.hides.folders.insert(hash(&entry.path));
            return Ok(());
        }
        self.files += 1;
        self.bytes = self.bytes.saturating_add(entry.size);
        self.hides.files.insert(hash(&entry.path));
        match &entry.sort {
            Sort::File => self.file(&entry, content, left),
            Sort::Hard(target) => {
                self.hard_link(&entry.path, target);
                Ok(())
            }
            Sort::Symbolic(target) => {
                if Reader::of(&entry.path).is_some_and(Reader::is_database) {
                    self.remark(&entry.path, format!("it is a link to {target:?}, which is not followed"));
                }
                Ok(())
            }
            Sort::Folder | Sort::Other => Ok(()),
        }
    }

    fn file(&mut self, entry: &Entry, content: &mut impl Read, left: &mut Left) -> io::Result<()> {
        let mut start = [0; 4];
        let (reader, have) = match Reader::of(&entry.path) {
            Some(reader) => (reader, 0),
            None if entry.size < SMALLEST_PROGRAM => return Ok(()),
            None => {
                content.read_exact(&mut start)?;
                if &start != b"\x7fELF" {
                    return Ok(());
                }
                (Reader::Program, start.len())
            }
        };
        let reading = reader.read(&entry.path, entry.size, &mut (&start[..have]).chain(content), left)?;
        for remark in reading.remarks {
            self.remark(&entry.path, remark);
        }
        match reading.evidence {
            Some(evidence) => self.evidence.insert(entry.path.clone(), evidence),
            // The same path twice in a tar: the last one is what a container sees.
            None => self.evidence.remove(&entry.path),
        };
        Ok(())
    }

    fn hard_link(&mut self, path: &str, target: &str) {
        if let Some(evidence) = self.evidence.get(target).cloned() {
            self.evidence.insert(path.to_owned(), evidence);
        }
    }

    fn remark(&mut self, path: &str, text: String) {
        self.remarks.push((Some(path.to_owned()), text));
    }

    /// Whether a file of a lower layer is no longer seen above this one.
    pub(crate) fn hides(&self, path: &str) -> bool {
        self.hides.hides(path)
    }
}

impl Hides {
    /// Whether the path says what is gone, rather than being a file.
    fn whiteout(&mut self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == OPAQUE {
            self.opaque.insert(folder.to_owned());
        } else if let Some(gone) = name.strip_prefix(GONE).filter(|_| !name.starts_with(OWN)) {
            self.gone.insert(if folder.is_empty() { gone.to_owned() } else { format!("{folder}/{gone}") });
        }
        name.starts_with(GONE)
    }

    fn hides(&self, path: &str) -> bool {
        if self.gone.contains(path) || self.files.contains(&hash(path)) || self.folders.contains(&hash(path)) {
            return true;
        }
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        let mut above = std::iter::once("").chain(above);
        above.any(|folder| {
            self.gone.contains(folder) || self.opaque.contains(folder) || self.files.contains(&hash(folder))
        })
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
