//! The page of a run: why it failed before anything else, then its jobs, their waits and times, what they ran in.

mod actions;
mod cause;
mod compared;
mod gantt;
mod graph;
mod jobs;
#[cfg(test)]
pub(super) mod tests;

pub(super) use actions::{approve, cancel, retry};

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::shell::Shell;
use super::state::{Mark, mark};
use super::when::{When, between, lasting};
use super::{escaped, runs};
use crate::http::App;
use crate::http::runs::{find, view};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use cause::Cause;
use compared::Changed;
use gantt::Gantt;
use graph::Graph;
use jobs::{Environment, JobGroup};
pub(super) use jobs::{StepRow, counts, steps as step_rows};
use sidings_proto::JobId;
use sidings_proto::api::{RunView, State as RunState};
use sidings_proto::split::SplitSum;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    shell: Shell,
    /// What a form may do, for this visitor and this run as it is.
    may: May,
    head: Head,
    diagnostics: Option<String>,
    stopped: Option<String>,
    causes: Vec<Cause>,
    more_causes: usize,
    graph: Graph,
    groups: Vec<JobGroup>,
    gantt: Gantt,
    splits: Vec<SplitSum>,
    environments: Vec<Environment>,
    changed: Vec<Changed>,
    unchanged: usize,
    has_tests: bool,
}

struct May {
    cancel: bool,
    retry: bool,
    retry_failed: bool,
}

impl RunPage {
    /// In about what time the tests of a split that nobody has are all with a worker.
    fn left(&self, split: &SplitSum) -> String {
        lasting(i64::try_from(split.left_ms / split.workers.max(1)).unwrap_or(i64::MAX))
    }
}

/// What names a run.
pub(super) struct Head {
    pub(super) id: String,
    pub(super) mark: Mark,
    pub(super) project: String,
    pub(super) project_runs: String,
    pub(super) number: u64,
    pub(super) pipeline: Option<String>,
    pub(super) subject: String,
    pub(super) sha: String,
    pub(super) branch: String,
    pub(super) author: String,
    pub(super) trigger: &'static str,
    pub(super) created: When,
    pub(super) lasted: Option<String>,
    pub(super) retry_of: Option<String>,
    pub(super) ended: bool,
}

impl Head {
    pub(super) fn of(run: &RunView, app: &App) -> Self {
        let (sum, now) = (&run.summary, app.shell.now());
        Self {
            id: sum.id.to_string(),
            mark: mark(sum.state, sum.verdict.as_ref()),
            project: sum.project.clone(),
            project_runs: format!("/?project={}", escaped(&sum.project)),
            number: sum.number,
            pipeline: sum.pipeline.clone(),
            subject: runs::subject(&sum.commit.message),
            // A tree without a commit has zeros.
            sha: if sum.commit.sha.bytes().all(|byte| byte == b'0') {
                String::new()
            } else {
                shortened(&sum.commit.sha)
            },
            branch: sum.commit.ref_name().to_owned(),
            author: runs::person(&sum.commit.author),
            trigger: runs::trigger(sum.trigger),
            created: When::of(sum.created, now),
            lasted: sum.started.map(|started| between(started, sum.ended, now)),
            retry_of: run.retry_of.map(|earlier| earlier.to_string()),
            ended: sum.state == RunState::Ended,
        }
    }
}

pub(super) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
) -> Result<Response, PageError> {
    let id = find(&app, &run).await?;
    if let Some(of) = app.store.run_of_job(JobId(id.0)).await? {
        return Ok(Redirect::to(&format!("/runs/{of}#job-{id}")).into_response());
    }
    let run = view(&app, id).await?;
    let (causes, more_causes) = cause::of(&app, &run).await?;
    let listed = listed(&app, &run).await?;
    let (changed, unchanged) =
        compared::of(&app, &run.summary.project, (run.summary.id, &run.summary.commit.sha)).await?;
    let now = app.shell.now();
    let page = RunPage {
        shell: Shell::of(&visitor, "runs"),
        may: may(&visitor, &run),
        head: Head::of(&run, &app),
        stopped: run.stopped.as_ref().map(ToString::to_string),
        causes,
        more_causes,
        graph: Graph::of(&run.jobs),
        groups: jobs::groups(&run, visitor.may("/jobs/{job}/approval"), now),
        gantt: Gantt::of(&run, now),
        environments: jobs::environments(&run, &listed),
        changed,
        unchanged,
        has_tests: run.jobs.iter().any(|job| job.tests.is_some()) || !run.splits.is_empty(),
        splits: run.splits,
        diagnostics: run.diagnostics,
    };
    Ok(shown(&page)?.into_response())
}

/// The keys of the project's images of which it is known what is in them, where the run has any.
async fn listed(app: &App, run: &RunView) -> Result<BTreeSet<String>, PageError> {
    let mut images = run.jobs.iter().flat_map(|job| &job.attempts).flat_map(|attempt| &attempt.images);
    if images.all(|image| image.key.is_none()) {
        return Ok(BTreeSet::new());
    }
    let known = app.inventories.images(Some(&run.summary.project)).await?;
    Ok(known.images.into_iter().map(|image| image.key).collect())
}

fn may(visitor: &Visitor, run: &RunView) -> May {
    let ended = run.summary.state == RunState::Ended;
    let passed = |job: &sidings_proto::api::JobView| matches!(job.verdict, Some(sidings_proto::Verdict::Passed));
    let retry = ended && visitor.may("/runs/{run}/retry");
    May {
        cancel: !ended && visitor.may("/runs/{run}/cancel"),
        retry,
        retry_failed: retry && run.jobs.iter().any(passed) && !run.jobs.iter().all(passed),
    }
}

/// As people tell commits apart.
fn shortened(sha: &str) -> String {
    sha.chars().take(10).collect()
}
