//! The jobs of a run as rows, of which the one that is looked at is opened to its steps and services.

use super::model::Place;
use crate::follow::LogId;
use crate::render::duration::since;
use sidings_proto::api::{JobView, RunView, State};
use sidings_proto::{StepNo, Timestamp, Verdict};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) state: State,
    pub(super) verdict: Option<Verdict>,
    pub(super) name: String,
    pub(super) time: String,
    /// Why it waits, why it failed, how far its tests are.
    pub(super) note: String,
}

impl Row {
    /// Whether it belongs to the job above it.
    pub(super) fn is_inner(&self) -> bool {
        self.place.step.is_some()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.verdict.as_ref().is_some_and(Verdict::is_failed)
    }
}

/// All rows of a run; `opened` is the job whose steps are among them.
pub(super) fn of(run: &RunView, opened: Option<Place>, now: Timestamp) -> Vec<Row> {
    let mut rows = Vec::new();
    for job in &run.jobs {
        rows.push(of_job(run, job, now));
        if opened.is_some_and(|opened| opened.job == job.id) {
            rows.extend(inner(job, now));
        }
    }
    rows
}

fn of_job(run: &RunView, job: &JobView, now: Timestamp) -> Row {
    let last = job.attempts.last();
    Row {
        place: Place { job: job.id, step: None },
        state: job.state,
        verdict: job.verdict.clone(),
        name: job.name.clone(),
        time: since(last.map(|last| last.started), last.and_then(|last| last.ended), now),
        note: note_of_job(run, job, now),
    }
}

fn note_of_job(run: &RunView, job: &JobView, now: Timestamp) -> String {
    if let Some(wait) = &job.wait {
        return wait.told(now);
    }
    match &job.verdict {
        Some(Verdict::Failed(failure)) => failure.message.clone(),
        Some(Verdict::Skipped { reason, .. }) => reason.clone(),
        Some(Verdict::Passed | Verdict::Cancelled) => String::new(),
        None => split_of(run, job).unwrap_or_default(),
    }
}

/// How far the tests are that a job works on with others.
fn split_of(run: &RunView, job: &JobView) -> Option<String> {
    let suite = job.group.as_ref().unwrap_or(&job.name);
    let sum = run.splits.iter().find(|sum| sum.suite == *suite)?;
    Some(format!("{} of {} tests", sum.settled, sum.total))
}

fn inner(job: &JobView, now: Timestamp) -> Vec<Row> {
    let setup = job.attempts.last().map(|attempt| Row {
        place: Place { job: job.id, step: Some(StepNo::SETUP) },
        state: if job.steps.iter().any(has_begun) || job.state == State::Ended { State::Ended } else { State::Running },
        verdict: job.steps.iter().any(has_begun).then_some(Verdict::Passed),
        name: "setup".to_owned(),
        time: since(Some(attempt.started), first_start(job).or(attempt.ended), now),
        note: String::new(),
    });
    let steps = job.steps.iter().map(|step| Row {
        place: Place { job: job.id, step: Some(step.no) },
        state: step.state,
        verdict: step.verdict.clone(),
        name: step.name.clone(),
        time: since(step.started, step.ended, now),
        note: step.code.filter(|code| *code != 0).map(|code| format!("exit code {code}")).unwrap_or_default(),
    });
    let services = job.services.iter().map(|service| Row {
        place: Place { job: job.id, step: Some(service.no) },
        state: service.state,
        verdict: service.verdict.clone(),
        name: service.name.clone(),
        time: since(service.started, service.ended, now),
        note: "service".to_owned(),
    });
    setup.into_iter().chain(steps).chain(services).collect()
}

fn first_start(job: &JobView) -> Option<Timestamp> {
    job.steps.iter().filter_map(|step| step.started).min()
}

fn has_begun(step: &sidings_proto::api::StepView) -> bool {
    step.started.is_some()
}

/// The log to look at: that of the place, or of a job's step that failed, or is running, or was the last.
pub(super) fn log_of(run: &RunView, place: Place) -> Option<LogId> {
    let job = run.jobs.iter().find(|job| job.id == place.job)?;
    let fence = job.attempts.last()?.fence;
    let step = place.step.unwrap_or_else(|| telling(job));
    Some(LogId { job: job.id, fence, step })
}

fn telling(job: &JobView) -> StepNo {
    let failed = |step: &&sidings_proto::api::StepView| {
        step.verdict.as_ref().is_some_and(Verdict::is_failed) && !step.allow_failure && step.started.is_some()
    };
    let steps = || job.steps.iter();
    let running = steps().find(|step| step.state == State::Running);
    let chosen = steps().find(failed).or(running).or_else(|| steps().rfind(|step| has_begun(step)));
    chosen.map_or(StepNo::SETUP, |step| step.no)
}
