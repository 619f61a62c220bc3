//! What others may know of the core, without changing it.

use super::Core;
use super::run::State;
use super::runners::Runner;
use sidings_proto::api::{RunnerState, RunnerView};
use sidings_proto::{AttemptId, RunnerId, Timestamp};

/// Whether an attempt's messages still count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStanding {
    /// It is out with its runner.
    Current,
    /// Its finish was accepted.
    AlreadyFinished,
    /// The fence has moved on, or the attempt was never handed out: nothing of it changes anything.
    Stale,
}

/// How much there is of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs that have not ended.
    pub runs: usize,
    /// Jobs that wait for others.
    pub waiting: usize,
    /// Jobs that wait for a runner, or for their back-off to be over.
    pub queued: usize,
    /// Jobs that a runner holds.
    pub running: usize,
    /// Runners that take work.
    pub runners_up: usize,
    /// Runners that finish what they hold.
    pub runners_draining: usize,
    /// Runners that were not heard for a lease's time.
    pub runners_silent: usize,
}

impl Core {
    /// Whether an attempt's messages still count. Ask before its logs are taken.
    pub fn standing(&self, attempt: AttemptId) -> AttemptStanding {
        let job = self.place(attempt.job).and_then(|place| self.job_at(place));
        if job.is_some_and(|job| job.fence == attempt.fence && job.tenure().is_some()) {
            AttemptStanding::Current
        } else if self.finished.contains(attempt) {
            AttemptStanding::AlreadyFinished
        } else {
            AttemptStanding::Stale
        }
    }

    /// The runners that said hello to this life of the controller, by name.
    pub fn runners(&self, now: Timestamp) -> Vec<RunnerView> {
        let mut views: Vec<_> = self.runners.iter().map(|(id, runner)| self.runner_view(now, *id, runner)).collect();
        views.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        views
    }

    /// Whether another runner than this one is there for work, now.
    pub fn has_others(&self, now: Timestamp, than: RunnerId) -> bool {
        let mut others = self.runners.iter().filter(|(id, _)| **id != than);
        others.any(|(_, runner)| self.state_of(now, runner) == RunnerState::Up)
    }

    /// Counts for metrics.
    pub fn counts(&self, now: Timestamp) -> Counts {
        let jobs = || self.runs.values().flat_map(|run| &run.jobs);
        let is_held = |state: &State| match state {
            State::Leased(tenure) => !tenure.has_lapsed(),
            State::Waiting { .. } | State::Queued { .. } | State::Ended(_) => false,
        };
        let in_state = |wanted| self.runners.values().filter(|runner| self.state_of(now, runner) == wanted).count();
        Counts {
            runs: self.runs.len(),
            waiting: jobs().filter(|job| matches!(job.state, State::Waiting { .. })).count(),
            queued: self.queue.len(),
            running: jobs().filter(|job| is_held(&job.state)).count(),
            runners_up: in_state(RunnerState::Up),
            runners_draining: in_state(RunnerState::Draining),
            runners_silent: in_state(RunnerState::Silent),
        }
    }

    fn runner_view(&self, now: Timestamp, id: RunnerId, runner: &Runner) -> RunnerView {
        RunnerView {
            id,
            name: runner.name.clone(),
            state: self.state_of(now, runner),
            version: runner.version.clone(),
            slots: runner.slots,
            busy: u32::try_from(self.busy(id)).unwrap_or(u32::MAX),
            labels: runner.labels.as_ref().clone(),
            resources: runner.resources,
            seen: runner.seen,
            low_disk: runner.low_disk,
            machine: runner.machine,
            drained: self.drain_of(&runner.name).cloned(),
        }
    }

    pub(super) fn state_of(&self, now: Timestamp, runner: &Runner) -> RunnerState {
        if now.since(runner.seen) >= self.policy.lease_ttl {
            RunnerState::Silent
        } else if runner.draining || self.drain_of(&runner.name).is_some() {
            RunnerState::Draining
        } else {
            RunnerState::Up
        }
    }
}
