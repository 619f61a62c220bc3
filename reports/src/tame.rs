//! Bounds what the XML reader has to hold at once, before it sees it.
//!
//! It takes in a tag, a text or a reference whole, however long. So long texts are cut into pieces here, long values
//! of attributes lose their end, comments, instructions and document types go, and an `&` or `<` that begins nothing
//! stands for itself. A well-formed file says the same afterwards, less what was too long.

use crate::utf8::Utf8;
use std::io::{self, BufRead, Read};

/// Bytes of a text in one piece.
const PIECE: usize = 16 * 1024;
/// Bytes kept of the value of an attribute.
const VALUE: usize = 8 * 1024;
/// Bytes of a tag, what is kept of its values included.
const TAG: usize = 64 * 1024;
/// Bytes of a document type's declaration.
const DOCTYPE: usize = 64 * 1024;
/// Bytes of the name of a reference: `#x10FFFF` is the longest that means anything.
const REFERENCE: usize = 10;
/// Brackets in a row in a text.
const BRACKETS: usize = 1024;
const CDATA: &str = "![CDATA[";
const COMMENT: &str = "!--";
const TYPE: &str = "!DOCTYPE";

/// Where in a file the next character stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Text {
        piece: usize,
    },
    /// Behind `<`, with what came since.
    Open(String),
    Tag {
        bytes: usize,
        quote: Option<(char, usize)>,
    },
    Cdata {
        piece: usize,
        brackets: usize,
    },
    Comment {
        dashes: usize,
    },
    Instruction {
        question: bool,
    },
    DocumentType {
        bytes: usize,
        depth: usize,
        quote: Option<char>,
    },
}

/// A file that is safe to read.
#[derive(Debug)]
pub(crate) struct Tame<R> {
    input: Utf8<R>,
    piece: String,
    state: State,
    /// An `&` and what came since, in a text or value.
    reference: Option<String>,
    out: Vec<u8>,
    read: usize,
    document_type: bool,
}

impl<R: Read> Tame<R> {
    pub(crate) fn new(input: R) -> Tame<R> {
        Tame {
            input: Utf8::new(input),
            piece: String::new(),
            state: State::Text { piece: 0 },
            reference: None,
            out: Vec::new(),
            read: 0,
            document_type: false,
        }
    }

    /// The encoding that the file names and nobody here knows.
    pub(crate) fn unknown_encoding(&self) -> Option<&str> {
        self.input.unknown()
    }

    /// Whether the file has a document type, which counts for nothing.
    pub(crate) fn has_document_type(&self) -> bool {
        self.document_type
    }

    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn put_char(&mut self, char: char) {
        self.put(char.encode_utf8(&mut [0; 4]));
    }

    fn take(&mut self, char: char) -> io::Result<()> {
        if self.in_reference(char) {
            return Ok(());
        }
        let state = std::mem::replace(&mut self.state, State::Text { piece: 0 });
        self.state = match state {
            State::Text { piece } => self.text(char, piece),
            State::Open(begun) => self.opened(begun, char)?,
            State::Tag { bytes, quote } => self.tag(char, bytes, quote)?,
            State::Cdata { piece, brackets } => self.cdata(char, piece, brackets),
            State::Comment { dashes: 2.. } if char == '>' => State::Text { piece: 0 },
            State::Comment { dashes } => State::Comment { dashes: if char == '-' { dashes + 1 } else { 0 } },
            State::Instruction { question: true } if char == '>' => State::Text { piece: 0 },
            State::Instruction { .. } => State::Instruction { question: char == '?' },
            State::DocumentType { bytes, depth, quote } => document_type(char, bytes, depth, quote)?,
        };
        Ok(())
    }

    /// Holds a reference back until it is whole; one that is none is written so that it stands for itself.
    fn in_reference(&mut self, char: char) -> bool {
        let Some(mut name) = self.reference.take() else { return false };
        match char {
            ';' if !name.is_empty() => self.put(&format!("&{name};")),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '#' if name.len() < REFERENCE => {
                name.push(char);
                self.reference = Some(name);
            }
            _ => {
                self.put(&format!("&amp;{name}"));
                return false;
            }
        }
        true
    }

    fn text(&mut self, char: char, piece: usize) -> State {
        match char {
            '<' => return State::Open(String::new()),
            '&' => self.reference = Some(String::new()),
            _ => self.put_char(char),
        }
        if piece < PIECE {
            return State::Text { piece: piece + char.len_utf8() };
        }
        if self.reference.is_none() {
            // An instruction to nobody, which ends the piece and means nothing.
            self.put("<?p?>");
            return State::Text { piece: 0 };
        }
        State::Text { piece }
    }

    fn opened(&mut self, mut begun: String, char: char) -> io::Result<State> {
        if begun.is_empty() && !(char == '/' || char == '!' || char == '?' || char.is_alphabetic() || char == '_') {
            self.put("&lt;");
            return Ok(self.text(char, 0));
        }
        if begun.is_empty() && char == '?' {
            return Ok(State::Instruction { question: false });
        }
        begun.push(char);
        match begun.as_str() {
            CDATA => {
                self.put("<");
                self.put(CDATA);
                Ok(State::Cdata { piece: 0, brackets: 0 })
            }
            COMMENT => Ok(State::Comment { dashes: 0 }),
            TYPE => {
                self.document_type = true;
                Ok(State::DocumentType { bytes: 0, depth: 1, quote: None })
            }
            begun if [CDATA, COMMENT, TYPE].iter().any(|markup| markup.starts_with(begun)) => {
                Ok(State::Open(begun.to_owned()))
            }
            begun if begun.starts_with('!') => Err(bad("there is markup in it that XML does not have")),
            _ => {
                self.put("<");
                self.tag(char, 1, None)
            }
        }
    }

    fn tag(&mut self, char: char, bytes: usize, quote: Option<(char, usize)>) -> io::Result<State> {
        if bytes > TAG {
            return Err(bad(format!("a tag in it is longer than {TAG} bytes")));
        }
        let len = char.len_utf8();
        Ok(match (quote, char) {
            (None, '>') => {
                self.put_char(char);
                State::Text { piece: 0 }
            }
            (None, '"' | '\'') => {
                self.put_char(char);
                State::Tag { bytes: bytes + len, quote: Some((char, 0)) }
            }
            (None, _) => {
                self.put_char(char);
                State::Tag { bytes: bytes + len, quote }
            }
            (Some((open, _)), _) if open == char => {
                self.put_char(char);
                State::Tag { bytes: bytes + len, quote: None }
            }
            (Some((open, kept)), _) if kept >= VALUE => State::Tag { bytes, quote: Some((open, kept)) },
            (Some((open, kept)), '&') => {
                self.reference = Some(String::new());
                State::Tag { bytes: bytes + REFERENCE, quote: Some((open, kept + REFERENCE)) }
            }
            (Some((open, kept)), _) => {
                self.put_char(char);
                State::Tag { bytes: bytes + len, quote: Some((open, kept + len)) }
            }
        })
    }

    fn cdata(&mut self, char: char, piece: usize, brackets: usize) -> State {
        // A piece cannot end among brackets, so there are only so many of them.
        if char != ']' || brackets < BRACKETS {
            self.put_char(char);
        }
        match char {
            '>' if brackets >= 2 => State::Text { piece: 0 },
            ']' => State::Cdata { piece: piece + 1, brackets: brackets + 1 },
            _ if piece >= PIECE => {
                self.put("]]><![CDATA[");
                State::Cdata { piece: 0, brackets: 0 }
            }
            _ => State::Cdata { piece: piece + char.len_utf8(), brackets: 0 },
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.read >= self.out.len() {
            self.out.clear();
            self.read = 0;
            self.piece.clear();
            let mut piece = std::mem::take(&mut self.piece);
            let more = self.input.next(&mut piece)?;
            piece.chars().try_for_each(|char| self.take(char))?;
            self.piece = piece;
            if !more {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn document_type(char: char, bytes: usize, depth: usize, quote: Option<char>) -> io::Result<State> {
    if bytes > DOCTYPE {
        return Err(bad(format!("its document type is longer than {DOCTYPE} bytes")));
    }
    let bytes = bytes + char.len_utf8();
    Ok(match (quote, char) {
        (Some(open), _) => State::DocumentType { bytes, depth, quote: (open != char).then_some(open) },
        (None, '"' | '\'') => State::DocumentType { bytes, depth, quote: Some(char) },
        (None, '<') => State::DocumentType { bytes, depth: depth + 1, quote },
        (None, '>') if depth == 1 => State::Text { piece: 0 },
        (None, '>') => State::DocumentType { bytes, depth: depth - 1, quote },
        (None, _) => State::DocumentType { bytes, depth, quote },
    })
}

fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

impl<R: Read> Read for Tame<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let many = from.len().min(buffer.len());
        buffer[..many].copy_from_slice(&from[..many]);
        self.consume(many);
        Ok(many)
    }
}

impl<R: Read> BufRead for Tame<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        Ok(&self.out[self.read..])
    }

    fn consume(&mut self, amount: usize) {
        self.read = (self.read + amount).min(self.out.len());
    }
}
