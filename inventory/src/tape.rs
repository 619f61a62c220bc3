//! A tar, read entry by entry from a stream. Its own reader, because names and extended headers of a hostile one must
//! not be held whole in memory.

use crate::bounds::broken;
use std::io::{self, Read};

const BLOCK: usize = 512;
/// The longest name or extended header that is kept.
const NAMES: u64 = 1 << 20;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    File,
    Folder,
    /// Another name of a file of this tar.
    Hard(String),
    Symbolic(String),
    /// Devices and pipes.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Without `./` or `/` before it and `/` after it.
    pub(crate) path: String,
    pub(crate) sort: Sort,
    pub(crate) size: u64,
}

/// The tar; between two calls of `next` it reads as the entry's content.
pub(crate) struct Tape<R> {
    from: R,
    /// Bytes of the entry that were not read yet.
    content: u64,
    padding: u64,
}

/// What extended headers say about the entry after them.
#[derive(Default)]
struct Said {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

impl<R: Read> Tape<R> {
    pub(crate) fn new(from: R) -> Tape<R> {
        Tape { from, content: 0, padding: 0 }
    }

    /// The next entry; none at the end, after which nothing of the stream is left unread.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let mut said = Said::default();
        loop {
            self.skip()?;
            let Some(block) = self.block()? else {
                io::copy(&mut self.from, &mut io::sink())?;
                return Ok(None);
            };
            let header = Header(&block);
            header.check()?;
            self.content = header.number(124, 12)?;
            self.padding = padding(self.content);
            match header.0[156] {
                b'L' => said.path = Some(text(&self.small()?)),
                b'K' => said.link = Some(text(&self.small()?)),
                b'x' => extended(&self.small()?, &mut said),
                // Global headers are the archive's, and say nothing of a file's name or size in practice.
                b'g' => {}
                _ => return self.entry(&header, said).map(Some),
            }
        }
    }

    fn entry(&mut self, header: &Header<'_>, said: Said) -> io::Result<Entry> {
        if let Some(size) = said.size {
            self.content = size;
            self.padding = padding(size);
        }
        let link = || said.link.clone().unwrap_or_else(|| text(&header.0[157..257]));
        let path = said.path.clone().unwrap_or_else(|| header.path());
        let sort = match header.0[156] {
            b'0' | 0 | b'7' if path.ends_with('/') => Sort::Folder,
            b'0' | 0 | b'7' => Sort::File,
            b'1' => Sort::Hard(plain(&link())),
            b'2' => Sort::Symbolic(link()),
            b'5' => Sort::Folder,
            b'S' => return Err(broken("it has a sparse file of GNU tar, which no builder writes")),
            _ => Sort::Other,
        };
        if sort != Sort::File && sort != Sort::Other {
            // Some writers give a link the size of the file that it names, without its content.
            self.content = 0;
            self.padding = 0;
        }
        Ok(Entry { path: plain(&path), sort, size: self.content })
    }

    /// An entry's content that belongs to the entry after it.
    fn small(&mut self) -> io::Result<Vec<u8>> {
        if self.content > NAMES {
            return Err(broken("a name in it is longer than a megabyte"));
        }
        let mut content = Vec::new();
        self.read_to_end(&mut content)?;
        Ok(content)
    }

    fn skip(&mut self) -> io::Result<()> {
        let left = std::mem::take(&mut self.content).saturating_add(std::mem::take(&mut self.padding));
        let skipped = io::copy(&mut (&mut self.from).take(left), &mut io::sink())?;
        if skipped < left { Err(broken("it ends in the middle of a file")) } else { Ok(()) }
    }

    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let mut have = 0;
        while have < BLOCK {
            match self.from.read(&mut block[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) => return Err(broken("it ends in the middle of a header")),
                Ok(read) => have += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(block.iter().any(|byte| *byte != 0).then_some(block))
    }
}

impl<R: Read> Read for Tape<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.content).unwrap_or(usize::MAX).min(into.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.from.read(&mut into[..most])?;
        if read == 0 {
            return Err(broken("it ends in the middle of a file"));
        }
        self.content -= read as u64;
        Ok(read)
    }
}

struct Header<'b>(&'b [u8; BLOCK]);

impl Header<'_> {
    /// A header without its sum is no tar: better said than read as files.
    fn check(&self) -> io::Result<()> {
        let summed = |(at, byte): (usize, &u8)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte });
        let sum: u64 = self.0.iter().enumerate().map(summed).sum();
        if self.number(148, 8)? == sum { Ok(()) } else { Err(broken("it is no tar, or a damaged one")) }
    }

    /// Octal, or big-endian where the first bit is set.
    fn number(&self, at: usize, length: usize) -> io::Result<u64> {
        let field = &self.0[at..at + length];
        if field[0] & 0x80 != 0 {
            let bytes = field[length - 8..].try_into().map_err(|_| broken("a number in it is cut"))?;
            return Ok(u64::from_be_bytes(bytes) & (u64::MAX >> 1));
        }
        let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| (b'0'..=b'7').contains(*byte));
        Ok(digits.fold(0u64, |number, digit| (number << 3) | u64::from(digit - b'0')))
    }

    fn path(&self) -> String {
        let name = text(&self.0[..100]);
        let prefix = if &self.0[257..263] == b"ustar\0" { text(&self.0[345..500]) } else { String::new() };
        if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
    }
}

fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

/// Up to the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// One form for each place in the tree.
pub(crate) fn plain(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

/// `LENGTH KEY=VALUE\n`, one after the other.
fn extended(mut records: &[u8], said: &mut Said) {
    while let Some(space) = records.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&records[..space]).ok().and_then(|length| length.parse::<usize>().ok());
        let Some(length) = length.filter(|length| *length > space + 1 && *length <= records.len()) else { return };
        let record = &records[space + 1..length - 1];
        if let Some(equals) = record.iter().position(|byte| *byte == b'=') {
            let value = text(&record[equals + 1..]);
            match &record[..equals] {
                b"path" => said.path = Some(value),
                b"linkpath" => said.link = Some(value),
                b"size" => said.size = value.parse().ok().map(|size: u64| size & (u64::MAX >> 1)),
                _ => {}
            }
        }
        records = &records[length..];
    }
}
