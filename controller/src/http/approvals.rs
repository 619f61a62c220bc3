//! A person agrees that a job runs. Who the person is, is the name of the token that the call comes with.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::Path;
use super::{App, AppState, runs};
use crate::core::event::{Answer, Event, RunContent};
use axum::extract::State;
use sidings_proto::api::{ErrorBody, RunView};
use sidings_proto::{JobId, PlannedJob, RunId};

#[utoipa::path(post, path = "/api/v1/jobs/{job}/approval", tag = "api", params(("job" = String, Path)),
    responses((status = 200, body = RunView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn approve(
    caller: ApiCaller,
    State(app): AppState,
    Path(job): Path<JobId>,
) -> Result<axum::Json<RunView>, HttpError> {
    let run = approve_as(&app, caller.name, job).await?;
    Ok(axum::Json(runs::view(&app, run).await?))
}

/// Somebody of this name agrees that a job runs; gives its run.
pub(crate) async fn approve_as(app: &App, by: String, job: JobId) -> Result<RunId, HttpError> {
    let (run, planned) = find(app, job).await?;
    let Some(approval) = planned.scheduling.approval else {
        return Err(HttpError::conflict(format!("job \"{}\" needs nobody's approval", planned.name)));
    };
    if !approval.from.is_empty() && !approval.from.contains(&by) {
        let whose = approval.from.join(" or ");
        let message = format!("job \"{}\" needs the approval of {whose}; this token is `{by}`", planned.name);
        return Err(HttpError::forbidden(message));
    }
    match app.shell.ask(|ask| Event::Approved { ask, job, by }).await? {
        Answer::Done | Answer::Already => Ok(run),
        Answer::Stale | Answer::UnknownLife | Answer::Leased(_) | Answer::Orders(_) | Answer::Accepted => {
            Err(HttpError::conflict(format!("job \"{}\" does not wait for an approval now", planned.name)))
        }
    }
}

async fn find(app: &App, job: JobId) -> Result<(RunId, PlannedJob), HttpError> {
    let unknown = || HttpError::not_found(format!("there is no job {job}"));
    let run = app.store.run_of_job(job).await?.ok_or_else(unknown)?;
    let stored = app.store.run(run).await?.ok_or_else(unknown)?;
    let place = stored.place_of(job).ok_or_else(unknown)?;
    match &stored.spec.content {
        RunContent::Plan { plan, .. } => Ok((run, plan.jobs.get(place).cloned().ok_or_else(unknown)?)),
        RunContent::Invalid { .. } => Err(unknown()),
    }
}
