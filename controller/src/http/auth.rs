//! Who calls: one extractor for each kind of token. A token that is not known gets 401, one of another kind 403.

use super::App;
use super::error::HttpError;
use super::roles;
use crate::audit;
use crate::page;
use crate::store::{StoredToken, TokenScope};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sidings_proto::{AttemptId, RunnerId};
use std::sync::Arc;

/// Somebody with an API token, or, where nothing is changed, signed in at the page; whose role may do what is asked.
pub(crate) struct ApiCaller {
    /// The token's name.
    pub(crate) name: String,
}

/// Somebody who may report pushes of the project in the path: its push token, or an API token.
pub(super) struct PushCaller {
    pub(super) project: String,
}

/// Somebody with a registration token.
pub(super) struct RegistrationCaller(pub(super) StoredToken);

/// A runner.
pub(super) struct RunnerCaller(pub(super) RunnerId);

/// Whoever holds the token of the attempt in the path. Whether the attempt is still current is another question.
pub(super) struct AttemptCaller(pub(super) AttemptId);

fn bearer(parts: &Parts) -> Result<&str, HttpError> {
    let value = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token {
        Some((_, token)) => Ok(token.trim()),
        None => Err(HttpError::unauthorized("a token is needed: `Authorization: Bearer …`")),
    }
}

fn known(parts: &Parts, app: &App) -> Result<StoredToken, HttpError> {
    let token = app.tokens.open_by(bearer(parts)?, app.shell.now());
    token.ok_or_else(|| HttpError::unauthorized("this token is not known, or its time is over"))
}

/// A session is good for reading here: a change would need the proof that the page's own forms carry.
fn signed_in(parts: &Parts, app: &App) -> Result<StoredToken, HttpError> {
    let session = page::cookie::session(&parts.headers).filter(|_| parts.method.is_safe());
    let Some(session) = session else { return bearer(parts).and_then(|_| known(parts, app)) };
    let token = app.sessions.open_by(session, &app.tokens, app.shell.now());
    token.ok_or_else(|| HttpError::unauthorized("this session is over: sign in again"))
}

/// How the audit log calls who calls.
pub(crate) fn caller_of(token: &StoredToken) -> String {
    match &token.scope {
        TokenScope::Api(_) => token.name.clone(),
        TokenScope::Push { project } => format!("push token of {project}"),
        TokenScope::Registration { .. } => format!("registration token {}", token.name),
        TokenScope::Runner(_) => format!("runner {}", token.name),
    }
}

async fn path_value(parts: &mut Parts, app: &Arc<App>, name: &str) -> Result<String, HttpError> {
    let values = RawPathParams::from_request_parts(parts, app).await;
    let values = values.map_err(|error| HttpError::bad_request(error.to_string()))?;
    let value = values.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    value.ok_or_else(|| HttpError::not_found("there is no such path"))
}

impl FromRequestParts<Arc<App>> for ApiCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, HttpError> {
        let token = if parts.headers.contains_key(AUTHORIZATION) { known(parts, app)? } else { signed_in(parts, app)? };
        audit::by(&caller_of(&token));
        match token.scope {
            TokenScope::Api(role) => roles::check(role, parts).map(|()| Self { name: token.name }),
            TokenScope::Push { .. } | TokenScope::Registration { .. } | TokenScope::Runner(_) => {
                Err(HttpError::forbidden("this call needs an API token"))
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for PushCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, HttpError> {
        let project = path_value(parts, app, "project").await?;
        let token = known(parts, app)?;
        audit::by(&caller_of(&token));
        match token.scope {
            TokenScope::Api(role) => roles::check(role, parts).map(|()| Self { project }),
            TokenScope::Push { project: own } if own == project => Ok(Self { project }),
            TokenScope::Push { .. } | TokenScope::Registration { .. } | TokenScope::Runner(_) => {
                Err(HttpError::forbidden("this call needs an API token or the project's push token"))
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for RegistrationCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, HttpError> {
        let token = known(parts, app)?;
        audit::by(&caller_of(&token));
        match token.scope {
            TokenScope::Registration { .. } => Ok(Self(token)),
            TokenScope::Api(_) | TokenScope::Push { .. } | TokenScope::Runner(_) => {
                Err(HttpError::forbidden("this call needs a registration token"))
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for RunnerCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, HttpError> {
        match known(parts, app)?.scope {
            TokenScope::Runner(runner) => Ok(Self(runner)),
            TokenScope::Api(_) | TokenScope::Push { .. } | TokenScope::Registration { .. } => {
                Err(HttpError::forbidden("this call needs a runner's token"))
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for AttemptCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, HttpError> {
        let job = path_value(parts, app, "job").await?.parse();
        let job = job.map_err(|_| HttpError::bad_request("a job is a UUID"))?;
        let fence = path_value(parts, app, "fence").await?.parse();
        let fence = fence.map_err(|_| HttpError::bad_request("a fence is a number"))?;
        let (attempt, token) = (AttemptId { job, fence }, bearer(parts)?);
        if app.tokens.opens_attempt(token, attempt) {
            return Ok(Self(attempt));
        }
        known(parts, app)?;
        Err(HttpError::forbidden("this call needs the attempt's own token"))
    }
}
