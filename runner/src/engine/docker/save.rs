//! An image as the Engine saves it, for those who read what is in it without running anything. It passes by as it comes:
//! nothing of it is kept here.

use super::image;
use anyhow::Context;
use bollard::Docker;
use bytes::{Buf, Bytes};
use futures::StreamExt;
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Pieces that may wait for the reader.
const AHEAD: usize = 16;

/// The saved image's tar.
#[derive(Debug)]
pub struct Saved {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

/// Has `read` read the image, on a thread of its own, from the Engine that `DOCKER_HOST` names, else from the one on this
/// host. None when the Engine does not have it; nothing is fetched.
///
/// # Errors
/// The Engine cannot be reached. One that stops in the middle is an error of the reader's.
pub async fn save<T: Send + 'static>(
    reference: &str,
    read: impl FnOnce(Saved) -> T + Send + 'static,
) -> anyhow::Result<Option<T>> {
    let api = Docker::connect_with_defaults().context("connecting to the Docker Engine")?;
    let api = api.negotiate_version().await.context("asking the Docker Engine for its version")?;
    if image::inspect(&api, reference).await?.is_none() {
        return Ok(None);
    }
    let (sender, pieces) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || read(Saved { pieces, piece: Bytes::new() }));
    let mut stream = api.export_image(reference).boxed();
    while let Some(piece) = stream.next().await {
        // A reader that has seen enough hangs up.
        if sender.send(piece.map_err(io::Error::other)).await.is_err() {
            break;
        }
    }
    drop(sender);
    reader.await.map(Some).context("reading the image")
}

impl Read for Saved {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(into.len());
        self.piece.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}
