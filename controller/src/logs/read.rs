//! Reading a log, whole or from the middle, block by block, as frames or as text.

use super::index;
use anyhow::Context;
use bytes::Bytes;
use sidings_proto::log::{self, HEADER_LEN, Header, Next};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BLOCK: u64 = 256 * 1024;

/// How a log is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As it is stored.
    Frames,
    /// The payloads alone.
    Text,
}

/// One who reads a log.
pub(crate) struct Reader {
    path: PathBuf,
    file: Option<Arc<File>>,
    position: u64,
    format: Format,
    /// Read, and not given out: the start of a frame.
    rest: Vec<u8>,
}

impl Reader {
    /// Reads from the first frame at or after `offset`; a negative one counts from `length`, the log's end now.
    pub(crate) async fn start(path: PathBuf, offset: i64, length: u64, format: Format) -> anyhow::Result<Self> {
        let wanted = match u64::try_from(offset) {
            Ok(offset) => offset.min(length),
            Err(_) => length.saturating_sub(offset.unsigned_abs()),
        };
        let file = open(&path)?;
        let position = match &file {
            Some(file) if wanted > 0 => {
                let (path, file) = (path.clone(), file.clone());
                let find = move || frame_from(&path, &file, wanted, length);
                tokio::task::spawn_blocking(find).await.context("looking for a place in a log")??
            }
            Some(_) | None => 0,
        };
        Ok(Self { path, file, position, format, rest: Vec::new() })
    }

    /// How far it has read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next piece before `end`; `None` when all before it was given out. A piece may be empty.
    pub(crate) async fn next(&mut self, end: u64) -> anyhow::Result<Option<Bytes>> {
        let wanted = end.saturating_sub(self.position).min(BLOCK);
        if self.file.is_none() {
            self.file = open(&self.path)?;
        }
        let Some(file) = self.file.clone().filter(|_| wanted > 0) else { return Ok(None) };
        let position = self.position;
        let read =
            tokio::task::spawn_blocking(move || block(&file, position, wanted)).await.context("reading a log")??;
        if read.is_empty() {
            return Ok(None);
        }
        self.position += read.len() as u64;
        Ok(Some(match self.format {
            Format::Frames => Bytes::from(read),
            Format::Text => self.text(&read),
        }))
    }

    /// The payloads of what was read. Bytes that are no frame are left out, with a word about it.
    fn text(&mut self, read: &[u8]) -> Bytes {
        self.rest.extend_from_slice(read);
        let (mut text, mut at) = (Vec::with_capacity(self.rest.len()), 0);
        loop {
            let rest = self.rest.get(at..).unwrap_or_default();
            match log::next_frame(rest) {
                Next::Frame(_, payload, taken) => {
                    text.extend_from_slice(payload);
                    at += taken;
                }
                Next::Partial => break,
                Next::Corrupt => {
                    let skipped = next_header(rest);
                    text.extend_from_slice(format!("\n[{skipped} bytes of this log cannot be read]\n").as_bytes());
                    at += skipped;
                }
            }
        }
        self.rest.drain(..at);
        Bytes::from(text)
    }
}

fn open(path: &Path) -> anyhow::Result<Option<Arc<File>>> {
    match File::open(path) {
        Ok(file) => Ok(Some(Arc::new(file))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("opening {}", path.display())),
    }
}

fn block(file: &File, position: u64, wanted: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(wanted)?];
    let mut read = 0;
    while let Some(space) = bytes.get_mut(read..).filter(|space| !space.is_empty()) {
        match file.read_at(space, position + read as u64)? {
            0 => break,
            more => read += more,
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

/// How many bytes lie before the next thing that may be a frame.
fn next_header(bytes: &[u8]) -> usize {
    let heads = bytes.windows(HEADER_LEN).skip(1);
    let sound = |window: &[u8]| window.try_into().ok().and_then(Header::decode).is_some();
    match heads.enumerate().find(|(_, window)| sound(window)) {
        Some((before, _)) => before + 1,
        None => bytes.len().saturating_sub(HEADER_LEN - 1).max(1),
    }
}

/// The first frame at or after `wanted`, walking from the nearest mark before it.
fn frame_from(path: &Path, file: &File, wanted: u64, length: u64) -> anyhow::Result<u64> {
    let mut position = index::last_before(path, file, wanted);
    while position < wanted {
        let head = block(file, position, HEADER_LEN as u64)?;
        let Some(header) = <&[u8; HEADER_LEN]>::try_from(&*head).ok().and_then(Header::decode) else {
            // The log is broken here: give out what was asked for, as it is.
            return Ok(wanted);
        };
        position += HEADER_LEN as u64 + u64::from(header.len);
    }
    Ok(position.min(length))
}
