//! The index beside a log: a mark about every 256 KiB, so that a reader can start in the middle.
//!
//! It is a help, not a record: a reader that finds a mark which is not at a frame goes back to an earlier one, and a
//! log without an index is read from its start.

use sidings_proto::Timestamp;
use sidings_proto::log::{HEADER_LEN, Header};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes of log between two marks, about.
pub(super) const EVERY: u64 = 256 * 1024;
const MARK_LEN: usize = 24;

/// A place in a log where a frame starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes before it.
    pub(super) offset: u64,
    /// Lines before it.
    pub(super) lines: u64,
    /// The frame's time.
    pub(super) at: Timestamp,
}

impl Mark {
    fn encode(self) -> [u8; MARK_LEN] {
        let mut out = [0; MARK_LEN];
        out[..8].copy_from_slice(&self.offset.to_le_bytes());
        out[8..16].copy_from_slice(&self.lines.to_le_bytes());
        out[16..].copy_from_slice(&self.at.0.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8; MARK_LEN]) -> Option<Mark> {
        let (offset, rest) = bytes.split_first_chunk::<8>()?;
        let (lines, at) = rest.split_first_chunk::<8>()?;
        let at = Timestamp(i64::from_le_bytes(at.try_into().ok()?));
        Some(Mark { offset: u64::from_le_bytes(*offset), lines: u64::from_le_bytes(*lines), at })
    }
}

/// Where the index of a log is.
fn beside(log: &Path) -> PathBuf {
    log.with_extension("idx")
}

/// Adds marks.
pub(super) fn append(log: &Path, marks: &[Mark]) -> anyhow::Result<()> {
    if marks.is_empty() {
        return Ok(());
    }
    let bytes: Vec<u8> = marks.iter().flat_map(|mark| mark.encode()).collect();
    OpenOptions::new().append(true).create(true).open(beside(log))?.write_all(&bytes)?;
    Ok(())
}

/// Throws the index away and writes it from these marks.
pub(super) fn write_anew(log: &Path, marks: &[Mark]) -> anyhow::Result<()> {
    match fs::remove_file(beside(log)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    append(log, marks)
}

/// The last mark at or before `offset` that stands at a frame of the log; its start when there is none.
pub(super) fn last_before(log: &Path, file: &File, offset: u64) -> u64 {
    let bytes = fs::read(beside(log)).unwrap_or_default();
    let (marks, _) = bytes.as_chunks::<MARK_LEN>();
    let sound = |mark: &Mark| mark.offset <= offset && frame_at(file, mark.offset);
    marks.iter().rev().filter_map(Mark::decode).find(sound).map_or(0, |mark| mark.offset)
}

/// All marks before `end`, in order; none from the first on that does not stand at a frame, or does not follow.
pub(super) fn all(log: &Path, file: &File, end: u64) -> Vec<Mark> {
    let bytes = fs::read(beside(log)).unwrap_or_default();
    let (marks, _) = bytes.as_chunks::<MARK_LEN>();
    let mut last = (0, 0);
    let mut sound = |mark: &Mark| {
        let follows = mark.offset > last.0 && mark.lines >= last.1 && mark.offset < end;
        last = (mark.offset, mark.lines);
        follows && frame_at(file, mark.offset)
    };
    marks.iter().filter_map(Mark::decode).take_while(|mark| sound(mark)).collect()
}

fn frame_at(file: &File, offset: u64) -> bool {
    let mut head = [0; HEADER_LEN];
    file.read_exact_at(&mut head, offset).is_ok() && Header::decode(&head).is_some()
}
