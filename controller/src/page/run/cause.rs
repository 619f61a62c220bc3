//! Why a run failed: whose failure it is, the step, the last it wrote, the tests. What a person wants to see first.
//!
//! Copies of a split job that failed for the same tests are told of once, by the one whose log has what went wrong.

use crate::http::App;
use crate::http::logs::readable;
use crate::logs::lines::{Line, Part};
use crate::page::error::PageError;
use crate::page::log::rows::{LogRow, rows};
use anyhow::Context;
use sidings_proto::api::{JobView, RunView, StepView};
use sidings_proto::split::desk::files_of;
use sidings_proto::tested::TestCase;
use sidings_proto::{AttemptId, Failure, FailureClass, JobId, StepNo, Verdict};
use std::ops::ControlFlow;

/// Jobs whose failure is told whole.
const TOLD: usize = 4;
/// Lines of a log.
const LINES: usize = 14;
/// … of which so many come before the one that tells of a test.
const BEFORE: u64 = 4;
/// Lines at the end of a log in which it is looked for.
const SEARCHED: u64 = 20_000;
/// How runners say that a test went wrong.
const WRONG: [&str; 9] = ["FAIL", "Fail", "fail", "ERROR", "not ok", "✗", "✖", "✘", "✕"];
/// A name of fewer letters stands in too many lines.
const OWN_MIN: usize = 4;

/// Why a job failed.
pub(super) struct Cause {
    pub(super) job: JobId,
    pub(super) name: String,
    /// Whose failure it is.
    pub(super) owner: &'static str,
    pub(super) class: FailureClass,
    pub(super) message: String,
    /// Other copies of the job, which failed for the same.
    pub(super) same: Vec<String>,
    /// Where the failed step's log is.
    pub(super) log: Option<FailedLog>,
    pub(super) tests: Vec<TestCase>,
    pub(super) more_tests: u64,
}

/// The end of the log that says why, or, of tests of a queue, what it says of one that failed.
pub(super) struct FailedLog {
    /// The page of it.
    pub(super) own: String,
    pub(super) name: String,
    pub(super) rows: Vec<LogRow>,
    /// It is of a test that failed.
    is_of_test: bool,
}

/// The causes, and how many more jobs failed.
pub(super) async fn of(app: &App, run: &RunView) -> Result<(Vec<Cause>, usize), PageError> {
    let failed = run.jobs.iter().filter(|job| !job.allow_failure).filter_map(|job| match &job.verdict {
        Some(Verdict::Failed(failure)) => Some((job, failure)),
        Some(Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. }) | None => None,
    });
    let mut failures: Vec<(&Failure, Vec<&JobView>)> = Vec::new();
    for (job, failure) in failed {
        match failures.iter_mut().find(|(same, jobs)| *same == failure && are_copies(jobs[0], job)) {
            Some((_, jobs)) => jobs.push(job),
            None => failures.push((failure, vec![job])),
        }
    }
    let mut causes = Vec::new();
    for (failure, jobs) in failures.iter().take(TOLD) {
        causes.push(of_copies(app, run, jobs, failure).await?);
    }
    let more = failures.iter().skip(TOLD).map(|(_, jobs)| jobs.len()).sum();
    Ok((causes, more))
}

/// Whether two jobs work off the same tests, and no reports tell them apart.
fn are_copies(one: &JobView, other: &JobView) -> bool {
    let has_reports = |job: &JobView| job.tests.as_ref().is_some_and(|tests| !tests.bad.is_empty());
    one.suite.is_some() && one.suite == other.suite && !has_reports(one) && !has_reports(other)
}

/// The one of the copies whose log tells of a test that failed, else the first.
async fn of_copies(app: &App, run: &RunView, jobs: &[&JobView], failure: &Failure) -> Result<Cause, PageError> {
    let mut first = None;
    for job in jobs.iter().take(TOLD) {
        let found = cause(app, run, job, failure).await?;
        if found.log.as_ref().is_some_and(|log| log.is_of_test) {
            first = Some(found);
            break;
        }
        first = first.or(Some(found));
    }
    let first = first.context("a failure of no job")?;
    let same = jobs.iter().filter(|job| job.id != first.job).map(|job| job.name.clone()).collect();
    Ok(Cause { same, ..first })
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
        same: Vec::new(),
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
    let tests = failed_tests(run, job);
    let read = move || telling(Part { file: &file, length }, &tests);
    let (lines, is_of_test) = tokio::task::spawn_blocking(read).await.context("reading a log")??;
    Ok((!lines.is_empty()).then(|| FailedLog { own, name, rows: rows(&lines), is_of_test }))
}

/// Tests of the job's queue that went wrong, as its sum names them.
fn failed_tests(run: &RunView, job: &JobView) -> Vec<String> {
    let sum = run.splits.iter().find(|sum| job.suite.as_ref() == Some(&sum.suite));
    let named = sum.into_iter().flat_map(|sum| &sum.reasons).flat_map(|reason| reason.lines().skip(1));
    named.map(|test| test.trim().trim_end_matches('…').to_owned()).filter(|test| !test.is_empty()).collect()
}

/// What a log says last of one of these tests, and whether it says anything; else its end.
fn telling(log: Part<'_>, tests: &[String]) -> anyhow::Result<(Vec<Line>, bool)> {
    if tests.is_empty() {
        return Ok((log.tail(LINES)?, false));
    }
    let mut found = None;
    log.from(log.count()?.saturating_sub(SEARCHED).max(1), &mut |line| {
        if tells_of(&String::from_utf8_lossy(line.bytes), tests) {
            found = Some(line.no);
        }
        ControlFlow::Continue(())
    })?;
    match found {
        Some(no) => Ok((log.window(no.saturating_sub(BEFORE).max(1), LINES)?, true)),
        None => Ok((log.tail(LINES)?, false)),
    }
}

/// Whether a line says that one of these tests went wrong, in the words of most test runners: `FAILED a.py::b - why`,
/// `--- FAIL: TestB`, `✘ [firefox] › b.spec.js`. A runner may name the test's file, or the test without its file.
fn tells_of(line: &str, tests: &[String]) -> bool {
    if !WRONG.iter().any(|word| line.contains(word)) {
        return false;
    }
    let line: String = line.chars().flat_map(char::escape_debug).collect();
    let own = |test: &str| {
        test.rsplit(['/', ':', ' ']).next().filter(|own| own.len() >= OWN_MIN).is_some_and(|own| line.contains(own))
    };
    tests.iter().any(|test| files_of(test).any(|name| line.contains(name)) || own(test))
}

/// The step that made its job fail.
fn failed_step(job: &JobView) -> Option<&StepView> {
    job.steps.iter().find(|step| !step.allow_failure && step.verdict.as_ref().is_some_and(Verdict::is_failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_tell_of_a_test_are_known_in_the_words_of_most_runners() {
        let tests = ["t/a.py::test_b", "t/c.spec.js[firefox]", "roman TestSigns", "it\\'s"].map(str::to_owned);
        for line in [
            "FAILED t/a.py::test_b - assert 5 == 6",
            "--- FAIL: TestSigns (0.01s)",
            "  ✘  1 [firefox] › t/c.spec.js:3:5 › adds",
            "FAILED it's (0.7 s)",
        ] {
            assert!(tells_of(line, &tests), "{line}");
        }
        for line in ["t/a.py::test_b PASSED", "1 failed:", "FAILED t/other.py::test_x", "FAIL: a b"] {
            assert!(!tells_of(line, &tests), "{line}");
        }
    }
}
