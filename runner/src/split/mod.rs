//! A step's part in a split job: its client's questions taken at a socket, its results read within bounds, the queue's
//! answers passed on.
//!
//! What comes from the step is hostile: it may say of the tests of its own leases what it likes, and no byte of it is
//! more than a length, a bounded line or a report that is read as reports are. Refused here: deciding what counts.

mod desk;
mod lease;
mod list;
mod results;
#[cfg(test)]
mod tests;

use anyhow::{Context, ensure};
use async_trait::async_trait;
pub(crate) use desk::Desk;
use lease::Leases;
use sidings_proto::RequestId;
use sidings_proto::split::desk::{Form, SIZED_FILES_MAX, Sizes, Told, Work};
use sidings_proto::split::{
    BEAT_EVERY_MS, SplitBeat, SplitEnd, SplitList, SplitListed, SplitOrders, SplitOutcome, SplitPull, SplitPulled,
    SplitReport, SplitTaken, Tests,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The controller's queue, as one attempt reaches it. A call that gets no answer is made again; an error is the end.
#[async_trait]
pub(crate) trait Queue: Send + Sync {
    /// Tells what was discovered.
    async fn list(&self, list: SplitList) -> anyhow::Result<SplitListed>;
    /// Asks for tests.
    async fn pull(&self, pull: SplitPull) -> anyhow::Result<SplitPulled>;
    /// Tells results.
    async fn report(&self, report: SplitReport) -> anyhow::Result<SplitTaken>;
    /// Gives a sign of life; an answer that does not come is not waited for.
    async fn beat(&self, beat: SplitBeat) -> anyhow::Result<SplitOrders>;
}

/// Who works for the queue: one attempt.
pub(crate) struct Worker {
    pub(crate) tests: Tests,
    /// What the job's scripts are given to.
    pub(crate) shell: Vec<String>,
    pub(crate) queue: Arc<dyn Queue>,
    /// A folder of ours, for what a step sends until it is read.
    pub(crate) spool: PathBuf,
    leases: Leases,
    sizes: Mutex<Sizes>,
    /// Why the step's own list failed, as it says.
    unlisted: Mutex<Option<String>>,
}

impl Worker {
    pub(crate) fn new(tests: Tests, shell: Vec<String>, queue: Arc<dyn Queue>, spool: PathBuf) -> Worker {
        Worker {
            tests,
            shell,
            queue,
            spool,
            leases: Leases::default(),
            sizes: Mutex::default(),
            unlisted: Mutex::default(),
        }
    }

    fn work(&self) -> Told {
        let Tests { preset, discover, run, mode, junit, chosen, .. } = self.tests.clone();
        let times = chosen.map_or(0, |chosen| chosen.times);
        Told::Work(Work { preset, discover, run, mode, shell: self.shell.clone(), junit, times })
    }

    /// What discovery printed.
    async fn list(&self, printed: &[u8]) -> anyhow::Result<Told> {
        let sizes = std::mem::take(&mut *self.sizes.lock().unwrap_or_else(PoisonError::into_inner));
        let tests = list::read(printed, &sizes);
        Ok(match self.queue.list(SplitList { tests }).await? {
            SplitListed::Noted => Told::Noted,
            SplitListed::Over(over) => Told::Over { passed: over.passed, text: over.text },
        })
    }

    /// Discovery failed. It is for people to read, in a line.
    fn unlisted(&self, why: &str) -> Told {
        *self.unlisted.lock().unwrap_or_else(PoisonError::into_inner) = Some(list::reason(why));
        Told::Noted
    }

    /// How large files are, for tests that nobody has seen.
    fn sizes(&self, told: &[u8]) -> anyhow::Result<Told> {
        // Each is some bytes there and many here, outside of what the job may have.
        let many = told.iter().filter(|byte| **byte == b':').count();
        ensure!(many <= 2 * SIZED_FILES_MAX, "the sizes of too many files were told");
        let sizes = serde_json::from_slice(told).context("understand the sizes of files")?;
        *self.sizes.lock().unwrap_or_else(PoisonError::into_inner) = sizes;
        Ok(Told::Noted)
    }

    /// Tests, as soon as there are any.
    async fn next(&self) -> anyhow::Result<Told> {
        let mut pull = SplitPull { request: RequestId::new() };
        loop {
            match self.queue.pull(pull).await? {
                SplitPulled::Wait => {}
                SplitPulled::Yield => return Ok(Told::Yield),
                SplitPulled::Over(over) => return Ok(Told::Over { passed: over.passed, text: over.text }),
                SplitPulled::Leased(lease) if lease.tests.is_empty() => pull.request = RequestId::new(),
                SplitPulled::Leased(lease) => {
                    let tests = lease.tests.iter().map(|test| test.id.clone()).collect();
                    let number = lease.lease;
                    self.leases.add(lease);
                    return Ok(Told::Batch { lease: number, tests });
                }
            }
        }
    }

    /// A file of results.
    async fn results(&self, lease: u64, form: Form, file: PathBuf) -> anyhow::Result<Told> {
        let Some(names) = self.leases.names(lease) else { return Ok(unknown(lease)) };
        let read = tokio::task::spawn_blocking(move || results::read(&file, form, &names)).await??;
        self.leases.found(lease, &read);
        Ok(told_of(read))
    }

    /// Events of a stream: what is told here counts at once, and a second end of a test does not.
    async fn happened(&self, lease: u64, file: PathBuf) -> anyhow::Result<Told> {
        let Some(names) = self.leases.names(lease) else { return Ok(unknown(lease)) };
        let read = tokio::task::spawn_blocking(move || results::read(&file, Form::Events, &names)).await??;
        self.leases.found(lease, &read);
        if !(read.started.is_empty() && read.results.is_empty()) {
            let (started, results) = (read.started.clone(), read.results.clone());
            self.queue.report(SplitReport { lease, started, results, end: None }).await?;
        }
        Ok(told_of(read))
    }

    /// The end of a batch: what came of it is durable when this answers.
    async fn done(&self, lease: u64, code: Option<i32>, took_ms: u64) -> anyhow::Result<Told> {
        let Some(found) = self.leases.all(lease) else { return Ok(unknown(lease)) };
        let of_tests: u64 = found.results.iter().map(|result| result.ms).sum();
        let whole = found.missing == 0 && code.is_some();
        let failed = found.results.iter().filter(|result| result.outcome == SplitOutcome::Failed).count();
        let boot_ms = whole.then(|| took_ms.saturating_sub(of_tests));
        let (results, started) = (found.results, found.started);
        let report = SplitReport { lease, started, results, end: Some(SplitEnd { code, boot_ms }) };
        let taken = self.queue.report(report).await?;
        self.leases.end(lease);
        Ok(Told::Taken { counted: taken.counted, missing: found.missing, failed })
    }

    /// When the lease is no longer this worker's; never for one that is not known.
    async fn dropped(&self, lease: u64) -> Told {
        match self.leases.dropped(lease) {
            Some(dropped) => dropped.cancelled().await,
            None => std::future::pending().await,
        }
        Told::Dropped
    }

    /// Says again and again which leases are worked on, and passes on which of them are no longer.
    async fn beat(&self) {
        loop {
            tokio::time::sleep(Duration::from_millis(BEAT_EVERY_MS)).await;
            match self.queue.beat(SplitBeat { holds: self.leases.held() }).await {
                Ok(orders) => self.leases.drop_all(&orders.drop),
                Err(error) => tracing::debug!(error = format!("{error:#}"), "a beat of a split job was not answered"),
            }
        }
    }
}

fn told_of(read: results::Read) -> Told {
    Told::Read { results: read.results.len(), others: read.others, remarks: read.remarks }
}

fn unknown(lease: u64) -> Told {
    Told::Refused { why: format!("lease {lease} is not known") }
}

/// Where a step's socket is.
fn socket(folder: &Path) -> PathBuf {
    folder.join(sidings_proto::split::desk::SOCKET)
}

/// Cancelled when somebody drops it.
type Dropped = CancellationToken;
