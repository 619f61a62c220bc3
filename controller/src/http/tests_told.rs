//! Single tests: told by runners, shown by run and by name.

use super::auth::{ApiCaller, AttemptCaller};
use super::error::HttpError;
use super::parts::{Json, Path, Query};
use super::{App, AppState, runs};
use crate::core::event::RunContent;
use crate::store::CommitError;
use crate::store::splits::SplitKey;
use crate::store::stored::StoredRun;
use crate::store::tested::{CaseFilter, TestsOf, meanings};
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sidings_proto::api::{ErrorBody, RunView};
use sidings_proto::runner::{TEST_BATCH_CASES, TestBatch};
use sidings_proto::split::is_copy;
use sidings_proto::tested::{
    JobTests, RunTests, SplitTests, TEST_BAD_SHOWN, TEST_CASES_MAX, TEST_MESSAGE_MAX, TEST_NAME_MAX, TEST_OUTPUT_MAX,
    TestHistory, TestSum,
};
use sidings_proto::{AttemptId, JobId, PlannedJob, TestCase, TestCounts, TestReport};

/// Cases of each job, unless more or fewer are asked for.
const CASES: usize = 1_000;
const CASES_MAX: usize = 10_000;
/// Runs of each test.
const PAST: usize = 20;
const PAST_MAX: usize = 100;
/// Characters of a message in the view of a run.
const MESSAGE_SHOWN: usize = 300;

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/tests", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = TestBatch,
    responses((status = 204), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn tell(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(batch): Json<TestBatch>,
) -> Result<StatusCode, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    let planned = current.job.planned().filter(|job| !job.spec.reports.is_unsaid());
    let planned = planned.ok_or_else(|| HttpError::bad_request("the job has no reports of tests"))?;
    within_bounds(&batch)?;
    let of = TestsOf { attempt, project: current.job.run.project.clone(), job: planned.name.clone() };
    match app.store.put_tests(&of, &batch, app.shell.now()).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::StaleFence(..) | CommitError::Unknown(_) | CommitError::SecondOutcome(_)) => {
            Err(HttpError::stale())
        }
        Err(CommitError::Store(cause)) => Err(cause.into()),
    }
}

/// A runner reads what anybody wrote: it keeps to bounds, and whoever took its place does not pass them either.
fn within_bounds(batch: &TestBatch) -> Result<(), HttpError> {
    let cases = batch.cases.len();
    let last = u64::from(batch.first) + cases as u64;
    if cases > TEST_BATCH_CASES || last > TEST_CASES_MAX {
        let message = format!("a batch has at most {TEST_BATCH_CASES} cases, an attempt at most {TEST_CASES_MAX}");
        return Err(HttpError::bad_request(message));
    }
    let is_long = |text: &str, most: usize| text.len() > most && text.chars().count() > most;
    let too_long = batch.cases.iter().any(|TestCase { suite, name, file, message, output, .. }| {
        let names = [suite, name].into_iter().chain(file);
        names.into_iter().any(|text| is_long(text, TEST_NAME_MAX))
            || is_long(message, TEST_MESSAGE_MAX)
            || is_long(output, TEST_OUTPUT_MAX)
    });
    if too_long { Err(HttpError::bad_request("a text of a test is longer than is kept")) } else { Ok(()) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesQuery {
    job: Option<String>,
    bad: Option<bool>,
    order: Option<Order>,
    limit: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Slowest,
}

#[utoipa::path(get, path = "/api/v1/runs/{run}/tests", tag = "api",
    params(("run" = String, Path), ("job" = Option<String>, Query), ("bad" = Option<bool>, Query),
        ("order" = Option<String>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = RunTests), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn of_run(
    _: ApiCaller,
    State(app): AppState,
    Path(run): Path<String>,
    Query(query): Query<CasesQuery>,
) -> Result<axum::Json<RunTests>, HttpError> {
    let run = runs::find(&app, &run).await?;
    let stored = app.store.run(run).await?;
    let stored = stored.ok_or_else(|| HttpError::not_found(format!("there is no run {run}")))?;
    let filter = CaseFilter {
        bad_only: query.bad.unwrap_or(false),
        slowest_first: query.order == Some(Order::Slowest),
        limit: query.limit.unwrap_or(CASES).min(CASES_MAX),
    };
    let mut jobs = Vec::new();
    for (attempt, reports) in app.store.test_reports(run).await? {
        let Some(planned) = planned(&stored, attempt.job) else { continue };
        if query.job.as_ref().is_none_or(|only| *only == planned.name) {
            let (job, name, counts) = (attempt.job, planned.name.clone(), sum(&reports));
            let cases = app.store.test_cases(attempt, filter).await?;
            jobs.push(JobTests { job, name, attempt: attempt.fence, counts, reports, cases });
        }
    }
    let mut splits = Vec::new();
    for (suite, _) in app.store.split_sums(run).await? {
        if query.job.as_ref().is_none_or(|only| is_copy(only, &suite)) {
            let cases = app.splits.cases(&SplitKey { run, suite: suite.clone() }).await?;
            let mut counts = TestCounts::default();
            cases.iter().for_each(|case| counts.add(case.outcome));
            let cases = filter.of(&cases).into_iter().cloned().collect();
            splits.push(SplitTests { suite, counts, cases });
        }
    }
    Ok(axum::Json(RunTests { jobs, splits }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    name: String,
    limit: Option<usize>,
}

#[utoipa::path(get, path = "/api/v1/projects/{project}/tests", tag = "api",
    params(("project" = String, Path), ("name" = String, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = TestHistory), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn history(
    _: ApiCaller,
    State(app): AppState,
    Path(project): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<axum::Json<TestHistory>, HttpError> {
    let limit = query.limit.unwrap_or(PAST).clamp(1, PAST_MAX);
    let mut tests = Vec::new();
    for named in meanings(&query.name) {
        tests.extend(app.store.test_history(&project, named, limit).await?);
    }
    Ok(axum::Json(TestHistory { tests }))
}

/// Adds what came of its tests to the view of a run.
pub(super) async fn add(app: &App, run: &StoredRun, view: &mut RunView) -> Result<(), HttpError> {
    let tells = match &run.spec.content {
        RunContent::Plan { plan, .. } => plan.jobs.iter().any(|job| !job.spec.reports.is_unsaid()),
        RunContent::Invalid { .. } => false,
    };
    if !tells {
        return Ok(());
    }
    for (attempt, reports) in app.store.test_reports(run.spec.id).await? {
        let bad = bad(app, attempt).await?;
        if let Some(job) = view.jobs.iter_mut().find(|job| job.id == attempt.job) {
            job.tests = Some(TestSum { counts: sum(&reports), bad, reports });
        }
    }
    Ok(())
}

/// The first bad cases of an attempt, in short.
async fn bad(app: &App, attempt: AttemptId) -> Result<Vec<TestCase>, HttpError> {
    let filter = CaseFilter { bad_only: true, slowest_first: false, limit: TEST_BAD_SHOWN };
    let mut cases = app.store.test_cases(attempt, filter).await?;
    for case in &mut cases {
        case.output.clear();
        case.message = case.message.chars().take(MESSAGE_SHOWN).collect();
    }
    Ok(cases)
}

fn planned(run: &StoredRun, job: JobId) -> Option<&PlannedJob> {
    match &run.spec.content {
        RunContent::Plan { plan, .. } => plan.jobs.get(run.place_of(job)?),
        RunContent::Invalid { .. } => None,
    }
}

fn sum(reports: &[TestReport]) -> TestCounts {
    let mut counts = TestCounts::default();
    reports.iter().for_each(|report| counts.add_all(report.counts));
    counts
}
