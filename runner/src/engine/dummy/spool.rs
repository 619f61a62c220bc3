//! Writes a step's framed log within its limit, and its exit record: what the helper does in a real container.

use crate::setup_log::now;
use anyhow::Context;
use sidings_proto::Timestamp;
use sidings_proto::log::{MAX_PAYLOAD, Stream, write_frames};
use sidings_proto::service::ReadyRecord;
use sidings_proto::step::{EXIT_FILE, ExitRecord, LOG_FILE, READY_FILE, StepSpec};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
    room: u64,
    tail: VecDeque<u8>,
    tail_max: usize,
    left_out: u64,
    started: Timestamp,
}

impl Spool {
    pub(super) fn new(folder: &Path, spec: &StepSpec) -> anyhow::Result<Spool> {
        let file = File::create_new(folder.join(LOG_FILE)).context("make the step's log")?;
        Ok(Spool {
            folder: folder.to_owned(),
            file,
            hasher: blake3::Hasher::new(),
            bytes: 0,
            room: spec.log_limit,
            tail: VecDeque::new(),
            tail_max: usize::try_from(spec.log_tail).unwrap_or(usize::MAX),
            left_out: 0,
            started: now(),
        })
    }

    pub(super) fn print(&mut self, stream: Stream, payload: &[u8]) -> anyhow::Result<()> {
        let fits = payload.len().min(usize::try_from(self.room).unwrap_or(usize::MAX));
        let (kept, over) = payload.split_at(fits);
        self.room -= kept.len() as u64;
        self.write(stream, kept)?;
        self.tail.extend(over);
        while self.tail.len() > self.tail_max {
            self.tail.pop_front();
            self.left_out += 1;
        }
        Ok(())
    }

    /// Says that a service is ready, or why it is not going to be.
    pub(super) fn ready(&self, error: Option<String>) -> anyhow::Result<()> {
        let record = serde_json::to_vec(&ReadyRecord { at: now(), error })?;
        let part = self.folder.join("ready.part");
        std::fs::write(&part, record).context("write what the probing came to")?;
        std::fs::rename(part, self.folder.join(READY_FILE)).context("write what the probing came to")
    }

    /// Ends the log and writes the record; `lie` makes the two differ.
    pub(super) fn end(mut self, code: i32, signal: Option<i32>, lie: bool) -> anyhow::Result<()> {
        if self.left_out > 0 {
            self.write(Stream::Note, format!("{} bytes are left out here\n", self.left_out).as_bytes())?;
        }
        let tail = Vec::from(std::mem::take(&mut self.tail));
        self.write(Stream::Stdout, &tail)?;
        self.record(code, signal, u64::from(lie))
    }

    /// Leaves a sound record while the step goes on.
    pub(super) fn forge(&mut self) -> anyhow::Result<()> {
        self.record(0, None, 0)
    }

    /// Leaves something else where the record belongs.
    pub(super) fn litter(&mut self) -> anyhow::Result<()> {
        std::fs::create_dir(self.folder.join(EXIT_FILE)).context("litter")
    }

    /// Leaves what is no frame in the log, as a part of it.
    pub(super) fn garble(&mut self) -> anyhow::Result<()> {
        let bytes = [0xff; 64];
        self.hasher.update(&bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(&bytes).context("garble the step's log")
    }

    fn record(&self, code: i32, signal: Option<i32>, too_many: u64) -> anyhow::Result<()> {
        let record = ExitRecord {
            code,
            signal,
            error: None,
            log_bytes: self.bytes + too_many,
            log_hash: self.hasher.finalize().to_hex().to_string(),
            left_out_bytes: self.left_out,
            started: self.started,
            ended: now(),
        };
        let part = self.folder.join("exit.part");
        std::fs::write(&part, serde_json::to_vec(&record)?).context("write the exit record")?;
        std::fs::rename(part, self.folder.join(EXIT_FILE)).context("write the exit record")
    }

    fn write(&mut self, stream: Stream, payload: &[u8]) -> anyhow::Result<()> {
        for piece in payload.chunks(MAX_PAYLOAD) {
            let mut frame = Vec::new();
            write_frames(&mut frame, stream, now(), piece);
            self.hasher.update(&frame);
            self.bytes += frame.len() as u64;
            self.file.write_all(&frame).context("write the step's log")?;
        }
        Ok(())
    }
}
