//! Runs: asked for, listed, shown, cancelled, tried again.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::{Json, Path, Query};
use super::{App, AppState};
use crate::audit;
use crate::core::event::Event;
use crate::store::RunFilter;
use crate::store::view::{run_view, summary};
use axum::extract::State;
use axum::http::StatusCode;
use sidings_proto::api::{ErrorBody, RetryRun, RunView, Runs, RunsAsked, SubmitRun};
use sidings_proto::{JobId, RunId};

const LIST_DEFAULT: usize = 50;
const LIST_MAX: usize = 500;

#[utoipa::path(post, path = "/api/v1/runs", tag = "api", request_body = SubmitRun,
    responses((status = 201, body = RunView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn submit(
    _: ApiCaller,
    State(app): AppState,
    Json(asked): Json<SubmitRun>,
) -> Result<(StatusCode, axum::Json<RunView>), HttpError> {
    audit::about(&asked.project);
    let run = app.intake.submit(asked).await?;
    let view = view(&app, run).await?;
    audit::about(format!("{} #{}", view.summary.project, view.summary.number));
    Ok((StatusCode::CREATED, axum::Json(view)))
}

#[utoipa::path(get, path = "/api/v1/runs", tag = "api",
    params(RunsAsked), responses((status = 200, body = Runs), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(
    _: ApiCaller,
    State(app): AppState,
    Query(asked): Query<RunsAsked>,
) -> Result<axum::Json<Runs>, HttpError> {
    let limit = asked.limit.unwrap_or(LIST_DEFAULT).clamp(1, LIST_MAX);
    if asked.image.as_ref().is_some_and(|key| !is_hex(key)) {
        return Err(HttpError::unprocessable("bad_key", "an image's key begins with digits and the letters a to f"));
    }
    let filter = RunFilter::asked(asked, limit + 1);
    let mut runs: Vec<_> = app.store.runs(&filter).await?.into_iter().map(summary).collect();
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().map(|run| run.id).filter(|_| more);
    Ok(axum::Json(Runs { runs, next }))
}

#[utoipa::path(get, path = "/api/v1/runs/{run}", tag = "api", params(("run" = String, Path)),
    responses((status = 200, body = RunView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn show(
    _: ApiCaller,
    State(app): AppState,
    Path(run): Path<String>,
) -> Result<axum::Json<RunView>, HttpError> {
    let id = find(&app, &run).await?;
    let run = app.store.run_of_job(JobId(id.0)).await?.unwrap_or(id);
    Ok(axum::Json(view(&app, run).await?))
}

#[utoipa::path(post, path = "/api/v1/runs/{run}/cancel", tag = "api", params(("run" = String, Path)),
    responses((status = 202, body = RunView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn cancel(
    _: ApiCaller,
    State(app): AppState,
    Path(run): Path<String>,
) -> Result<(StatusCode, axum::Json<RunView>), HttpError> {
    let run = cancel_run(&app, &run).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(view(&app, run).await?)))
}

#[utoipa::path(post, path = "/api/v1/runs/{run}/retry", tag = "api", params(("run" = String, Path)),
    request_body = RetryRun,
    responses((status = 201, body = RunView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn retry(
    _: ApiCaller,
    State(app): AppState,
    Path(run): Path<String>,
    Json(how): Json<RetryRun>,
) -> Result<(StatusCode, axum::Json<RunView>), HttpError> {
    let run = find(&app, &run).await?;
    let again = app.intake.retry(run, how).await?;
    Ok((StatusCode::CREATED, axum::Json(view(&app, again).await?)))
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Cancels the run that an address means.
pub(crate) async fn cancel_run(app: &App, address: &str) -> Result<RunId, HttpError> {
    let run = find(app, address).await?;
    app.shell.ask(|ask| Event::CancelAsked { ask, run }).await?;
    Ok(run)
}

/// The run that an address means: an id, or `project@number`.
pub(crate) async fn find(app: &App, address: &str) -> Result<RunId, HttpError> {
    if let Some((project, number)) = address.rsplit_once('@')
        && let Ok(number) = number.parse()
    {
        let found = app.store.run_at(project, number).await?;
        return found.ok_or_else(|| HttpError::not_found(format!("there is no run {address}")));
    }
    address
        .parse()
        .map_err(|_| HttpError::bad_request(format!("`{address}` is neither a run's id nor `project@number`")))
}

/// What people see of a run.
pub(crate) async fn view(app: &App, run: RunId) -> Result<RunView, HttpError> {
    let stored = app.store.run(run).await?;
    let stored = stored.ok_or_else(|| HttpError::not_found(format!("there is no run {run}")))?;
    let (now, id) = (app.shell.now(), stored.spec.id);
    let waits = match stored.ended {
        Some(_) => Vec::new(),
        None => app.shell.look(move |core| core.waits(now, id)).await?,
    };
    let mut view = run_view(&stored, waits, &app.names);
    super::tests_told::add(app, &stored, &mut view).await?;
    view.splits = app.splits.of_run(id).await?;
    view.digests = app.store.digests(id).await?;
    Ok(view)
}
