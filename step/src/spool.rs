//! The step's log file: frames in the order in which they were read, hashed as they are written, and bounded.

use crate::record::now;
use crate::tail::Tail;
use sidings_mask::{Finder, Masker};
use sidings_proto::Timestamp;
use sidings_proto::log::{Stream, write_frames};
use sidings_proto::step::{LOG_FILE, StepSpec};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Up to its limit every payload goes to the file at once; what comes after is kept as a tail for the end.
pub(crate) struct Spool {
    file: File,
    hasher: blake3::Hasher,
    frames: Vec<u8>,
    written: u64,
    room: u64,
    tail: Tail,
    masked: Option<Masked>,
}

/// What is not to be seen, and the two streams that go through.
struct Masked {
    finder: Finder,
    stdout: Masker,
    stderr: Masker,
}

/// What the exit record says of the log.
pub(crate) struct Digest {
    pub(crate) bytes: u64,
    pub(crate) hash: String,
    pub(crate) left_out: u64,
}

impl Spool {
    /// Makes the log file, which must not exist yet: a second helper in the same folder would mix two logs.
    pub(crate) fn create(dir: &Path, spec: &StepSpec, masked: Option<Finder>) -> io::Result<Spool> {
        let streams = |finder| Masked { finder, stdout: Masker::default(), stderr: Masker::default() };
        Ok(Spool {
            file: File::create_new(dir.join(LOG_FILE))?,
            hasher: blake3::Hasher::new(),
            frames: Vec::new(),
            written: 0,
            room: spec.log_limit,
            tail: Tail::new(usize::try_from(spec.log_tail).unwrap_or(usize::MAX)),
            masked: masked.map(streams),
        })
    }

    /// Takes a piece of the program's output. What is not to be seen is masked before it counts as anything: what is
    /// written, hashed and left out is what remains.
    pub(crate) fn take(&mut self, stream: Stream, payload: &[u8]) -> io::Result<()> {
        match self.masked.as_mut().and_then(|masked| masked.pass(stream, payload)) {
            Some(shown) => self.keep(stream, &shown),
            None => self.keep(stream, payload),
        }
    }

    fn keep(&mut self, stream: Stream, payload: &[u8]) -> io::Result<()> {
        let at = now();
        let kept = payload.len().min(usize::try_from(self.room).unwrap_or(usize::MAX));
        let (kept, rest) = payload.split_at(kept);
        self.room -= kept.len() as u64;
        if !rest.is_empty() {
            self.tail.take(stream, at, rest);
        }
        self.write(stream, at, kept)
    }

    /// Writes a remark of the helper, which counts against no limit.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        self.write(Stream::Note, now(), format!("{text}\n").as_bytes())
    }

    /// Writes the tail and makes all of it durable.
    pub(crate) fn close(mut self) -> io::Result<Digest> {
        for (stream, rest) in self.masked.take().into_iter().flat_map(Masked::end) {
            self.keep(stream, &rest)?;
        }
        let left_out = self.tail.dropped();
        if left_out > 0 {
            self.note(&format!("{left_out} bytes were left out here"))?;
        }
        for (stream, at, bytes) in self.tail.drain() {
            self.write(stream, at, &bytes)?;
        }
        self.file.sync_all()?;
        Ok(Digest { bytes: self.written, hash: self.hasher.finalize().to_hex().to_string(), left_out })
    }

    fn write(&mut self, stream: Stream, at: Timestamp, payload: &[u8]) -> io::Result<()> {
        self.frames.clear();
        write_frames(&mut self.frames, stream, at, payload);
        self.file.write_all(&self.frames)?;
        self.hasher.update(&self.frames);
        self.written += self.frames.len() as u64;
        Ok(())
    }
}

impl Masked {
    /// None: nothing is looked for in remarks.
    fn pass(&mut self, stream: Stream, payload: &[u8]) -> Option<Vec<u8>> {
        match stream {
            Stream::Stdout => Some(self.stdout.push(&self.finder, payload)),
            Stream::Stderr => Some(self.stderr.push(&self.finder, payload)),
            Stream::Note => None,
        }
    }

    /// What was held back.
    fn end(mut self) -> [(Stream, Vec<u8>); 2] {
        let (stdout, stderr) = (self.stdout.end(&self.finder), self.stderr.end(&self.finder));
        [(Stream::Stdout, stdout), (Stream::Stderr, stderr)]
    }
}
