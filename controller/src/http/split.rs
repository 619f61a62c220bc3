//! The calls of those who work for a split job's queue.

use super::auth::AttemptCaller;
use super::error::HttpError;
use super::parts::Json;
use super::{App, AppState};
use crate::splits::Worker;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use sidings_proto::AttemptId;
use sidings_proto::api::ErrorBody;
use sidings_proto::split::{
    BODY_MAX, SplitBeat, SplitList, SplitListed, SplitOrders, SplitPull, SplitPulled, SplitReport, SplitTaken,
};
use std::sync::Arc;

/// Below an attempt's address. Lists and results may be longer than other bodies.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/attempts/{job}/{fence}/split/list", post(list))
        .route("/attempts/{job}/{fence}/split/pull", post(pull))
        .route("/attempts/{job}/{fence}/split/report", post(report))
        .route("/attempts/{job}/{fence}/split/beat", post(beat))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/split/list", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = SplitList,
    responses((status = 200, body = SplitListed), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn list(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(list): Json<SplitList>,
) -> Result<axum::Json<SplitListed>, HttpError> {
    Ok(axum::Json(app.splits.list(&worker(&app, attempt)?, list).await?))
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/split/pull", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = SplitPull,
    responses((status = 200, body = SplitPulled), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn pull(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(pull): Json<SplitPull>,
) -> Result<axum::Json<SplitPulled>, HttpError> {
    let worker = worker(&app, attempt)?;
    let pulled = app.splits.pull(&worker, pull).await?;
    // It was taken away while it waited, or it asks before anybody has said what there is to run.
    let gone = || match app.shell.live().attempt(attempt) {
        Some(_) => HttpError::bad_request("the job's tests were not listed"),
        None => HttpError::stale(),
    };
    Ok(axum::Json(pulled.ok_or_else(gone)?))
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/split/report", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = SplitReport,
    responses((status = 200, body = SplitTaken), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn report(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(report): Json<SplitReport>,
) -> Result<axum::Json<SplitTaken>, HttpError> {
    Ok(axum::Json(app.splits.report(&worker(&app, attempt)?, &report).await?))
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/split/beat", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = SplitBeat,
    responses((status = 200, body = SplitOrders), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn beat(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(beat): Json<SplitBeat>,
) -> Result<axum::Json<SplitOrders>, HttpError> {
    Ok(axum::Json(app.splits.beat(&worker(&app, attempt)?, beat).await?))
}

fn worker(app: &App, attempt: AttemptId) -> Result<Worker, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    Worker::of(attempt, &current).ok_or_else(|| HttpError::bad_request("the job's tests are not split"))
}
