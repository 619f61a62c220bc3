//! Split jobs for people who look into them.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::{Path, Query};
use super::{App, AppState, runs};
use crate::core::event::RunContent;
use crate::store::splits::SplitKey;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::split::told::SplitTold;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/runs/{run}/split", get(of_run))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SuiteQuery {
    suite: String,
}

#[utoipa::path(get, path = "/api/v1/runs/{run}/split", tag = "api",
    params(("run" = String, Path), ("suite" = String, Query)),
    responses((status = 200, body = SplitTold), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn of_run(
    _: ApiCaller,
    State(app): AppState,
    Path(run): Path<String>,
    Query(SuiteQuery { suite }): Query<SuiteQuery>,
) -> Result<axum::Json<SplitTold>, HttpError> {
    let run = runs::find(&app, &run).await?;
    let stored = app.store.run(run).await?;
    let stored = stored.ok_or_else(|| HttpError::not_found(format!("there is no run {run}")))?;
    let names: Vec<String> = match &stored.spec.content {
        RunContent::Plan { plan, .. } => plan.jobs.iter().map(|job| job.name.clone()).collect(),
        RunContent::Invalid { .. } => Vec::new(),
    };
    let key = SplitKey { run, suite };
    let told = app.splits.told(&key, |place| names.get(place).cloned().unwrap_or_default()).await?;
    let none = || HttpError::not_found(format!("the run has no tests of `{}` that were listed", key.suite));
    Ok(axum::Json(told.ok_or_else(none)?))
}
