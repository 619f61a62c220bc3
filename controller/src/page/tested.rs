//! The tests of a run: those that failed first, with what they wrote; then flaky ones, the slowest, and how suites that
//! are split were shared out.

mod shared;

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::history;
use super::run::Head;
use super::shell::Shell;
use super::when::lasting;
use crate::http::App;
use crate::http::runs::{find, view};
use crate::store::splits::SplitKey;
use crate::store::tested::CaseFilter;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use shared::Shared;
use sidings_proto::TestOutcome;
use sidings_proto::split::is_copy;
use sidings_proto::tested::{TestCase, TestCounts};
use std::sync::Arc;

/// Bad tests that are shown of a job.
const BAD: usize = 50;
const SLOWEST: usize = 10;

#[derive(Template)]
#[template(path = "tests.html")]
struct TestsPage {
    shell: Shell,
    head: Head,
    shared: Vec<Shared>,
    jobs: Vec<Tested>,
    total: TestCounts,
}

impl TestsPage {
    /// Where a test's history is.
    fn history(&self, case: &TestCase) -> String {
        history::address(&self.head.project, &case.suite, &case.name)
    }

    /// And that of a slow one.
    fn history_of(&self, slow: &Slow) -> String {
        history::address(&self.head.project, &slow.suite, &slow.name)
    }
}

/// The tests of a job.
struct Tested {
    name: String,
    counts: TestCounts,
    remarks: Vec<String>,
    bad: Vec<TestCase>,
    flaky: Vec<TestCase>,
    slowest: Vec<Slow>,
}

/// A test that takes long.
struct Slow {
    name: String,
    suite: String,
    took: String,
    /// Of the slowest, in percent.
    share: u64,
}

pub(super) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
) -> Result<Response, PageError> {
    let run = view(&app, find(&app, &run).await?).await?;
    let id = run.summary.id;
    let (mut jobs, mut total) = (Vec::new(), TestCounts::default());
    for (attempt, reports) in app.store.test_reports(id).await? {
        let Some(job) = run.jobs.iter().find(|job| job.id == attempt.job) else { continue };
        let filter = |slowest_first, limit| CaseFilter { bad_only: false, slowest_first, limit };
        let first = app.store.test_cases(attempt, filter(false, BAD * 2)).await?;
        let slowest = app.store.test_cases(attempt, filter(true, SLOWEST)).await?;
        let mut counts = TestCounts::default();
        reports.iter().for_each(|report| counts.add_all(report.counts));
        total.add_all(counts);
        let remarks = reports.iter().flat_map(|report| &report.remarks).cloned().collect();
        jobs.push(tested(job.name.clone(), counts, remarks, first, &slowest));
    }
    for sum in &run.splits {
        // Reports tell of the same tests, and say more.
        if jobs.iter().any(|job| is_copy(&job.name, &sum.suite)) {
            continue;
        }
        let cases = app.splits.cases(&SplitKey { run: id, suite: sum.suite.clone() }).await?;
        let filter = |slowest_first, limit| CaseFilter { bad_only: false, slowest_first, limit };
        let some = |filter: CaseFilter| filter.of(&cases).into_iter().cloned().collect::<Vec<_>>();
        let mut counts = TestCounts::default();
        cases.iter().for_each(|case| counts.add(case.outcome));
        total.add_all(counts);
        jobs.push(tested(
            sum.suite.clone(),
            counts,
            Vec::new(),
            some(filter(false, BAD * 2)),
            &some(filter(true, SLOWEST)),
        ));
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(job.counts.bad()));
    let shared = shared::of(&app, &run).await?;
    let page = TestsPage { shell: Shell::of(&visitor, "runs"), head: Head::of(&run, &app), shared, jobs, total };
    Ok(shown(&page)?.into_response())
}

fn tested(
    name: String,
    counts: TestCounts,
    remarks: Vec<String>,
    first: Vec<TestCase>,
    slowest: &[TestCase],
) -> Tested {
    let (bad, others): (Vec<_>, Vec<_>) = first.into_iter().partition(|case| case.outcome.is_bad());
    let flaky = others.into_iter().filter(|case| case.outcome == TestOutcome::Flaky).collect();
    let most = slowest.first().and_then(|case| case.took_ms).unwrap_or(0).max(1);
    let slow = |case: &TestCase| {
        let took = case.took_ms?;
        let (name, suite) = (case.name.clone(), case.suite.clone());
        Some(Slow { name, suite, took: lasting(i64::try_from(took).unwrap_or(i64::MAX)), share: took * 100 / most })
    };
    Tested {
        name,
        counts,
        remarks,
        bad: bad.into_iter().take(BAD).collect(),
        flaky,
        slowest: slowest.iter().filter_map(slow).collect(),
    }
}
