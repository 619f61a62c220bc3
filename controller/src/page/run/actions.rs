//! What people do to a run through the page: the API's own ways, by a form.

use crate::http::App;
use crate::http::{approvals, runs};
use crate::page::caller::Change;
use crate::page::error::PageError;
use axum::extract::{Path, State};
use axum::response::Redirect;
use sidings_proto::JobId;
use sidings_proto::api::RetryRun;
use std::sync::Arc;

pub(in crate::page) async fn cancel(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
    _: Change,
) -> Result<Redirect, PageError> {
    let run = runs::cancel_run(&app, &run).await?;
    Ok(Redirect::to(&format!("/runs/{run}")))
}

pub(in crate::page) async fn retry(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
    change: Change,
) -> Result<Redirect, PageError> {
    let failed_only = change.fields.get("which").is_some_and(|which| which == "failed");
    let run = runs::find(&app, &run).await?;
    let again = app.intake.retry(run, RetryRun { failed_only, ..RetryRun::default() }).await?;
    Ok(Redirect::to(&format!("/runs/{again}")))
}

pub(in crate::page) async fn approve(
    State(app): State<Arc<App>>,
    Path(job): Path<JobId>,
    change: Change,
) -> Result<Redirect, PageError> {
    let run = approvals::approve_as(&app, change.visitor.name, job).await?;
    Ok(Redirect::to(&format!("/runs/{run}#job-{job}")))
}
