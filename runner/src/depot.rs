//! Where an attempt's files go, and where those of others come from: what a job knows of the controller's store.

use async_trait::async_trait;
use bytes::Bytes;
use sidings_proto::BlobId;
use sidings_proto::cache::{CacheAnswer, CacheWanted};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Opens a file that is to be sent; again, where sending it is tried again.
pub(crate) type Open<'a> = &'a (dyn Fn() -> io::Result<std::fs::File> + Send + Sync);

/// The files of one attempt. Every call says by whom; none counts for an attempt that is no longer current.
#[async_trait]
pub(crate) trait Depot: Send + Sync {
    /// Those of the blobs that are not there.
    async fn missing(&self, blobs: Vec<BlobId>) -> anyhow::Result<Vec<BlobId>>;
    /// Puts a blob there; the file has this many bytes.
    async fn put(&self, blob: &BlobId, bytes: u64, open: Open<'_>) -> anyhow::Result<()>;
    /// Asks for a cache.
    async fn find_cache(&self, wanted: CacheWanted) -> anyhow::Result<CacheAnswer>;
    /// Gets the archive of a cache into a new file. Its hash is the caller's to check.
    async fn cache(&self, blob: &BlobId, into: &Path) -> anyhow::Result<()>;
    /// Reads what the `n`th of the job's inputs kept, as tar; false when that is nothing. Cut off in the middle, it
    /// ends with an error.
    async fn input(&self, n: usize, into: mpsc::Sender<Bytes>) -> anyhow::Result<bool>;
}

/// Pieces that one task reads and another thread wants as a whole.
pub(crate) struct Pieces {
    told: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Pieces {
    pub(crate) fn new(told: mpsc::Receiver<Bytes>) -> Pieces {
        Pieces { told, piece: Bytes::new() }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.told.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let taken = self.piece.split_to(self.piece.len().min(buffer.len()));
        buffer[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// A file of ours, to be sent.
pub(crate) fn own(path: PathBuf) -> impl Fn() -> io::Result<std::fs::File> + Send + Sync {
    move || std::fs::File::open(&path)
}
