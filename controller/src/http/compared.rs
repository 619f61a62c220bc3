//! What changed in the environments of a run's jobs.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::Path;
use super::{AppState, runs};
use crate::compared;
use axum::extract::State;
use sidings_proto::api::ErrorBody;
use sidings_proto::compared::ComparedEnvironments;

#[utoipa::path(get, path = "/api/v1/runs/{run}/environment", tag = "api", params(("run" = String, Path)),
    responses((status = 200, body = ComparedEnvironments), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn of_run(
    _: ApiCaller,
    State(app): AppState,
    Path(run): Path<String>,
) -> Result<axum::Json<ComparedEnvironments>, HttpError> {
    let run = runs::find(&app, &run).await?;
    Ok(axum::Json(compared::of(&app, run).await?))
}
