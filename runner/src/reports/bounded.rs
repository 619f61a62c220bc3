//! A file that is read only so far, only for so long, and only while somebody wants to know.

use std::fs::File;
use std::io::{self, Read};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Reads a file within bounds. What is beyond them is an error that says so.
#[derive(Debug)]
pub(super) struct Bounded<'a> {
    file: File,
    left: u64,
    taken: u64,
    until: Instant,
    give_up: &'a CancellationToken,
}

impl<'a> Bounded<'a> {
    pub(super) fn new(file: File, most: u64, until: Instant, give_up: &'a CancellationToken) -> Bounded<'a> {
        Bounded { file, left: most, taken: 0, until, give_up }
    }

    /// Bytes that were read.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.give_up.is_cancelled() {
            return Err(io::Error::other("the attempt was given up while it was read"));
        }
        if Instant::now() >= self.until {
            return Err(io::Error::other("there was no time to read it to its end"));
        }
        let read = self.file.read(buffer)?;
        self.taken += read as u64;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other("it is more than may be read of a job's reports")),
        }
        Ok(read)
    }
}
