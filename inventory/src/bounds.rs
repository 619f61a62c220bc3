//! How much of an image is read before it is refused, so that no image can fill memory, disk or an afternoon.

use std::io;

/// What an inventory may take; past it the image is refused.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Entries of all layers together.
    pub entries: u64,
    /// Bytes of all layers together, unpacked; what is inside of archives of Java counts too.
    pub bytes: u64,
    /// Packages of all layers together.
    pub packages: usize,
    /// Remarks; the ones past it are counted, not kept.
    pub remarks: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { entries: 4_000_000, bytes: 128 << 30, packages: 500_000, remarks: 200 }
    }
}

/// What is left of the bounds.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) bounds: Bounds,
}

impl Left {
    pub(crate) fn new(bounds: Bounds) -> Left {
        Left { bounds }
    }

    pub(crate) fn entry(&mut self, bytes: u64) -> io::Result<()> {
        self.bounds.entries = self.bounds.entries.checked_sub(1).ok_or_else(|| beyond("files"))?;
        self.bytes(bytes)
    }

    pub(crate) fn bytes(&mut self, bytes: u64) -> io::Result<()> {
        self.bounds.bytes = self.bounds.bytes.checked_sub(bytes).ok_or_else(|| beyond("bytes"))?;
        Ok(())
    }

    pub(crate) fn packages(&mut self, packages: usize) -> io::Result<()> {
        self.bounds.packages = self.bounds.packages.checked_sub(packages).ok_or_else(|| beyond("packages"))?;
        Ok(())
    }
}

fn beyond(what: &str) -> io::Error {
    io::Error::other(format!("it holds more {what} than an inventory reads"))
}

/// A file that is not what it says it is.
pub(crate) fn broken(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}
