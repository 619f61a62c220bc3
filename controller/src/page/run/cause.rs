//! Why a run failed: whose failure it is, the step, the last it wrote, the tests. What a person wants to see first.

use crate::http::App;
use crate::http::logs::readable;
use crate::logs::lines::Part;
use crate::page::error::PageError;
use crate::page::log::rows::{LogRow, rows};
use anyhow::Context;
use sidings_proto::api::{JobView, RunView, StepView};
use sidings_proto::tested::TestCase;
use sidings_proto::{AttemptId, Failure, FailureClass, JobId, StepNo, Verdict};

/// Jobs whose failure is told whole.
const TOLD: usize = 4;
/// Lines of a log.
const LINES: usize = 14;

/// Why a job failed.
pub(super) struct Cause {
    pub(super) job: JobId,
    pub(super) name: String,
    /// Whose failure it is.
    pub(super) owner: &'static str,
    pub(super) class: FailureClass,
    pub(super) message: String,
    /// Where the failed step's log is.
    pub(super) log: Option<FailedLog>,
    pub(super) tests: Vec<TestCase>,
    pub(super) more_tests: u64,
}

/// The end of the log that says why.
pub(super) struct FailedLog {
    /// The page of it.
    pub(super) own: String,
    pub(super) name: String,
    pub(super) rows: Vec<LogRow>,
}

/// The causes, and how many more jobs failed.
pub(super) async fn of(app: &App, run: &RunView) -> Result<(Vec<Cause>, usize), PageError> {
    let failed = run.jobs.iter().filter(|job| !job.allow_failure).filter_map(|job| match &job.verdict {
        Some(Verdict::Failed(failure)) => Some((job, failure)),
        Some(Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. }) | None => None,
    });
    let failed: Vec<_> = failed.collect();
    let mut causes = Vec::new();
    for (job, failure) in failed.iter().take(TOLD) {
        causes.push(cause(app, run, job, failure).await?);
    }
    Ok((causes, failed.len().saturating_sub(TOLD)))
}

async fn cause(app: &App, run: &RunView, job: &JobView, failure: &Failure) -> Result<Cause, PageError> {
    let tests = job.tests.as_ref();
    let bad = tests.map(|tests| tests.bad.clone()).unwrap_or_default();
    Ok(Cause {
        job: job.id,
        name: job.name.clone(),
        owner: owner(failure.class),
        class: failure.class,
        message: failure.message.clone(),
        log: log(app, run, job).await?,
        more_tests: tests.map_or(0, |tests| tests.counts.bad()).saturating_sub(bad.len() as u64),
        tests: bad,
    })
}

/// Who has to look at it.
fn owner(class: FailureClass) -> &'static str {
    match class {
        FailureClass::StepFailed | FailureClass::TestsFailed => "the project’s code",
        FailureClass::TimedOut => "the project’s code, or its time limit",
        FailureClass::SplitIncomplete => "the project’s tests",
        FailureClass::ImageBuildFailed => "the project’s environment",
        FailureClass::ServiceNotReady => "a service of the pipeline",
        FailureClass::InvalidPipeline | FailureClass::SourceRefused => "the pipeline",
        FailureClass::SecretRefused => "the secrets",
        FailureClass::RunnerLost | FailureClass::EngineFailed => "the fleet, not the project",
    }
}

async fn log(app: &App, run: &RunView, job: &JobView) -> Result<Option<FailedLog>, PageError> {
    let Some(attempt) = job.attempts.last() else { return Ok(None) };
    let (step, name) = match failed_step(job) {
        Some(step) => (step.no, step.name.clone()),
        None => (StepNo::SETUP, "setup".to_owned()),
    };
    let attempt = AttemptId { job: job.id, fence: attempt.fence };
    let own = format!("/jobs/{}/logs/{step}?attempt={}", job.id, attempt.fence);
    let (file, length) = readable(app, run.summary.id, attempt, step).await?;
    let tail = move || Part { file: &file, length }.tail(LINES);
    let lines = tokio::task::spawn_blocking(tail).await.context("reading a log")??;
    Ok((!lines.is_empty()).then(|| FailedLog { own, name, rows: rows(&lines) }))
}

/// The step that made its job fail.
fn failed_step(job: &JobView) -> Option<&StepView> {
    job.steps.iter().find(|step| !step.allow_failure && step.verdict.as_ref().is_some_and(Verdict::is_failed))
}
