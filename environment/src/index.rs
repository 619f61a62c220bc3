//! Git's index of a work tree, as far as it tells what a checkout put there: versions 2 and 3, which git writes unless
//! told otherwise. Of anything else there is nothing to be told, and the files are looked at instead.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Before the id of an entry: times, device, inode, mode, owner, size.
const BEFORE_ID: usize = 40;
const MODE_AT: usize = 24;
/// The entry has two more bytes of flags.
const EXTENDED: u16 = 0x4000;
/// The entry is one side of a conflict.
const STAGE: u16 = 0x3000;
/// The length of the path, or this where it is longer.
const LENGTH: u16 = 0x0fff;
/// Words of an attribute that may make a file on disk another than the one that git stores.
const CONVERTING: [&str; 5] = ["eol=crlf", "ident", "filter", "encoding", "[attr]"];

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    File,
    Program,
    Link,
    /// Another repository, of which a checkout leaves an empty folder.
    Module,
}

/// One path.
#[derive(Debug)]
pub(crate) struct Item<'i> {
    pub(crate) path: &'i [u8],
    pub(crate) mode: Mode,
    pub(crate) id: &'i [u8],
}

/// An index that was read whole and understood.
#[derive(Debug)]
pub(crate) struct Index {
    bytes: Vec<u8>,
    /// Where each entry begins, where its path does and where that ends.
    places: Vec<(usize, usize, usize)>,
    id_length: usize,
}

impl Index {
    /// That of a work tree; none where there is none that can be relied on.
    pub(crate) fn read(work_tree: &Path) -> io::Result<Option<Index>> {
        let git = work_tree.join(".git");
        let bytes = match fs::read(git.join("index")) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(error),
        };
        let settings = fs::read_to_string(git.join("config"))?.to_ascii_lowercase();
        let id_length = if settings.contains("objectformat") { 32 } else { 20 };
        Ok(places(&bytes, id_length).map(|places| Index { bytes, places, id_length }))
    }

    pub(crate) fn items(&self) -> impl ExactSizeIterator<Item = Item<'_>> {
        self.places.iter().map(|(at, path, end)| Item {
            path: &self.bytes[*path..*end],
            mode: mode(&self.bytes, *at).expect("only entries of a known mode are kept"),
            id: &self.bytes[at + BEFORE_ID..at + BEFORE_ID + self.id_length],
        })
    }

    /// Whether git wrote every file as it stores it: no attribute asks for another end of line, encoding or filter.
    pub(crate) fn is_as_stored(&self, work_tree: &Path) -> io::Result<bool> {
        let attributes =
            self.items().filter(|item| item.path == b".gitattributes" || item.path.ends_with(b"/.gitattributes"));
        for item in attributes {
            use std::os::unix::ffi::OsStrExt;
            let text = fs::read(work_tree.join(std::ffi::OsStr::from_bytes(item.path)))?;
            let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
            if CONVERTING.iter().any(|word| text.contains(word)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// None where anything is not as expected.
fn places(bytes: &[u8], id_length: usize) -> Option<Vec<(usize, usize, usize)>> {
    if !bytes.starts_with(b"DIRC") || !matches!(number(bytes, 4)?, 2 | 3) {
        return None;
    }
    let count = number(bytes, 8)?;
    // What the index says of itself may be wrong; no entry is shorter than what stands before its id.
    let mut places = Vec::with_capacity((count as usize).min(bytes.len() / BEFORE_ID));
    let mut at = 12;
    for _ in 0..count {
        let flags_at = at + BEFORE_ID + id_length;
        let flags = u16::from_be_bytes(bytes.get(flags_at..flags_at + 2)?.try_into().ok()?);
        let path = flags_at + if flags & EXTENDED == 0 { 2 } else { 4 };
        let end = match flags & LENGTH {
            LENGTH => path + bytes.get(path..)?.iter().position(|byte| *byte == 0)?,
            length => path + usize::from(length),
        };
        if bytes.get(end) != Some(&0) {
            return None;
        }
        mode(bytes, at)?;
        // A conflict, or paths that a checkout may have left out.
        if flags & (STAGE | EXTENDED) != 0 || path == end {
            return None;
        }
        places.push((at, path, end));
        at += (end - at + 8) / 8 * 8;
    }
    extensions_tell_no_more(bytes.get(at..bytes.len().checked_sub(id_length)?)?).then_some(places)
}

/// No other file belongs to the index, and no folder stands for what is in it: names of what must be understood begin
/// with a small letter.
fn extensions_tell_no_more(mut rest: &[u8]) -> bool {
    while let (Some(name), Some(length)) = (rest.first(), number(rest, 4)) {
        if !name.is_ascii_uppercase() {
            return false;
        }
        rest = rest.get(8 + length as usize..).unwrap_or_default();
    }
    true
}

fn mode(bytes: &[u8], at: usize) -> Option<Mode> {
    match number(bytes, at + MODE_AT)? {
        0o100_644 => Some(Mode::File),
        0o100_755 => Some(Mode::Program),
        0o120_000 => Some(Mode::Link),
        0o160_000 => Some(Mode::Module),
        _ => None,
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
