//! What is known of a run that is followed: which logs to read, and what is to be told when. Pure: views and lines
//! in, notices out, each told once. The end of a step is told after the last line of its log.

use super::lines::Line;
use sidings_proto::api::{AttemptView, JobView, RunView, State, StepView, WaitFor};
use sidings_proto::{JobId, StepNo, Verdict};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Lines kept of the end of each log, for those who do not see all.
pub(crate) const TAIL: usize = 20;

/// The log of one step in one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogId {
    /// Which job.
    pub(crate) job: JobId,
    /// Which attempt of it.
    pub(crate) fence: u64,
    /// Which step of that; 0 is the setup.
    pub(crate) step: StepNo,
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Notice {
    /// The job waits for what does not come by itself.
    Waits(JobId, WaitFor),
    /// A runner took the job.
    AttemptStarted(JobId, u64),
    /// A step began.
    StepStarted(LogId),
    /// A step is over, and its log is told.
    StepEnded(LogId),
    /// A runner was lost, or failed by itself; the job is tried again.
    AttemptLost(JobId, u64),
    /// A job is over, and all its logs are told.
    JobEnded(JobId),
}

/// What part of a run is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Only these jobs; all where there are none.
    pub(crate) jobs: Vec<JobId>,
    /// Only this step of them.
    pub(crate) step: Option<StepNo>,
    /// Only this attempt of each job.
    pub(crate) attempt: Option<u64>,
}

impl Scope {
    pub(crate) fn takes_job(&self, job: JobId) -> bool {
        self.is_whole() || self.jobs.contains(&job)
    }

    /// Whether no job is left out.
    pub(crate) fn is_whole(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Whether a log is shown without being followed: a service's only where it is asked for.
    pub(crate) fn shows(&self, step: StepNo) -> bool {
        self.step.map_or(step < StepNo::FIRST_SERVICE, |only| only == step)
    }

    fn takes(&self, log: LogId) -> bool {
        self.takes_job(log.job) && self.step.is_none_or(|only| only == log.step) && self.takes_attempt(log.fence)
    }

    fn takes_attempt(&self, fence: u64) -> bool {
        self.attempt.is_none_or(|only| only == fence)
    }
}

/// How far a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// There may be more.
    Going,
    /// The step is over and its log has this length.
    Ended {
        /// Frames included.
        bytes: u64,
    },
    /// The attempt is over: what is there is all there will be.
    Over,
}

/// How far a log is, by what the run says of it.
pub(crate) fn fate(run: &RunView, log: LogId) -> Fate {
    let Some(job) = run.jobs.iter().find(|job| job.id == log.job) else { return Fate::Over };
    let over = |attempt: &AttemptView| attempt.fence != log.fence || attempt.ended.is_some();
    if job.state == State::Ended || job.attempts.last().is_none_or(over) {
        return Fate::Over;
    }
    let of_step = job.steps.iter().find(|step| step.no == log.step).and_then(|step| step.log.as_ref());
    let of_service = job.services.iter().find(|service| service.no == log.step).and_then(|of| of.log.as_ref());
    match of_step.or(of_service) {
        Some(digest) => Fate::Ended { bytes: digest.bytes },
        None => Fate::Going,
    }
}

/// A run that is followed.
#[derive(Debug)]
pub(crate) struct Following {
    run: RunView,
    scope: Scope,
    logs: BTreeMap<LogId, Tail>,
    told: BTreeSet<Notice>,
}

/// The end of a log.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// At most [`TAIL`] lines.
    pub(crate) lines: VecDeque<Line>,
    /// Lines in all.
    pub(crate) count: u64,
    ended: bool,
}

impl Following {
    /// Nothing is known yet but that there is such a run.
    pub(crate) fn new(run: RunView, scope: Scope) -> Following {
        Following { run, scope, logs: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// The run as it was last seen.
    pub(crate) fn run(&self) -> &RunView {
        &self.run
    }

    /// The run changed. Gives the logs that are to be read from now on.
    pub(crate) fn see(&mut self, run: RunView) -> Vec<LogId> {
        self.run = run;
        let logs: Vec<LogId> = self.run.jobs.iter().flat_map(logs_of).collect();
        let new = logs.into_iter().filter(|log| self.scope.takes(*log) && !self.logs.contains_key(log));
        let new: Vec<LogId> = new.collect();
        self.logs.extend(new.iter().map(|log| (*log, Tail::default())));
        new
    }

    /// Lines of a log came.
    pub(crate) fn take(&mut self, log: LogId, lines: &[Line]) {
        let tail = self.logs.entry(log).or_default();
        tail.count += lines.len() as u64;
        tail.lines.extend(lines[lines.len().saturating_sub(TAIL)..].iter().cloned());
        let surplus = tail.lines.len().saturating_sub(TAIL);
        tail.lines.drain(..surplus);
    }

    /// A log has ended, and all its lines came.
    pub(crate) fn log_ended(&mut self, log: LogId) {
        self.logs.entry(log).or_default().ended = true;
    }

    /// What is to be told now.
    pub(crate) fn due(&mut self) -> Vec<Notice> {
        let jobs = self.run.jobs.iter().filter(|job| self.scope.takes_job(job.id));
        let mut due: Vec<Notice> = jobs.flat_map(|job| self.due_of(job)).collect();
        due.retain(|notice| self.told.insert(notice.clone()));
        due
    }

    /// Whether the end of a step was told.
    pub(crate) fn told_end_of(&self, log: LogId) -> bool {
        self.told.contains(&Notice::StepEnded(log))
    }

    /// Whether everything was told that there is to tell.
    pub(crate) fn is_complete(&self) -> bool {
        let mut jobs = self.run.jobs.iter().filter(|job| self.scope.takes_job(job.id));
        let scope_ended = !self.scope.is_whole() && jobs.all(|job| self.scope_ended(job));
        (scope_ended || self.run.summary.state == State::Ended) && self.logs.values().all(|tail| tail.ended)
    }

    /// The end of a log.
    pub(crate) fn tail(&self, log: LogId) -> Option<&Tail> {
        self.logs.get(&log)
    }

    /// The job with this id.
    pub(crate) fn job(&self, id: JobId) -> Option<&JobView> {
        self.run.jobs.iter().find(|job| job.id == id)
    }

    /// The step that a log is of.
    pub(crate) fn step(&self, log: LogId) -> Option<&StepView> {
        self.job(log.job)?.steps.iter().find(|step| step.no == log.step)
    }

    /// `setup`, or the name of the step or service.
    pub(crate) fn step_name(&self, log: LogId) -> String {
        let services = self.job(log.job).into_iter().flat_map(|job| &job.services);
        let service = services.filter(|service| service.no == log.step).map(|service| service.name.clone()).next();
        let step = self.step(log).map(|step| step.name.clone()).or(service);
        step.unwrap_or_else(|| if log.step == StepNo::SETUP { "setup".to_owned() } else { log.step.to_string() })
    }

    fn scope_ended(&self, job: &JobView) -> bool {
        let attempt_ended = |only| job.attempts.iter().any(|it| it.fence == only && it.ended.is_some());
        // The steps are those of the newest attempt.
        let is_newest = job.attempts.last().is_some_and(|newest| self.scope.takes_attempt(newest.fence));
        let steps = job.steps.iter().map(|step| (step.no, step.state));
        let all = || steps.clone().chain(job.services.iter().map(|service| (service.no, service.state)));
        let step_ended = |only| all().any(|(no, state)| no == only && state == State::Ended);
        job.state == State::Ended
            || self.scope.attempt.is_some_and(attempt_ended)
            || (is_newest && self.scope.step.is_some_and(step_ended))
    }

    fn due_of(&self, job: &JobView) -> Vec<Notice> {
        let wait = job.wait.as_ref().filter(|wait| needs_somebody(wait.kind));
        let mut due: Vec<Notice> = wait.map(|wait| Notice::Waits(job.id, wait.kind)).into_iter().collect();
        for attempt in job.attempts.iter().filter(|attempt| self.scope.takes_attempt(attempt.fence)) {
            due.push(Notice::AttemptStarted(job.id, attempt.fence));
            if job.attempts.last() == Some(attempt) {
                job.steps.iter().for_each(|step| self.due_of_step(job, attempt.fence, step, &mut due));
            }
            if self.is_lost(job, attempt) {
                due.push(Notice::AttemptLost(job.id, attempt.fence));
            }
        }
        if job.state == State::Ended && self.logs_ended(|log| log.job == job.id) {
            due.push(Notice::JobEnded(job.id));
        }
        due
    }

    fn due_of_step(&self, job: &JobView, fence: u64, step: &StepView, due: &mut Vec<Notice>) {
        let log = LogId { job: job.id, fence, step: step.no };
        if !has_begun(step) || !self.scope.takes(log) {
            return;
        }
        due.push(Notice::StepStarted(log));
        if step.state == State::Ended && self.logs_ended(|other| other == log) {
            due.push(Notice::StepEnded(log));
        }
    }

    fn is_lost(&self, job: &JobView, attempt: &AttemptView) -> bool {
        let again = job.state != State::Ended || job.attempts.last() != Some(attempt);
        let of_it = |log: LogId| log.job == job.id && log.fence == attempt.fence;
        attempt.ended.is_some() && again && self.logs_ended(of_it)
    }

    fn logs_ended(&self, which: impl Fn(LogId) -> bool) -> bool {
        self.logs.iter().filter(|(log, _)| which(**log)).all(|(_, tail)| tail.ended)
    }
}

/// Every log that has been begun: of an attempt that is over and was followed by another, perhaps unseen, each step's and each service's.
fn logs_of(job: &JobView) -> Vec<LogId> {
    let newest = job.attempts.last().map(|attempt| attempt.fence);
    let of = |attempt: &AttemptView| {
        let fence = attempt.fence;
        let steps = job.steps.iter().filter(move |step| Some(fence) != newest || has_begun(step)).map(|step| step.no);
        let services = job.services.iter().filter(move |service| Some(fence) != newest || service.started.is_some());
        let all = steps.chain(services.map(|service| service.no));
        std::iter::once(StepNo::SETUP).chain(all).map(move |step| LogId { job: job.id, fence, step }).collect()
    };
    job.attempts.iter().flat_map(|attempt| -> Vec<LogId> { of(attempt) }).collect()
}

/// Whether somebody has to do something before the wait is over: agree, or start another runner.
pub(crate) fn needs_somebody(wait: WaitFor) -> bool {
    match wait {
        WaitFor::Approval | WaitFor::Labels | WaitFor::Resources => true,
        WaitFor::Needs | WaitFor::Group | WaitFor::BackOff | WaitFor::Runner | WaitFor::Turn => false,
    }
}

fn has_begun(step: &StepView) -> bool {
    step.started.is_some() || (step.state == State::Ended && !matches!(step.verdict, Some(Verdict::Skipped { .. })))
}

#[cfg(test)]
mod tests;
