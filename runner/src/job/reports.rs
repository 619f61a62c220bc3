//! What a job's reports of tests mean: they are read when its steps are over, however those ended, and told.
//!
//! Exit codes decide whether a job passed. Its tests say why it failed, and nothing of them makes a job pass or fail
//! but that they are missing where the job requires them.

use super::course::Course;
use super::verdict::failed;
use crate::reports::{Asked, Collected, collect};
use sidings_proto::step::SPEC_FILE;
use sidings_proto::{Failure, FailureClass, TestCounts, TestReport, Verdict};
use std::os::unix::fs::MetadataExt;

/// Lines about reports in the job's log.
const NOTES: usize = 30;

impl Course<'_> {
    /// Reads the reports, tells of them, and gives the verdict with what they say.
    pub(super) async fn with_tests(&self, verdict: Verdict) -> Verdict {
        let reports = &self.assignment.spec.reports;
        let since = if reports.is_unsaid() { None } else { self.first_step_began() };
        let Some(since) = since.filter(|_| !self.channel.orders.drop.is_cancelled()) else { return verdict };
        let asked = Asked {
            workspace: self.folder.workspace(),
            patterns: reports.junit.clone(),
            since,
            spool: self.folder.tests(),
            secrets: self.finder(),
            give_up: self.channel.orders.drop.clone(),
        };
        let collected = match tokio::task::spawn_blocking(move || collect(&asked)).await {
            Ok(collected) => collected,
            Err(panic) => Err(anyhow::Error::new(panic).context("read the reports")),
        };
        match collected {
            Ok(collected) => {
                self.note_tests(&collected);
                self.channel.telling.tests(collected.spooled);
                judged(verdict, collected.counts, reports.required)
            }
            Err(error) => {
                let message = format!("the reports of tests could not be read: {error:#}");
                self.setup.note(&message);
                if verdict == Verdict::Passed { failed(FailureClass::EngineFailed, message) } else { verdict }
            }
        }
    }

    /// By the clock of the file system: when its spec was written. None if no step was begun.
    fn first_step_began(&self) -> Option<(i64, u64)> {
        let steps = self.assignment.spec.steps();
        let specs = steps.filter_map(|step| self.folder.step(step.no).join(SPEC_FILE).symlink_metadata().ok());
        specs.map(|about| (about.ctime(), u64::try_from(about.ctime_nsec()).unwrap_or(0))).min()
    }

    fn note_tests(&self, collected: &Collected) {
        let lines = notes(collected);
        lines.iter().take(NOTES).for_each(|line| self.setup.note(line));
        if lines.len() > NOTES {
            self.setup.note(&format!("and {} more lines about reports", lines.len() - NOTES));
        }
    }
}

/// What the job's log says of its reports.
fn notes(collected: &Collected) -> Vec<String> {
    let tests = format!("tests: {}", spoken(collected.counts));
    let without = collected.without.iter().map(|pattern| format!("no report was found at {pattern}"));
    let remarks = collected.reports.iter().flat_map(|TestReport { path, remarks, .. }| {
        let about = if path.is_empty() { "reports".to_owned() } else { format!("report {path}") };
        remarks.iter().map(move |remark| format!("{about}: {remark}"))
    });
    std::iter::once(tests).chain(without).chain(remarks).collect()
}

/// `2 failed, 1 errored, 30 passed`.
fn spoken(counts: TestCounts) -> String {
    let TestCounts { failed, errored, flaky, passed, skipped } = counts;
    let all = [("failed", failed), ("errored", errored), ("flaky", flaky), ("passed", passed), ("skipped", skipped)];
    let some: Vec<String> =
        all.into_iter().filter(|(_, many)| *many > 0).map(|(word, many)| format!("{many} {word}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

/// The verdict with what the tests say. Pure.
pub(super) fn judged(verdict: Verdict, counts: TestCounts, required: bool) -> Verdict {
    match verdict {
        Verdict::Failed(Failure { class: FailureClass::StepFailed, message }) if counts.bad() > 0 => {
            let (bad, all) = (counts.bad(), counts.total());
            let tests = if all == 1 { "test" } else { "tests" };
            failed(FailureClass::TestsFailed, format!("{bad} of {all} {tests} failed; {message}"))
        }
        Verdict::Passed if required && counts.total() == 0 => {
            failed(FailureClass::TestsFailed, "its reports are required, and there is no test in them")
        }
        Verdict::Passed | Verdict::Failed(_) | Verdict::Cancelled | Verdict::Skipped { .. } => verdict,
    }
}
