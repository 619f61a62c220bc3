//! A file in which secrets are masked before anybody reads it: what is cut short later has no half of one left.

use sidings_mask::{Finder, Masker};
use std::io::{self, Read};

/// Reads ahead a piece at a time.
#[derive(Debug)]
pub(super) struct Masked<'a, R> {
    from: R,
    finder: Option<&'a Finder>,
    masker: Masker,
    ready: Vec<u8>,
    given: usize,
    over: bool,
}

const PIECE: usize = 64 * 1024;

impl<'a, R: Read> Masked<'a, R> {
    /// Without a finder there is nothing to mask.
    pub(super) fn new(from: R, finder: Option<&'a Finder>) -> Masked<'a, R> {
        Masked { from, finder, masker: Masker::default(), ready: Vec::new(), given: 0, over: false }
    }

    fn refill(&mut self, finder: &Finder) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        self.given = 0;
        self.ready.clear();
        while self.ready.is_empty() && !self.over {
            let read = self.from.read(&mut piece)?;
            self.over = read == 0;
            self.ready = if self.over { self.masker.end(finder) } else { self.masker.push(finder, &piece[..read]) };
        }
        Ok(())
    }
}

impl<R: Read> Read for Masked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(finder) = self.finder else { return self.from.read(buffer) };
        if self.given == self.ready.len() {
            self.refill(finder)?;
        }
        let mut left = &self.ready[self.given..];
        let read = left.read(buffer)?;
        self.given += read;
        Ok(read)
    }
}
