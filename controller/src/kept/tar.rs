//! Artifacts as a tar archive: made while it is read, a piece at a time.

use super::Entries;
use crate::blobs::Blobs;
use bytes::Bytes;
use futures::Stream;
use sidings_proto::artifact::Content;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

const PIECE: usize = 256 * 1024;
/// Pieces that wait to be read.
const AHEAD: usize = 4;

pub(super) fn stream(blobs: Blobs, entries: Entries) -> impl Stream<Item = io::Result<Bytes>> {
    let (tell, told) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(&blobs, &entries, Pieces(tell.clone())) {
            // Who no longer reads is told nothing.
            let _ = tell.blocking_send(Err(error));
        }
    });
    futures::stream::unfold(told, async |mut told| told.recv().await.map(|piece| (piece, told)))
}

/// Links come last, so that nothing is ever written through one.
fn write(blobs: &Blobs, entries: &Entries, to: Pieces) -> io::Result<()> {
    let mut archive = Builder::new(BufWriter::with_capacity(PIECE, to));
    for (path, (content, _)) in entries {
        if let Content::File { blob, bytes, executable } = content {
            let mut header = header(EntryType::Regular, *bytes, if *executable { 0o755 } else { 0o644 });
            archive.append_data(&mut header, path, File::open(blobs.file(blob))?)?;
        }
    }
    for (path, (content, _)) in entries {
        if let Content::Link { target } = content {
            archive.append_link(&mut header(EntryType::Symlink, 0, 0o777), path, target)?;
        }
    }
    archive.into_inner()?.flush()
}

fn header(kind: EntryType, bytes: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(mode);
    header
}

/// What is written, piece by piece, to whom reads the stream.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(piece)));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
