//! The dummy's shell: it shows each line that is typed, after the terminal's size when that has changed.

use crate::engine::{Entry, Session, TerminalSize};
use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::watch;
use tokio_util::io::ReaderStream;

const AT_ONCE: usize = 4 * 1024;

pub(super) fn session(entry: &Entry) -> Session {
    let (typed, reads) = tokio::io::duplex(AT_ONCE);
    let (writes, shown) = tokio::io::duplex(AT_ONCE);
    let (size, sizes) = watch::channel(entry.size);
    tokio::spawn(shell(reads, writes, sizes));
    Session { typed: Box::pin(typed), shown: ReaderStream::new(shown).boxed(), size }
}

async fn shell(
    reads: DuplexStream,
    mut writes: DuplexStream,
    mut sizes: watch::Receiver<TerminalSize>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(reads).split(b'\r');
    while let Some(line) = lines.next_segment().await?
        && line != b"exit"
    {
        if sizes.has_changed().unwrap_or(false) {
            let TerminalSize { columns, rows } = *sizes.borrow_and_update();
            writes.write_all(format!("{columns} x {rows}\r\n").as_bytes()).await?;
        }
        writes.write_all(&[&line[..], b"\r\n"].concat()).await?;
    }
    Ok(())
}
