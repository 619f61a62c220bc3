//! What passes between the one who carries an attempt out and the one who speaks with the controller.
//!
//! The job tells ([`Telling`]) and is given orders ([`Orders`]); neither side waits for the other. Logs are not handed
//! over: they stay in the spool, and the link is told how far they are sound.

use crate::reports::SpooledTests;
use crate::spool::Spooled;
use sidings_proto::runner::Progress;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What an attempt has to tell, in order.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    told: Mutex<Told>,
    news: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Told {
    progress: Vec<Progress>,
    logs: Vec<Arc<Spooled>>,
    tests: Option<Arc<SpooledTests>>,
}

impl Telling {
    /// Tells that something happened.
    pub(crate) fn progress(&self, progress: Progress) {
        self.told().progress.push(progress);
        self.news.notify_one();
    }

    /// Tells that a log begins; it says itself when it grows.
    pub(crate) fn log(&self, log: Arc<Spooled>) {
        self.told().logs.push(log);
    }

    /// Tells what came of the job's tests; they are sent before its end is.
    pub(crate) fn tests(&self, tests: Arc<SpooledTests>) {
        self.told().tests = Some(tests);
    }

    /// What came of the job's tests, if that was not asked before.
    pub(crate) fn take_tests(&self) -> Option<Arc<SpooledTests>> {
        self.told().tests.take()
    }

    /// What is notified when there is something new.
    pub(crate) fn news(&self) -> Arc<Notify> {
        self.news.clone()
    }

    /// What happened since this was asked last.
    pub(crate) fn take_progress(&self) -> Vec<Progress> {
        std::mem::take(&mut self.told().progress)
    }

    /// The logs that began since this was asked last.
    pub(crate) fn take_logs(&self) -> Vec<Arc<Spooled>> {
        std::mem::take(&mut self.told().logs)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an attempt is ordered to do; without an order it goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    /// Stop it, then finish it as cancelled.
    pub(crate) cancel: CancellationToken,
    /// Tear it down and report nothing.
    pub(crate) drop: CancellationToken,
}
