//! Runs that take longer than their pipeline lets them are stopped. The time begins when the first job is handed out, so
//! nobody is stopped for having waited in line for the first.

use super::Core;
use super::outbox::Outbox;
use super::run::Run;
use sidings_proto::{RunId, StopReason, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

/// When the time of each run that has a limit and has begun is over.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Limits(BTreeSet<(Timestamp, RunId)>);

impl Limits {
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    pub(super) fn forget(&mut self, run: &Run) {
        if let Some(at) = time_over(run) {
            self.0.remove(&(at, run.spec.id));
        }
    }

    fn take_due(&mut self, now: Timestamp) -> Option<RunId> {
        let due = self.0.first().copied().filter(|(at, _)| *at <= now)?;
        self.0.remove(&due).then_some(due.1)
    }
}

impl Core {
    /// A job of the run was handed out; only the first time counts.
    pub(super) fn run_began(&mut self, at: Timestamp, id: RunId) {
        let Some(run) = self.runs.get_mut(&id).filter(|run| run.began.is_none()) else { return };
        run.began = Some(at);
        self.limits.0.extend(time_over(run).map(|at| (at, id)));
    }

    /// Stops the runs whose time is over.
    pub(super) fn stop_what_took_too_long(&mut self, now: Timestamp, out: &mut Outbox) {
        while let Some(id) = self.limits.take_due(now) {
            let limit_ms = self.runs.get(&id).and_then(|run| run.plan().timeout_ms).unwrap_or_default();
            self.stop_run(now, id, StopReason::TimedOut { limit_ms }, out);
            self.end_run_if_over(now, id, out);
        }
    }
}

fn time_over(run: &Run) -> Option<Timestamp> {
    Some(run.began? + Duration::from_millis(run.plan().timeout_ms?))
}
