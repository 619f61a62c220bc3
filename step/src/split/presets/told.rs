//! The events of a batch: what began and how it ended, a line each, there as soon as it happens.

use sidings_proto::split::SplitOutcome;
use sidings_proto::split::desk::Happened;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where they are written.
pub(super) struct Events {
    path: PathBuf,
    file: File,
}

impl Events {
    pub(super) fn open(path: &OsStr) -> io::Result<Events> {
        Ok(Events { path: path.into(), file: OpenOptions::new().create(true).append(true).open(path)? })
    }

    /// For a runner that writes them itself, each in one piece at the end.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn started(&mut self, test: &str) -> io::Result<()> {
        self.tell(&Happened { start: Some(test.to_owned()), ..Happened::default() })
    }

    pub(super) fn ended(&mut self, test: &str, outcome: SplitOutcome, took: Duration) -> io::Result<()> {
        let ms = took.as_secs_f64() * 1000.0;
        self.tell(&Happened { end: Some(test.to_owned()), outcome: Some(outcome), ms, ..Happened::default() })
    }

    fn tell(&mut self, happened: &Happened) -> io::Result<()> {
        let mut line = serde_json::to_vec(happened)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}
