//! A program of the ELF form: its sections by name, and its memory by address. Nothing of it is trusted.

use super::at;
use crate::bounds::broken;
use std::io;
use tempfile::SpooledTempFile;

/// The largest section that is taken out.
const MOST_SECTION: usize = 16 << 20;
const MOST_HEADERS: usize = 4 << 20;
const LOAD: u32 = 1;
const WRITABLE: u32 = 2;

/// The words of a program's own size and order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) wide: bool,
    pub(super) big_endian: bool,
}

#[derive(Debug)]
pub(super) struct Program<'f> {
    file: &'f mut SpooledTempFile,
    words: Words,
    sections: Vec<Part>,
    segments: Vec<Part>,
}

/// A section or a segment.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    address: u64,
    offset: u64,
    size: u64,
    is_data: bool,
}

impl Words {
    /// The number of `size` bytes at `at`; none past the end.
    fn number(self, bytes: &[u8], at: usize, size: usize) -> Option<u64> {
        let field = bytes.get(at..at.checked_add(size)?)?;
        let push = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(if self.big_endian { field.iter().fold(0, push) } else { field.iter().rev().fold(0, push) })
    }

    /// An address.
    pub(super) fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        self.number(bytes, at, self.size())
    }

    pub(super) fn size(self) -> usize {
        if self.wide { 8 } else { 4 }
    }
}

impl<'f> Program<'f> {
    /// None where it is no program of this form.
    pub(super) fn open(file: &'f mut SpooledTempFile) -> io::Result<Option<Program<'f>>> {
        let header = at(file, 0, 52, 52)?;
        if !header.starts_with(b"\x7fELF") {
            return Ok(None);
        }
        let words = Words { wide: header[4] == 2, big_endian: header[5] == 2 };
        let header = if words.wide { at(file, 0, 64, 64)? } else { header };
        let mut program = Program { file, words, sections: Vec::new(), segments: Vec::new() };
        program.segments(&header)?;
        program.sections(&header)?;
        Ok(Some(program))
    }

    fn segments(&mut self, header: &[u8]) -> io::Result<()> {
        let (offset, size, count) = if self.words.wide { (32, 54, 56) } else { (28, 42, 44) };
        let words = self.words;
        for entry in self.table(header, offset, size, count)? {
            let fields = |wide: usize, narrow: usize| words.word(&entry, if words.wide { wide } else { narrow });
            let flags = words.number(&entry, if words.wide { 4 } else { 24 }, 4).unwrap_or(0);
            let kind = words.number(&entry, 0, 4).unwrap_or(0);
            let (Some(offset), Some(address), Some(size)) = (fields(8, 4), fields(16, 8), fields(32, 16)) else {
                break;
            };
            if kind == u64::from(LOAD) {
                let is_data = flags & u64::from(WRITABLE) != 0;
                self.segments.push(Part { name: String::new(), address, offset, size, is_data });
            }
        }
        Ok(())
    }

    fn sections(&mut self, header: &[u8]) -> io::Result<()> {
        let (offset, size, count) = if self.words.wide { (40, 58, 60) } else { (32, 46, 48) };
        let words = self.words;
        let mut parts = Vec::new();
        for entry in self.table(header, offset, size, count)? {
            let fields = |wide: usize, narrow: usize| words.word(&entry, if words.wide { wide } else { narrow });
            let name = words.number(&entry, 0, 4).unwrap_or(0);
            let (Some(address), Some(offset), Some(size)) = (fields(16, 12), fields(24, 16), fields(32, 20)) else {
                break;
            };
            parts.push((name, Part { name: String::new(), address, offset, size, is_data: false }));
        }
        let index = words.number(header, count + 2, 2).and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
        let Some((_, names)) = parts.get(index).cloned() else { return Ok(()) };
        let names = self.bytes(&names)?;
        self.sections = parts.into_iter().map(|(name, part)| Part { name: named(&names, name), ..part }).collect();
        Ok(())
    }

    /// The entries of a table of headers.
    fn table(&mut self, header: &[u8], offset: usize, size: usize, count: usize) -> io::Result<Vec<Vec<u8>>> {
        let number = |at: usize| self.words.number(header, at, 2).and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
        let (size, count) = (number(size), number(count));
        let start = self.words.word(header, offset).unwrap_or(0);
        if start == 0 || size == 0 || count == 0 {
            return Ok(Vec::new());
        }
        let table = at(self.file, start, size * count, MOST_HEADERS)?;
        Ok(table.chunks_exact(size).map(<[u8]>::to_vec).collect())
    }

    fn bytes(&mut self, part: &Part) -> io::Result<Vec<u8>> {
        let size = usize::try_from(part.size).map_err(|_| broken("a section has no sensible size"))?;
        at(self.file, part.offset, size, MOST_SECTION)
    }

    /// The section of that name.
    pub(super) fn section(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let part = self.sections.iter().find(|part| part.name == name).cloned();
        part.map(|part| self.bytes(&part)).transpose()
    }

    /// The first bytes of the data that the program may change.
    pub(super) fn data(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(part) = self.segments.iter().find(|part| part.is_data).cloned() else { return Ok(None) };
        self.bytes(&Part { size: part.size.min(most as u64), ..part }).map(Some)
    }

    /// What is at an address when the program runs.
    pub(super) fn memory(&mut self, address: u64, length: u64) -> io::Result<Option<Vec<u8>>> {
        let holds = |part: &&Part| address.checked_sub(part.address).is_some_and(|into| into < part.size);
        let Some(part) = self.segments.iter().find(holds).cloned() else { return Ok(None) };
        let into = address - part.address;
        if length > part.size - into {
            return Ok(None);
        }
        let Some(offset) = part.offset.checked_add(into) else { return Ok(None) };
        self.bytes(&Part { offset, size: length, ..part }).map(Some)
    }

    pub(super) fn words(&self) -> Words {
        self.words
    }
}

fn named(names: &[u8], at: u64) -> String {
    let from = usize::try_from(at).ok().and_then(|at| names.get(at..)).unwrap_or_default();
    let end = from.iter().position(|byte| *byte == 0).unwrap_or(from.len());
    String::from_utf8_lossy(&from[..end.min(256)]).into_owned()
}
