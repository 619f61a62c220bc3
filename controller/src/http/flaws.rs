//! Known flaws of images: asked for by runners, before a job's steps begin.

use super::auth::AttemptCaller;
use super::error::HttpError;
use super::parts::Path;
use super::{App, AppState};
use crate::core::event::RunContent;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::flaws::FlawsAnswer;
use sidings_proto::image::is_key;
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct KeyPath {
    key: String,
}

pub(super) fn of_runners() -> Router<Arc<App>> {
    Router::new().route("/attempts/{job}/{fence}/images/{key}/flaws", post(judge))
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/images/{key}/flaws", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("key" = String, Path)),
    responses((status = 200, body = FlawsAnswer), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn judge(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(KeyPath { key }): Path<KeyPath>,
) -> Result<axum::Json<FlawsAnswer>, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    if !is_key(&key) {
        return Err(HttpError::unprocessable("bad_image", "that is no image key"));
    }
    let run = &current.job.run;
    let RunContent::Plan { plan, .. } = &run.content else { return Err(HttpError::stale()) };
    let judged = app.flaws.judged((&run.project, &key), &plan.flaw_limits, app.shell.now()).await?;
    Ok(axum::Json(FlawsAnswer { judged }))
}
