//! Secrets in, names out; values only to the runner of a current attempt.

use super::AppState;
use super::auth::{ApiCaller, AttemptCaller};
use super::error::HttpError;
use super::parts::{Json, Path, Query};
use crate::audit;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::secret::{PutSecret, SecretView, Secrets};
use sidings_proto::{SecretScope, SecretsAnswer};

/// Whose secrets are listed.
#[derive(Deserialize)]
pub(super) struct Listed {
    project: Option<String>,
}

/// For whom the secret is kept that is to go.
#[derive(Deserialize)]
pub(super) struct Of {
    project: Option<String>,
    group: Option<String>,
}

#[utoipa::path(post, path = "/api/v1/secrets", tag = "api", request_body = PutSecret,
    responses((status = 200, body = SecretView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn put(
    caller: ApiCaller,
    State(app): AppState,
    Json(new): Json<PutSecret>,
) -> Result<axum::Json<SecretView>, HttpError> {
    audit::about(format!("{} of {}", new.name, new.scope));
    let kept = app.secrets.put(new, app.shell.now()).await?;
    let secret = kept.map_err(|refused| HttpError::bad_request(refused.to_string()))?;
    tracing::info!(secret = secret.name, scope = %secret.scope, by = caller.name, "a secret was set");
    Ok(axum::Json(secret))
}

#[utoipa::path(get, path = "/api/v1/secrets", tag = "api", params(("project" = Option<String>, Query)),
    responses((status = 200, body = Secrets), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(
    _: ApiCaller,
    State(app): AppState,
    Query(Listed { project }): Query<Listed>,
) -> Result<axum::Json<Secrets>, HttpError> {
    Ok(axum::Json(Secrets { secrets: app.secrets.list(project.as_deref()).await? }))
}

#[utoipa::path(delete, path = "/api/v1/secrets/{name}", tag = "api",
    params(("name" = String, Path), ("project" = Option<String>, Query), ("group" = Option<String>, Query)),
    responses((status = 204), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn remove(
    caller: ApiCaller,
    State(app): AppState,
    Path(name): Path<String>,
    Query(of): Query<Of>,
) -> Result<StatusCode, HttpError> {
    let scope = match (of.project, of.group) {
        (Some(project), None) => SecretScope::Project(project),
        (None, Some(group)) => SecretScope::Group(group),
        (None, None) => SecretScope::All,
        (Some(_), Some(_)) => return Err(HttpError::bad_request("a project or a group, not both")),
    };
    audit::about(format!("{name} of {scope}"));
    if !app.secrets.remove(&scope, &name).await? {
        return Err(HttpError::not_found(format!("there is no secret `{name}` of {scope}")));
    }
    tracing::info!(secret = name, %scope, by = caller.name, "a secret was removed");
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/secrets", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)),
    responses((status = 200, body = SecretsAnswer), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn of_attempt(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
) -> Result<axum::Json<SecretsAnswer>, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    let planned = current.job.planned().ok_or_else(HttpError::stale)?;
    let answer = app.secrets.of_job(&current.job.run, &planned.spec.secrets()).await?;
    tracing::debug!(%attempt, "an attempt asked for its secrets");
    Ok(axum::Json(answer))
}
