//! The directory of a zip, and one file out of it.

use crate::bounds::broken;
use crate::evidence::at;
use flate2::read::DeflateDecoder;
use std::io::{self, Read, Seek, SeekFrom};

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// The end's own length, and the longest comment after it.
const LONGEST_END: u64 = 22 + 65_535;
const MOST_DIRECTORY: usize = 32 << 20;

#[derive(Debug)]
pub(super) struct Zip {
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    method: u16,
    packed: u64,
    offset: u64,
}

impl Zip {
    pub(super) fn open(file: &mut (impl Read + Seek)) -> io::Result<Zip> {
        let length = file.seek(SeekFrom::End(0))?;
        let tail = length.min(LONGEST_END);
        let end = at(file, length - tail, tail as usize, LONGEST_END as usize)?;
        let start = end.windows(END.len()).rposition(|window| window == END).ok_or_else(|| broken("it is no zip"))?;
        let end = end.get(start..start + 22).ok_or_else(|| broken("its end is cut"))?;
        let (size, offset) = (word(end, 12), word(end, 16));
        if offset == u32::MAX || half(end, 10) == u16::MAX {
            return Err(broken("it is in the form for more than 4 GB, which is not read"));
        }
        // A program may stand before the archive: offsets count from where the archive begins.
        let directory = (length - tail + start as u64)
            .checked_sub(u64::from(size))
            .ok_or_else(|| broken("its directory is cut"))?;
        let before = directory.checked_sub(u64::from(offset)).ok_or_else(|| broken("its directory is cut"))?;
        let directory = at(file, directory, size as usize, MOST_DIRECTORY)?;
        Ok(Zip { parts: parts(&directory, before) })
    }
}

fn parts(mut directory: &[u8], before: u64) -> Vec<Part> {
    let mut parts = Vec::new();
    while directory.len() >= 46 && directory.starts_with(ENTRY) {
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(half(directory, at)));
        let Some(text) = directory.get(46..46 + name) else { break };
        parts.push(Part {
            name: String::from_utf8_lossy(text).into_owned(),
            method: half(directory, 10),
            packed: u64::from(word(directory, 20)),
            offset: before + u64::from(word(directory, 42)),
        });
        directory = directory.get(46 + name + extra + comment..).unwrap_or_default();
    }
    parts
}

/// The content of a file; how long it gets is the reader's to bound.
pub(super) fn content<'f>(file: &'f mut (impl Read + Seek), part: &Part) -> io::Result<Box<dyn Read + 'f>> {
    let local = at(file, part.offset, 30, 30)?;
    if !local.starts_with(LOCAL) {
        return Err(broken(format!("there is nothing where {} should be", part.name)));
    }
    let skipped = u64::from(half(&local, 26)) + u64::from(half(&local, 28));
    file.seek(SeekFrom::Start(part.offset + 30 + skipped))?;
    let packed = file.take(part.packed);
    match part.method {
        0 => Ok(Box::new(packed)),
        8 => Ok(Box::new(DeflateDecoder::new(packed))),
        method => Err(broken(format!("{} is packed in a way that is not read ({method})", part.name))),
    }
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
