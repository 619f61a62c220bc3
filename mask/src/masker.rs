//! A stream that goes through piece by piece, wherever it is cut.

use crate::{Finder, MASK};

/// One stream. What could be the beginning of a secret is held back until more is there, or the stream ends.
#[derive(Debug, Default)]
pub struct Masker {
    held: Vec<u8>,
    /// So many bytes of what is held belong to an occurrence that was told already.
    covered: usize,
}

impl Masker {
    /// Takes the next piece; gives what is ready, masked.
    pub fn push(&mut self, finder: &Finder, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let ready = finder.unfinished(&self.held);
        self.let_go(finder, ready)
    }

    /// The stream is over: gives what was held back.
    pub fn end(&mut self, finder: &Finder) -> Vec<u8> {
        self.let_go(finder, self.held.len())
    }

    /// Occurrences that overlap become one mask.
    fn let_go(&mut self, finder: &Finder, ready: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(ready);
        let (mut told, mut from) = (self.covered, 0);
        while let Some((begin, end)) = finder.next(&self.held, from) {
            if begin >= ready {
                break;
            }
            if begin >= told {
                out.extend_from_slice(&self.held[told..begin]);
                out.extend_from_slice(MASK.as_bytes());
            }
            told = told.max(end);
            from = begin + 1;
        }
        if told < ready {
            out.extend_from_slice(&self.held[told..ready]);
        }
        self.covered = told.saturating_sub(ready);
        self.held.drain(..ready);
        out
    }
}

impl Finder {
    /// A whole text, masked.
    pub fn masked(&self, text: &str) -> String {
        String::from_utf8_lossy(&Masker::default().end_of(self, text.as_bytes())).into_owned()
    }
}

impl Masker {
    /// What remains of the stream, this piece being its last.
    pub fn end_of(&mut self, finder: &Finder, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        self.end(finder)
    }
}
