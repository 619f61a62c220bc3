//! Bytes of whatever encoding -> UTF-8. What is no character of it becomes U+FFFD; there is no error.

use std::io::{self, Read};

const AT_ONCE: usize = 32 * 1024;
/// The declaration, if there is one, stands within as many bytes.
const HEAD: usize = 256;

/// How bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 {
        big: bool,
    },
    /// ISO 8859-1, and where that has control characters nobody writes, those of Windows.
    Latin1,
}

/// Reads text.
#[derive(Debug)]
pub(crate) struct Utf8<R> {
    input: R,
    raw: Vec<u8>,
    encoding: Option<Encoding>,
    unknown: Option<String>,
    over: bool,
}

impl<R: Read> Utf8<R> {
    pub(crate) fn new(input: R) -> Utf8<R> {
        Utf8 { input, raw: Vec::new(), encoding: None, unknown: None, over: false }
    }

    /// The encoding that the file names and nobody here knows.
    pub(crate) fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// Appends the next piece; false at the end.
    pub(crate) fn next(&mut self, text: &mut String) -> io::Result<bool> {
        if self.over {
            return Ok(false);
        }
        self.fill()?;
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.begin(),
        };
        let taken = match encoding {
            Encoding::Utf8 => self.take_utf8(text),
            Encoding::Utf16 { big } => self.take_utf16(text, big),
            Encoding::Latin1 => {
                text.extend(self.raw.iter().map(|byte| windows(*byte)));
                self.raw.len()
            }
        };
        self.raw.drain(..taken);
        Ok(true)
    }

    fn fill(&mut self) -> io::Result<()> {
        let least = if self.encoding.is_none() { HEAD } else { 1 };
        let mut read = 0;
        while read < least && !self.over {
            let before = self.raw.len();
            self.raw.resize(before + AT_ONCE, 0);
            let got = match self.input.read(&mut self.raw[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
                got => got.map(Some),
            };
            self.raw.truncate(before + got.as_ref().map_or(0, |got| got.unwrap_or(0)));
            if let Some(got) = got? {
                read += got;
                self.over = got == 0;
            }
        }
        Ok(())
    }

    /// By its mark, else by what its first characters look like, else by what it says of itself.
    fn begin(&mut self) -> Encoding {
        let (encoding, mark) = match self.raw.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16 { big: false }, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16 { big: true }, 2),
            [b'<', 0, ..] => (Encoding::Utf16 { big: false }, 0),
            [0, b'<', ..] => (Encoding::Utf16 { big: true }, 0),
            _ => (self.declared(), 0),
        };
        self.raw.drain(..mark);
        self.encoding = Some(encoding);
        encoding
    }

    fn declared(&mut self) -> Encoding {
        let head = String::from_utf8_lossy(&self.raw[..self.raw.len().min(HEAD)]).to_lowercase();
        let declaration = head.trim_start().strip_prefix("<?xml").and_then(|rest| rest.split("?>").next());
        let value = declaration.and_then(|text| text.split("encoding").nth(1));
        let name = value.and_then(|value| value.split(['"', '\'']).nth(1)).unwrap_or("utf-8").trim().to_owned();
        match name.as_str() {
            // A file that says UTF-16 and has single bytes was converted by something that did not tell.
            "utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16" | "utf-16le" | "utf-16be" => Encoding::Utf8,
            "iso-8859-1" | "iso8859-1" | "latin1" | "latin-1" | "windows-1252" | "cp1252" => Encoding::Latin1,
            _ => {
                self.unknown = Some(name);
                Encoding::Utf8
            }
        }
    }

    /// How much was taken: a character may go on in the next piece.
    fn take_utf8(&self, text: &mut String) -> usize {
        let mut taken = 0;
        for chunk in self.raw.utf8_chunks() {
            let (valid, invalid) = (chunk.valid(), chunk.invalid());
            text.push_str(valid);
            taken += valid.len();
            let may_go_on = taken + invalid.len() == self.raw.len() && invalid.len() < 4 && !self.over;
            if invalid.is_empty() || may_go_on {
                break;
            }
            text.push('\u{FFFD}');
            taken += invalid.len();
        }
        taken
    }

    fn take_utf16(&self, text: &mut String, big: bool) -> usize {
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        let mut units: Vec<u16> = self.raw.chunks_exact(2).map(unit).collect();
        // The first half of a pair waits for the second.
        if !self.over && units.last().is_some_and(|last| (0xD800..0xDC00).contains(last)) {
            units.pop();
        }
        text.extend(char::decode_utf16(units.iter().copied()).map(|char| char.unwrap_or('\u{FFFD}')));
        if self.over { self.raw.len() } else { units.len() * 2 }
    }
}

/// Windows' characters where ISO 8859-1 has control characters.
fn windows(byte: u8) -> char {
    const OWN: [char; 32] = [
        '€', '\u{FFFD}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{FFFD}', 'Ž', '\u{FFFD}',
        '\u{FFFD}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{FFFD}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => OWN[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}
