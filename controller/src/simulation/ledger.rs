//! What an onlooker writes down of a simulated world, and what must never be: the invariants, judged from the durable
//! records and from what runners really saw, without a look into the core.

use super::workload::ExitRecords;
use crate::core::event::{Record, RunContent, RunSpec};
use crate::core::tests::dialogue::name;
use sidings_proto::{AttemptId, Concurrency, FailureClass, JobId, PlannedJob, RunId, RunnerId, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// `I1`, `I2`, `I4`, `I6`; `order` for a job that started when it should not, `place` for one that started where it
    /// should not, `retry` for one that was tried too often or not often enough,
    /// `group` for one that was not let in.
    pub(super) invariant: &'static str,
    pub(super) what: String,
}

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    runs: BTreeMap<RunId, RunLine>,
    jobs: BTreeMap<JobId, JobLine>,
    acknowledged: BTreeSet<RunId>,
    accepted_finishes: BTreeSet<AttemptId>,
    exit_records: BTreeMap<AttemptId, ExitRecords>,
    runners: BTreeMap<RunnerId, BTreeMap<String, String>>,
}

#[derive(Debug)]
struct RunLine {
    spec: Arc<RunSpec>,
    cancelling: bool,
    ended: bool,
}

#[derive(Debug)]
struct JobLine {
    run: RunId,
    planned: PlannedJob,
    fence: u64,
    /// It alone is being stopped.
    stopping: bool,
    /// Attempts that failed by the user's fault.
    own_failures: u32,
    /// How the newest attempt ended.
    end: Option<Verdict>,
    outcome: Option<Verdict>,
}

impl Ledger {
    /// Writes down what became durable.
    pub(super) fn record(&mut self, record: &Record) -> Result<(), Violation> {
        match record {
            Record::RunAccepted { run, .. } => self.run_accepted(run),
            Record::AttemptStarted { attempt, runner, .. } => self.attempt_started(*attempt, *runner),
            Record::AttemptProgressed { attempt, .. } => {
                ensure(!self.is_stale(*attempt), "I2", || format!("{} went on when it was over", tried(*attempt)))
            }
            Record::AttemptEnded { attempt, verdict, .. } => self.attempt_ended(*attempt, verdict),
            Record::JobEnded { job, verdict, .. } => self.job_ended(*job, verdict),
            Record::RunEnded { run, .. } => self.run_ended(*run),
            Record::JobQueued { job, .. } => {
                let over = self.jobs.get(job).is_some_and(|line| line.outcome.is_some());
                ensure(!over, "I1", || format!("{} is in line and has its outcome", name(job.0)))
            }
            Record::JobStopping { job, .. } => {
                self.job(*job)?.stopping = true;
                Ok(())
            }
            Record::JobApproved { .. } | Record::ArtifactsKept { .. } | Record::CachesSaved { .. } => Ok(()),
            Record::RunnersDrained { .. } | Record::RunnersResumed { .. } | Record::PaceLearnt { .. } => Ok(()),
            Record::RunCancelling { run, .. } => {
                self.runs.get_mut(run).ok_or_else(|| unknown(&name(run.0)))?.cancelling = true;
                Ok(())
            }
        }
    }

    /// What a runner really is.
    pub(super) fn knows(&mut self, runner: RunnerId, labels: BTreeMap<String, String>) {
        self.runners.insert(runner, labels);
    }

    /// Somebody was told that the run is accepted.
    pub(super) fn acknowledge(&mut self, run: RunId) {
        self.acknowledged.insert(run);
    }

    /// A runner was told that its finish is accepted.
    pub(super) fn finish_accepted(&mut self, attempt: AttemptId) -> Result<(), Violation> {
        let first = self.accepted_finishes.insert(attempt);
        ensure(first, "I1", || format!("the finish of {} was accepted twice", tried(attempt)))
    }

    /// What is really in the exit records of an attempt's steps.
    pub(super) fn wrote_exit_records(&mut self, attempt: AttemptId, records: ExitRecords) {
        self.exit_records.insert(attempt, records);
    }

    /// Whether the attempt's messages must change nothing: it is over, or it never was.
    pub(super) fn is_stale(&self, attempt: AttemptId) -> bool {
        let line = self.jobs.get(&attempt.job);
        !line.is_some_and(|line| line.fence == attempt.fence && line.end.is_none() && line.outcome.is_none())
    }

    /// The newest attempt of the same job.
    pub(super) fn newest(&self, attempt: AttemptId) -> AttemptId {
        let fence = self.jobs.get(&attempt.job).map_or(attempt.fence, |line| line.fence);
        AttemptId { fence, ..attempt }
    }

    pub(super) fn all_ended(&self) -> bool {
        self.runs.values().all(|run| run.ended)
    }

    /// At the end: everything that was acknowledged has its outcome.
    pub(super) fn close(&self) -> Result<(), Violation> {
        for run in &self.acknowledged {
            let ended = self.runs.get(run).is_some_and(|line| line.ended);
            ensure(ended, "I4", || format!("{} was accepted and has no outcome", name(run.0)))?;
        }
        for (job, line) in &self.jobs {
            ensure(line.outcome.is_some(), "I4", || format!("{} has no outcome", name(job.0)))?;
        }
        Ok(())
    }

    /// What each job came to.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (RunId, JobId, Option<&Verdict>)> {
        self.jobs.iter().map(|(id, line)| (line.run, *id, line.outcome.as_ref()))
    }

    fn run_accepted(&mut self, run: &Arc<RunSpec>) -> Result<(), Violation> {
        let known = self.runs.insert(run.id, RunLine { spec: run.clone(), cancelling: false, ended: false });
        ensure(known.is_none(), "I4", || format!("{} was accepted twice", name(run.id.0)))?;
        let RunContent::Plan { plan, job_ids } = &run.content else { return Ok(()) };
        for (planned, id) in plan.jobs.iter().zip(job_ids) {
            let line = JobLine {
                run: run.id,
                planned: planned.clone(),
                fence: 0,
                stopping: false,
                own_failures: 0,
                end: None,
                outcome: None,
            };
            self.jobs.insert(*id, line);
        }
        Ok(())
    }

    fn attempt_started(&mut self, attempt: AttemptId, runner: RunnerId) -> Result<(), Violation> {
        self.may_start(attempt.job)?;
        self.may_have(attempt.job, runner)?;
        self.is_let_in(attempt.job)?;
        let line = self.job(attempt.job)?;
        ensure(line.outcome.is_none(), "I1", || format!("{} started after the outcome", tried(attempt)))?;
        ensure(line.fence == 0 || line.end.is_some(), "I1", || format!("{} is one of two", tried(attempt)))?;
        ensure(attempt.fence == line.fence + 1, "I1", || format!("{} is not the next", tried(attempt)))?;
        (line.fence, line.end) = (attempt.fence, None);
        Ok(())
    }

    fn attempt_ended(&mut self, attempt: AttemptId, verdict: &Verdict) -> Result<(), Violation> {
        ensure(!self.is_stale(attempt), "I2", || format!("{} ended when it was over", tried(attempt)))?;
        if *verdict == Verdict::Passed {
            let proven = self.is_proven(attempt);
            ensure(proven, "I6", || format!("{} passed without an exit record", tried(attempt)))?;
        }
        let line = self.job(attempt.job)?;
        line.end = Some(verdict.clone());
        line.own_failures += u32::from(own_failure(verdict).is_some());
        Ok(())
    }

    fn job_ended(&mut self, job: JobId, verdict: &Verdict) -> Result<(), Violation> {
        let line = self.job(job)?;
        ensure(line.outcome.is_none(), "I1", || format!("{} has a second outcome", name(job.0)))?;
        let is_over = line.fence == 0 || line.end.is_some();
        ensure(is_over, "I1", || format!("{} ended while an attempt was out", name(job.0)))?;
        let unproven = *verdict == Verdict::Passed && line.end != Some(Verdict::Passed);
        ensure(!unproven, "I6", || format!("{} passed and no attempt of it did", name(job.0)))?;
        line.outcome = Some(verdict.clone());
        self.was_tried_enough(job, verdict)
    }

    /// A failure that may be tried again is an outcome only when the tries are used up or the run is being stopped.
    fn was_tried_enough(&self, job: JobId, verdict: &Verdict) -> Result<(), Violation> {
        let Some(line) = self.jobs.get(&job) else { return Ok(()) };
        let retry = &line.planned.scheduling.retry;
        let most = if retry.is_never() { 1 } else { retry.max + 1 };
        ensure(line.own_failures <= most, "retry", || format!("{} was tried too often", name(job.0)))?;
        let stopped = line.stopping || self.runs.get(&line.run).is_some_and(|run| run.cancelling);
        let again = own_failure(verdict).is_some_and(|class| retry.on.contains(&class)) && !stopped;
        ensure(!again || line.own_failures == most, "retry", || format!("{} was not tried again", name(job.0)))
    }

    fn run_ended(&mut self, id: RunId) -> Result<(), Violation> {
        let open = self.jobs.values().filter(|line| line.run == id && line.outcome.is_none()).count();
        ensure(open == 0, "I4", || format!("{} ended before {open} of its jobs", name(id.0)))?;
        self.failed_fast(id)?;
        let line = self.runs.get_mut(&id).ok_or_else(|| unknown(&name(id.0)))?;
        ensure(!line.ended, "I1", || format!("{} has a second outcome", name(id.0)))?;
        line.ended = true;
        Ok(())
    }

    /// Only a run that is being stopped has cancelled jobs; where a failure is to stop it, that is told as well.
    fn failed_fast(&self, id: RunId) -> Result<(), Violation> {
        let Some(run) = self.runs.get(&id) else { return Ok(()) };
        let RunContent::Plan { job_ids, .. } = &run.spec.content else { return Ok(()) };
        let cancelled = |job: &JobId| self.jobs.get(job).is_some_and(|line| line.outcome == Some(Verdict::Cancelled));
        let alone = |job: &JobId| self.jobs.get(job).is_some_and(|line| line.stopping);
        let stopped = run.cancelling || job_ids.iter().any(alone) || !job_ids.iter().any(cancelled);
        ensure(stopped, "order", || format!("{} has cancelled jobs and nobody stopped it", name(id.0)))
    }

    /// The runner has the labels that the job asks for.
    fn may_have(&self, job: JobId, runner: RunnerId) -> Result<(), Violation> {
        let (Some(line), Some(has)) = (self.jobs.get(&job), self.runners.get(&runner)) else { return Ok(()) };
        let wanted = &line.planned.scheduling.labels;
        let met = wanted.iter().all(|(label, value)| has.get(label) == Some(value));
        ensure(met, "place", || format!("{} started on a runner without its labels", name(job.0)))
    }

    /// Every step left a record, and one that is not 0 only where the plan allows it.
    fn is_proven(&self, attempt: AttemptId) -> bool {
        let (Some(line), Some(records)) = (self.jobs.get(&attempt.job), self.exit_records.get(&attempt)) else {
            return false;
        };
        let mut steps = line.planned.spec.steps().zip(records);
        steps.all(|(step, record)| record.is_some_and(|code| code == 0 || step.allow_failure))
    }

    /// Its run is not being cancelled, and what it needs lets it.
    fn may_start(&self, job: JobId) -> Result<(), Violation> {
        let Some(line) = self.jobs.get(&job) else { return Ok(()) };
        let Some(run) = self.runs.get(&line.run) else { return Ok(()) };
        self.none_failed_for_good(run)?;
        ensure(!line.stopping, "order", || format!("{} started and is being stopped", name(job.0)))?;
        ensure(!run.cancelling, "order", || format!("{} started in a run that is being cancelled", name(job.0)))?;
        let RunContent::Plan { plan, job_ids } = &run.spec.content else { return Ok(()) };
        let mut something_failed = false;
        for (need, id) in plan.jobs.iter().zip(job_ids).filter(|(need, _)| line.planned.needs.contains(&need.name)) {
            let outcome = self.jobs.get(id).and_then(|line| line.outcome.as_ref());
            ensure(outcome.is_some(), "order", || format!("{} started before {}", name(job.0), name(id.0)))?;
            let released = outcome.is_some_and(|outcome| {
                outcome.releases_needs() || need.allow_failure && matches!(outcome, Verdict::Failed(_))
            });
            something_failed |= !released;
        }
        let called_for = line.planned.runs_on.holds(something_failed);
        ensure(called_for, "order", || format!("{} started though it was not called for", name(job.0)))
    }

    /// Not more go on in its group, and in its run's, than may.
    fn is_let_in(&self, job: JobId) -> Result<(), Violation> {
        let Some(line) = self.jobs.get(&job) else { return Ok(()) };
        let Some(run) = self.runs.get(&line.run) else { return Ok(()) };
        let project = |line: &JobLine| self.runs.get(&line.run).map(|run| run.spec.project.clone());
        let begun = |line: &&JobLine| {
            line.fence > 0 && line.outcome.is_none() && project(line) == Some(run.spec.project.clone())
        };
        if let Some(group) = &line.planned.scheduling.concurrency {
            let same = |other: &&JobLine| {
                other.planned.scheduling.concurrency.as_ref().is_some_and(|o| o.group == group.group)
            };
            let others = self.jobs.iter().filter(|(id, _)| **id != job).map(|(_, other)| other);
            let inside = others.filter(begun).filter(same).count();
            ensure(inside < group.limit as usize, "group", || format!("{} is one too many", name(job.0)))?;
        }
        let Some(group) = concurrency(&run.spec) else { return Ok(()) };
        let same = |id: &RunId| {
            self.runs.get(id).and_then(|run| concurrency(&run.spec)).is_some_and(|o| o.group == group.group)
        };
        let others: BTreeSet<RunId> = self.jobs.values().filter(begun).map(|line| line.run).filter(same).collect();
        let inside = others.iter().filter(|id| **id != line.run).count();
        ensure(inside < group.limit as usize, "group", || format!("{} is one too many", name(line.run.0)))
    }

    /// Where failing is fast, nothing starts once a job that may not fail did.
    fn none_failed_for_good(&self, run: &RunLine) -> Result<(), Violation> {
        let RunContent::Plan { plan, job_ids } = &run.spec.content else { return Ok(()) };
        let outcome = |job: &JobId| self.jobs.get(job).and_then(|line| line.outcome.as_ref());
        let mut jobs = plan.jobs.iter().zip(job_ids).filter(|(planned, _)| plan.fail_fast && !planned.allow_failure);
        let failed = jobs.any(|(_, job)| matches!(outcome(job), Some(Verdict::Failed(_))));
        ensure(!failed, "order", || format!("{} goes on after a failure", name(run.spec.id.0)))
    }

    fn job(&mut self, job: JobId) -> Result<&mut JobLine, Violation> {
        self.jobs.get_mut(&job).ok_or_else(|| unknown(&name(job.0)))
    }
}

fn concurrency(spec: &RunSpec) -> Option<&Concurrency> {
    match &spec.content {
        RunContent::Plan { plan, .. } => plan.concurrency.as_ref(),
        RunContent::Invalid { .. } => None,
    }
}

fn own_failure(verdict: &Verdict) -> Option<FailureClass> {
    match verdict {
        Verdict::Failed(failure) if !failure.class.is_infrastructure() => Some(failure.class),
        Verdict::Failed(_) | Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => None,
    }
}

pub(super) fn ensure(holds: bool, invariant: &'static str, what: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { invariant, what: what() }) }
}

fn tried(attempt: AttemptId) -> String {
    format!("{}/{}", name(attempt.job.0), attempt.fence)
}

fn unknown(name: &str) -> Violation {
    Violation { invariant: "I4", what: format!("{name} was never accepted") }
}
