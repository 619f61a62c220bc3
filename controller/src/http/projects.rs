//! Projects, and pushes to their repositories.

use super::AppState;
use super::auth::{ApiCaller, PushCaller};
use super::error::HttpError;
use super::parts::Json;
use super::runs::view;
use crate::audit;
use axum::extract::State;
use axum::http::StatusCode;
use sidings_proto::api::{ErrorBody, NewProject, ProjectView, Projects, Push, PushAnswer};

#[utoipa::path(post, path = "/api/v1/projects", tag = "api", request_body = NewProject,
    responses((status = 201, body = ProjectView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn add(
    _: ApiCaller,
    State(app): AppState,
    Json(new): Json<NewProject>,
) -> Result<(StatusCode, axum::Json<ProjectView>), HttpError> {
    audit::about(&new.name);
    Ok((StatusCode::CREATED, axum::Json(app.intake.project(new).await?)))
}

#[utoipa::path(get, path = "/api/v1/projects", tag = "api",
    responses((status = 200, body = Projects), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(_: ApiCaller, State(app): AppState) -> Result<axum::Json<Projects>, HttpError> {
    Ok(axum::Json(Projects { projects: app.store.projects().await? }))
}

#[utoipa::path(post, path = "/api/v1/projects/{project}/pushes", tag = "api", params(("project" = String, Path)),
    request_body = Push, responses((status = 202, body = PushAnswer), (status = "4XX", body = ErrorBody)),
    security(("api" = []), ("push" = [])))]
pub(super) async fn push(
    PushCaller { project }: PushCaller,
    State(app): AppState,
    Json(push): Json<Push>,
) -> Result<(StatusCode, axum::Json<PushAnswer>), HttpError> {
    let pushed = app.intake.push(&project, push).await?;
    let mut runs = Vec::new();
    for run in pushed.runs {
        runs.push(view(&app, run).await?);
    }
    Ok((StatusCode::ACCEPTED, axum::Json(PushAnswer { runs, reasons: pushed.reasons })))
}
