//! A log that is being written: its length, its hash so far, and where its index is. Blocking.

use super::index::{self, Mark};
use super::{LOG_MAX, Refused};
use anyhow::Context;
use sidings_proto::log::{self, Next, whole_frames};
use sidings_proto::runner::LogDigest;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What is known of a log file between two chunks. The file is opened for each chunk, so that many logs hold no
/// file descriptors.
#[derive(Default)]
pub(super) struct OpenLog {
    length: u64,
    hasher: blake3::Hasher,
    lines: u64,
    marked: u64,
}

impl OpenLog {
    /// The log in its slot; read from the file when this life of the process has not seen it yet.
    pub(super) fn get<'a>(slot: &'a mut Option<OpenLog>, file: &Path) -> anyhow::Result<&'a mut OpenLog> {
        if slot.is_none() {
            *slot = Some(Self::read(file).with_context(|| format!("reading {}", file.display()))?);
        }
        slot.as_mut().context("the log was just put there")
    }

    /// How long it is.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Its length and hash.
    pub(super) fn digest(&self) -> LogDigest {
        LogDigest { bytes: self.length, hash: self.hasher.finalize().to_hex().to_string() }
    }

    /// Adds what is new of a chunk, and has it on the disk; gives the length after it.
    pub(super) fn append(&mut self, file: &Path, offset: u64, chunk: &[u8]) -> Result<u64, Refused> {
        let Some(known) = self.length.checked_sub(offset) else { return Ok(self.length) };
        let new = usize::try_from(known).ok().and_then(|known| chunk.get(known..)).unwrap_or_default();
        if new.is_empty() {
            return Ok(self.length);
        }
        if whole_frames(new) != (new.len(), false) {
            return Err(Refused::NotFrames);
        }
        if self.length + new.len() as u64 > LOG_MAX {
            return Err(Refused::TooLong);
        }
        self.write(file, new).with_context(|| format!("writing {}", file.display()))?;
        Ok(self.length)
    }

    fn write(&mut self, file: &Path, new: &[u8]) -> anyhow::Result<()> {
        let open = open(file, self.length == 0)?;
        // Not at the file's end but at the log's: what a write that failed half-way left behind is written over.
        open.write_all_at(new, self.length)?;
        open.sync_data()?;
        let marks = self.add(new);
        index::append(file, &marks)
    }

    /// Counts whole frames in; gives the marks that are due.
    fn add(&mut self, frames: &[u8]) -> Vec<Mark> {
        let mut marks = Vec::new();
        self.hasher.update(frames);
        let mut rest = frames;
        while let Next::Frame(header, payload, taken) = log::next_frame(rest) {
            if self.length - self.marked >= index::EVERY {
                marks.push(Mark { offset: self.length, lines: self.lines, at: header.at });
                self.marked = self.length;
            }
            self.lines += payload.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.length += taken as u64;
            rest = rest.get(taken..).unwrap_or_default();
        }
        marks
    }

    /// Counts the file in and cuts off what is no whole frame: it was never acknowledged.
    fn read(file: &Path) -> anyhow::Result<Self> {
        let mut log = Self::default();
        let mut input = match File::open(file) {
            Ok(input) => input,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(log),
            Err(error) => return Err(error.into()),
        };
        let mut marks = Vec::new();
        let mut kept = Vec::with_capacity(512 * 1024);
        while (&mut input).take(256 * 1024).read_to_end(&mut kept)? > 0 {
            let (whole, corrupt) = whole_frames(&kept);
            marks.extend(log.add(kept.get(..whole).unwrap_or_default()));
            if corrupt {
                break;
            }
            kept.drain(..whole);
        }
        OpenOptions::new().write(true).open(file)?.set_len(log.length)?;
        index::write_anew(file, &marks)?;
        Ok(log)
    }
}

/// Opens a log for writing; a new one is made with its folder, and both are entered in their folders for good.
fn open(file: &Path, new: bool) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).truncate(false);
    if !new {
        return Ok(options.open(file)?);
    }
    let folder = file.parent().context("a log lies in a folder")?;
    make_folder(folder)?;
    let made = options.create(true).open(file)?;
    File::open(folder)?.sync_all()?;
    Ok(made)
}

/// Makes a folder and those above it, each entered for good in the one above.
fn make_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().context("a folder lies in another")?;
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    Ok(File::open(above)?.sync_all()?)
}
