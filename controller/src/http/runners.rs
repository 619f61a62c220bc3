//! The runners that are enrolled, and operators who take some out or let them in again.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::Path;
use super::{App, AppState, waited};
use crate::core::event::{Ask, Event};
use crate::store::StoredRunner;
use axum::extract::State;
use sidings_proto::api::{ErrorBody, RunnerState, RunnerView, Runners};
use sidings_proto::fleet::Drained;

#[utoipa::path(get, path = "/api/v1/runners", tag = "api",
    responses((status = 200, body = Runners), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(_: ApiCaller, State(app): AppState) -> Result<axum::Json<Runners>, HttpError> {
    let now = app.shell.now();
    let pools = app.shell.look(move |core| core.pools(now)).await?;
    Ok(axum::Json(Runners { runners: all_runners(&app).await?, pools, waits: waited::waits(&app).await? }))
}

#[utoipa::path(post, path = "/api/v1/runners/{name}/drain", tag = "api", params(("name" = String, Path)),
    responses((status = 200, body = Runners), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn drain(
    caller: ApiCaller,
    State(app): AppState,
    Path(name): Path<String>,
) -> Result<axum::Json<Runners>, HttpError> {
    Ok(axum::Json(Runners { runners: drain_as(&app, caller.name, name).await?, pools: Vec::new(), waits: Vec::new() }))
}

#[utoipa::path(post, path = "/api/v1/runners/{name}/resume", tag = "api", params(("name" = String, Path)),
    responses((status = 200, body = Runners), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn resume(
    _: ApiCaller,
    State(app): AppState,
    Path(name): Path<String>,
) -> Result<axum::Json<Runners>, HttpError> {
    Ok(axum::Json(Runners { runners: resume_runners(&app, name).await?, pools: Vec::new(), waits: Vec::new() }))
}

/// Runners of this name get nothing new from now on; gives them.
pub(crate) async fn drain_as(app: &App, by: String, name: String) -> Result<Vec<RunnerView>, HttpError> {
    change(app, name, |ask, name| Event::DrainAsked { ask, name, by }).await
}

/// Runners of this name get jobs again; gives them.
pub(crate) async fn resume_runners(app: &App, name: String) -> Result<Vec<RunnerView>, HttpError> {
    change(app, name, |ask, name| Event::ResumeAsked { ask, name }).await
}

/// Only of names that somebody has: what is kept stays as bounded as the fleet is.
async fn change(
    app: &App,
    name: String,
    event: impl FnOnce(Ask, String) -> Event,
) -> Result<Vec<RunnerView>, HttpError> {
    if app.store.runners().await?.iter().all(|runner| runner.name != name) {
        return Err(HttpError::not_found("there is no runner of this name"));
    }
    let asked = name.clone();
    app.shell.ask(move |ask| event(ask, asked)).await?;
    Ok(all_runners(app).await?.into_iter().filter(|runner| runner.name == name).collect())
}

/// All runners that are enrolled, by name.
pub(crate) async fn all_runners(app: &App) -> Result<Vec<RunnerView>, HttpError> {
    let (now, enrolled) = (app.shell.now(), app.store.runners().await?);
    let look = move |core: &crate::core::Core| {
        let mut runners = core.runners(now);
        let silent = enrolled.into_iter().filter(|stored| runners.iter().all(|known| known.id != stored.id));
        let silent: Vec<_> = silent.map(|stored| (core.drain_of(&stored.name).cloned(), stored)).collect();
        runners.extend(silent.into_iter().map(|(drained, stored)| not_heard(stored, drained)));
        runners
    };
    let mut runners = app.shell.look(look).await?;
    runners.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(runners)
}

/// A runner that has not said hello in this life of the controller.
fn not_heard(runner: StoredRunner, drained: Option<Drained>) -> RunnerView {
    let (version, slots, labels, resources) =
        runner.hello.map_or_else(Default::default, |hello| (hello.version, hello.slots, hello.labels, hello.resources));
    let StoredRunner { id, name, seen, .. } = runner;
    RunnerView {
        id,
        name,
        state: RunnerState::Silent,
        version,
        slots,
        busy: 0,
        labels,
        resources,
        seen,
        low_disk: None,
        drained,
        machine: None,
    }
}
