//! The log of what the runner itself does for a job before its first step: getting the source, building the image.

use sidings_mask::{Finder, Masker};
use sidings_proto::Timestamp;
use sidings_proto::log::{Stream, write_frames};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes frames to a spool file. Shared by reference; every call is one frame or more, in order.
#[derive(Debug)]
pub struct SetupLog {
    file: Mutex<File>,
    masked: OnceLock<Finder>,
}

impl SetupLog {
    /// Makes the spool file, which must not exist yet.
    pub fn create(path: &Path) -> io::Result<SetupLog> {
        Ok(SetupLog { file: Mutex::new(File::create_new(path)?), masked: OnceLock::new() })
    }

    /// Masks what this finds from here on. Every write is looked at by itself: they are whole lines.
    pub fn mask(&self, finder: Finder) {
        // What is set stays: it is set once, when the job's secrets are known.
        let _ = self.masked.set(finder);
    }

    /// A text as it may be told beside the log, in a verdict.
    pub fn shown(&self, text: String) -> String {
        self.masked.get().map_or_else(|| text.clone(), |finder| finder.masked(&text))
    }

    /// Writes a remark of ours as one line.
    pub fn note(&self, line: &str) {
        self.write(Stream::Note, format!("{line}\n").as_bytes());
    }

    /// Writes output of a program as it is.
    pub fn output(&self, bytes: &[u8]) {
        self.write(Stream::Stdout, bytes);
    }

    fn write(&self, stream: Stream, payload: &[u8]) {
        let shown = self.masked.get().map(|finder| Masker::default().end_of(finder, payload));
        let mut frames = Vec::with_capacity(payload.len() + 16);
        write_frames(&mut frames, stream, now(), shown.as_deref().unwrap_or(payload));
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(error) = file.write_all(&frames) {
            tracing::warn!(%error, "could not write to a setup log");
        }
    }
}

/// The time by this host's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
