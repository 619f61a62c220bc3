//! The attempts that are with runners now, and what must be known of them without asking the loop.
//!
//! The loop writes here after each transaction and before it answers, so whoever was handed an attempt finds it, and
//! whoever is told of its end no longer does. The core's word counts where an outcome depends on it; this view is for
//! log chunks, of which there are many.

use crate::core::event::{ActiveRun, Record, RunContent, RunSpec, StoredState};
use crate::logs::AttemptLogs;
use sidings_proto::runner::Progress;
use sidings_proto::{AttemptId, JobId, PlannedJob, RunId, RunnerId, StepNo, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio_util::sync::CancellationToken;

/// A job of a run that has not ended.
#[derive(Clone)]
pub(crate) struct LiveJob {
    /// Its run.
    pub(crate) run: Arc<RunSpec>,
    /// Its place in the plan.
    pub(crate) index: usize,
    /// Since when it waits for a runner.
    pub(crate) since: Option<Timestamp>,
}

impl LiveJob {
    /// What the plan says of it.
    pub(crate) fn planned(&self) -> Option<&PlannedJob> {
        match &self.run.content {
            RunContent::Plan { plan, .. } => plan.jobs.get(self.index),
            RunContent::Invalid { .. } => None,
        }
    }

    /// Whether its attempts have a log of this number.
    pub(crate) fn has_log(&self, step: StepNo) -> bool {
        step == StepNo::SETUP || self.planned().is_some_and(|job| job.spec.logs().any(|known| known == step))
    }
}

/// An attempt that is with a runner.
pub(crate) struct Current {
    /// Its job.
    pub(crate) job: LiveJob,
    /// Who has it.
    pub(crate) runner: RunnerId,
    /// Its logs.
    pub(crate) logs: AttemptLogs,
    /// Cancelled when it is no longer with a runner.
    pub(crate) over: CancellationToken,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Live {
    all: RwLock<All>,
}

#[derive(Default)]
struct All {
    runs: HashMap<RunId, Arc<RunSpec>>,
    jobs: HashMap<JobId, LiveJob>,
    attempts: HashMap<AttemptId, Arc<Current>>,
}

impl Live {
    /// What was live when the store was read.
    pub(crate) fn restore(active: &[ActiveRun]) -> Self {
        let mut all = All::default();
        for ActiveRun { run, jobs, .. } in active {
            all.add_run(run);
            let RunContent::Plan { job_ids, .. } = &run.content else { continue };
            for (id, job) in job_ids.iter().zip(jobs) {
                if let StoredState::Leased { runner, .. } = job.state {
                    all.add_attempt(AttemptId { job: *id, fence: job.fence }, runner);
                }
            }
        }
        Self { all: RwLock::new(all) }
    }

    /// An attempt, while it is with a runner.
    pub(crate) fn attempt(&self, id: AttemptId) -> Option<Arc<Current>> {
        self.read().attempts.get(&id).cloned()
    }

    /// The attempts of a run that are with runners.
    pub(crate) fn attempts_of(&self, run: RunId) -> Vec<(AttemptId, LiveJob)> {
        let all = self.read();
        let of_run = all.attempts.iter().filter(|(_, current)| current.job.run.id == run);
        of_run.map(|(id, current)| (*id, current.job.clone())).collect()
    }

    /// The attempts that are with runners, and with whom.
    pub(crate) fn all_attempts(&self) -> Vec<(AttemptId, RunnerId, LiveJob)> {
        let all = self.read();
        all.attempts.iter().map(|(id, current)| (*id, current.runner, current.job.clone())).collect()
    }

    /// The runs that have not ended.
    pub(crate) fn runs(&self) -> Vec<Arc<RunSpec>> {
        self.read().runs.values().cloned().collect()
    }

    /// Whether a run has not ended.
    pub(crate) fn has_run(&self, run: RunId) -> bool {
        self.read().runs.contains_key(&run)
    }

    /// A job, while its run has not ended.
    pub(crate) fn job(&self, id: JobId) -> Option<LiveJob> {
        self.read().jobs.get(&id).cloned()
    }

    /// A record is durable.
    pub(super) fn saw(&self, record: &Record) {
        match record {
            Record::RunAccepted { run, .. } => self.write().add_run(run),
            Record::JobQueued { job, since, .. } => {
                if let Some(known) = self.write().jobs.get_mut(job) {
                    known.since = Some(*since);
                }
            }
            Record::AttemptStarted { attempt, runner, .. } => self.write().add_attempt(*attempt, *runner),
            Record::AttemptProgressed { attempt, event: Progress::StepEnded(result) } => {
                if let Some(current) = self.attempt(*attempt) {
                    current.logs.step_ended(result.step, result.log.bytes);
                }
            }
            Record::AttemptEnded { attempt, .. } => {
                if let Some(current) = self.write().attempts.remove(attempt) {
                    current.logs.close();
                    current.over.cancel();
                }
            }
            Record::RunEnded { run, .. } => self.write().remove_run(*run),
            Record::AttemptProgressed { .. }
            | Record::ArtifactsKept { .. }
            | Record::CachesSaved { .. }
            | Record::JobEnded { .. }
            | Record::RunCancelling { .. }
            | Record::JobStopping { .. }
            | Record::JobApproved { .. }
            | Record::RunnersDrained { .. }
            | Record::RunnersResumed { .. }
            | Record::PaceLearnt { .. } => {}
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, All> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, All> {
        self.all.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn add_run(&mut self, run: &Arc<RunSpec>) {
        let RunContent::Plan { job_ids, .. } = &run.content else { return };
        self.runs.insert(run.id, run.clone());
        for (index, id) in job_ids.iter().enumerate() {
            self.jobs.insert(*id, LiveJob { run: run.clone(), index, since: None });
        }
    }

    fn remove_run(&mut self, run: RunId) {
        let Some(run) = self.runs.remove(&run) else { return };
        let RunContent::Plan { job_ids, .. } = &run.content else { return };
        for id in job_ids {
            self.jobs.remove(id);
        }
    }

    fn add_attempt(&mut self, id: AttemptId, runner: RunnerId) {
        if self.attempts.contains_key(&id) {
            return;
        }
        if let Some(job) = self.jobs.get(&id.job).cloned() {
            let (logs, over) = Default::default();
            self.attempts.insert(id, Arc::new(Current { job, runner, logs, over }));
        }
    }
}
