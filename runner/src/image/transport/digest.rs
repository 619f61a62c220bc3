//! Bytes as they pass by, counted and hashed as images are.

use aws_lc_rs::digest::{Context, SHA256};
use std::io::{self, Read};

/// A reader that knows what it has given.
pub(super) struct Hashed<R> {
    from: R,
    hash: Context,
    bytes: u64,
}

impl<R: Read> Hashed<R> {
    pub(super) fn new(from: R) -> Hashed<R> {
        Hashed { from, hash: Context::new(&SHA256), bytes: 0 }
    }

    /// `sha256:…` of what was read, and how much that was.
    pub(super) fn end(self) -> (String, u64) {
        let digest = self.hash.finish();
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        (format!("sha256:{hex}"), self.bytes)
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(into)?;
        self.hash.update(&into[..length]);
        self.bytes += length as u64;
        Ok(length)
    }
}
