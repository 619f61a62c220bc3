//! What waits for the fleet or for people.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::{App, AppState};
use crate::core::event::{RunContent, RunSpec};
use axum::extract::State;
use sidings_proto::api::{ErrorBody, WaitFor, WaitView};
use sidings_proto::fleet::{QueueView, WaitingJob};

/// Waiting jobs that are told of.
const WAITING: usize = 200;
/// Runs that are asked what they wait for.
const RUNS: usize = 100;

#[utoipa::path(get, path = "/api/v1/queue", tag = "api",
    responses((status = 200, body = QueueView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn show(_: ApiCaller, State(app): AppState) -> Result<axum::Json<QueueView>, HttpError> {
    Ok(axum::Json(queue(&app).await?))
}

/// The queue as it is now.
pub(crate) async fn queue(app: &App) -> Result<QueueView, HttpError> {
    let mut runs = app.shell.live().runs();
    runs.sort_by_key(|run| run.id);
    let mut more = runs.len() > RUNS;
    runs.truncate(RUNS);
    let (now, ids) = (app.shell.now(), runs.iter().map(|run| run.id).collect::<Vec<_>>());
    let waits = app.shell.look(move |core| core.waits_of(now, &ids)).await?;
    let mut waiting: Vec<_> = runs.iter().zip(waits).flat_map(|(run, waits)| of_run(run, waits)).collect();
    more |= waiting.len() > WAITING;
    waiting.truncate(WAITING);
    Ok(QueueView { waiting, more })
}

fn of_run(run: &RunSpec, waits: Vec<Option<WaitView>>) -> Vec<WaitingJob> {
    let RunContent::Plan { plan, job_ids } = &run.content else { return Vec::new() };
    let jobs = plan.jobs.iter().zip(job_ids).zip(waits);
    let waiting = jobs.filter_map(|((planned, id), wait)| {
        let wait = wait.filter(|wait| wait.kind != WaitFor::Needs)?;
        let (name, project, number) = (planned.name.clone(), run.project.clone(), run.number);
        Some(WaitingJob { id: *id, name, run: run.id, project, number, wait })
    });
    waiting.collect()
}
