//! Logs of steps: files of frames exactly as runners sent them, one folder for each attempt.
//!
//! A log only grows, at its end, by whole frames, while its attempt is with a runner; what is acknowledged is on the
//! disk. The attempt's end is accepted only when every log's length and hash are what the runner recorded (I5).
//! Readers never load a log whole.
//!
//! The order of log chunks and of the attempt's end is kept by [`AttemptLogs`]' gate: a chunk is written with the
//! gate held shared, the end is verified and decided with the gate held alone, and a chunk that comes after it finds
//! the gate closed. An attempt that ends otherwise (its runner was lost) is closed by the loop without the gate: a
//! chunk that was being written at that moment counts as written before, to a folder that only this fence has.

mod index;
pub(crate) mod lines;
mod open;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use read::{Format, Reader};

use anyhow::Context;
use open::OpenLog;
use sidings_proto::runner::{Finish, LogDigest};
use sidings_proto::{AttemptId, RunId, StepNo};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use tokio::sync::{Mutex, RwLock, RwLockWriteGuard, watch};

/// No log grows past this, frames included. Runners keep to a lower limit of their own.
const LOG_MAX: u64 = 1024 * 1024 * 1024;

/// Why a chunk was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The attempt is over.
    #[error("the attempt is over")]
    Closed,
    /// The bytes are not whole frames.
    #[error("a log chunk must be whole frames")]
    NotFrames,
    /// The log would be longer than any may be.
    #[error("a log may not be longer than {LOG_MAX} bytes")]
    TooLong,
    /// The disk failed.
    #[error("writing the log failed")]
    Failed(#[from] anyhow::Error),
}

/// What became of comparing an attempt's logs with what its runner recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// All are whole.
    Whole,
    /// This one is shorter.
    Missing { step: StepNo, bytes: u64 },
    /// This one is not what was sent.
    Differs { step: StepNo },
}

/// The folder of all logs.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    root: PathBuf,
}

impl Logs {
    /// Logs below a folder, which is made when the first one is written.
    pub(crate) fn below(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a log is, or would be.
    pub(crate) fn file(&self, run: RunId, attempt: AttemptId, step: StepNo) -> PathBuf {
        let folder = self.root.join(run.to_string()).join(attempt.job.to_string()).join(attempt.fence.to_string());
        folder.join(format!("{step}.log"))
    }
}

/// The logs of an attempt that is with a runner.
#[derive(Default)]
pub(crate) struct AttemptLogs {
    gate: RwLock<()>,
    closed: AtomicBool,
    open: StdMutex<HashMap<StepNo, Arc<Mutex<Option<OpenLog>>>>>,
    /// Where logs of steps that have ended must end.
    ends: StdMutex<HashMap<StepNo, u64>>,
    grew: watch::Sender<()>,
}

/// The gate, held alone: no chunk is taken while it is.
pub(crate) struct Finishing<'a> {
    logs: &'a AttemptLogs,
    _alone: RwLockWriteGuard<'a, ()>,
}

impl AttemptLogs {
    /// Adds a chunk that starts at `offset` of the log; gives the log's length after it. What of the chunk is there
    /// already is a repeat, and a chunk past the end changes nothing.
    pub(crate) async fn append(
        &self,
        file: &Path,
        step: StepNo,
        offset: u64,
        chunk: bytes::Bytes,
    ) -> Result<u64, Refused> {
        let _shared = self.gate.read().await;
        if self.closed.load(Ordering::Acquire) {
            return Err(Refused::Closed);
        }
        let log = self.log(step);
        let mut log = log.lock_owned().await;
        let file = file.to_owned();
        let write = move || OpenLog::get(&mut log, &file)?.append(&file, offset, &chunk);
        let length = tokio::task::spawn_blocking(write).await.context("writing a log")??;
        self.grew.send_replace(());
        Ok(length)
    }

    /// How long the log is, as far as it is durable.
    pub(crate) async fn length(&self, file: &Path, step: StepNo) -> anyhow::Result<u64> {
        let mut log = self.log(step).lock_owned().await;
        let file = file.to_owned();
        let length = move || anyhow::Ok(OpenLog::get(&mut log, &file)?.length());
        tokio::task::spawn_blocking(length).await.context("reading a log")?
    }

    /// Holds every chunk back, to verify the logs and decide on the attempt's end.
    pub(crate) async fn finishing(&self) -> Finishing<'_> {
        Finishing { _alone: self.gate.write().await, logs: self }
    }

    /// A step has ended with a log of this length.
    pub(crate) fn step_ended(&self, step: StepNo, bytes: u64) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).insert(step, bytes);
        self.grew.send_replace(());
    }

    /// Where the log ends, once that is known while the attempt goes on.
    pub(crate) fn end_of(&self, step: StepNo) -> Option<u64> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).get(&step).copied()
    }

    /// The attempt is over.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.grew.send_replace(());
    }

    /// Whether the attempt is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Changes when a log grew or ended.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.grew.subscribe()
    }

    fn log(&self, step: StepNo) -> Arc<Mutex<Option<OpenLog>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(step).or_default().clone()
    }
}

impl Finishing<'_> {
    /// Compares the logs with what the runner recorded. `file` says where a step's log is.
    pub(crate) async fn verify(&self, finish: &Finish, file: impl Fn(StepNo) -> PathBuf) -> anyhow::Result<Verified> {
        let steps = finish.steps.iter().map(|result| (result.step, &result.log));
        for (step, recorded) in std::iter::once((StepNo::SETUP, &finish.setup_log)).chain(steps) {
            let verified = self.verify_one(step, recorded, &file(step)).await?;
            if verified != Verified::Whole {
                return Ok(verified);
            }
        }
        Ok(Verified::Whole)
    }

    async fn verify_one(&self, step: StepNo, recorded: &LogDigest, file: &Path) -> anyhow::Result<Verified> {
        if recorded.bytes == 0 && !self.logs.is_open(step) && !file.exists() {
            return Ok(Verified::Whole);
        }
        let mut log = self.logs.log(step).lock_owned().await;
        let file = file.to_owned();
        let digest = move || anyhow::Ok(OpenLog::get(&mut log, &file)?.digest());
        let here = tokio::task::spawn_blocking(digest).await.context("reading a log")??;
        Ok(compare(step, &here, recorded))
    }
}

impl AttemptLogs {
    fn is_open(&self, step: StepNo) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&step)
    }
}

fn compare(step: StepNo, here: &LogDigest, recorded: &LogDigest) -> Verified {
    let same = here.bytes == recorded.bytes && (here.bytes == 0 || here.hash == recorded.hash);
    if here.bytes < recorded.bytes {
        Verified::Missing { step, bytes: here.bytes }
    } else if same {
        Verified::Whole
    } else {
        Verified::Differs { step }
    }
}
