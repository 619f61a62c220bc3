//! Who is let in: the tokens that people make.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::{Json, Path};
use super::{App, AppState};
use crate::audit;
use crate::core::event::Event;
use crate::store::{StoredToken, TokenScope};
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use sidings_proto::TokenId;
use sidings_proto::api::{ErrorBody, MadeToken, NewToken, TokenKind, TokenView, Tokens};
use std::time::Duration;

#[utoipa::path(post, path = "/api/v1/tokens", tag = "api", request_body = NewToken,
    responses((status = 201, body = MadeToken), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn make_token(
    _: ApiCaller,
    State(app): AppState,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, axum::Json<MadeToken>), HttpError> {
    let scope = match (new.kind, new.project) {
        (TokenKind::Api, None) => TokenScope::Api(new.role.unwrap_or_default()),
        (TokenKind::Registration, None) => TokenScope::Registration { single_use: new.single_use },
        (TokenKind::Push, Some(project)) => TokenScope::Push { project },
        (TokenKind::Push, None) => return Err(HttpError::bad_request("a push token is for one project: name it")),
        (TokenKind::Api | TokenKind::Registration, Some(_)) => {
            return Err(HttpError::bad_request("only a push token is for one project"));
        }
    };
    if new.single_use && new.kind != TokenKind::Registration {
        return Err(HttpError::bad_request("only a registration token can be for one use"));
    }
    if new.role.is_some() && new.kind != TokenKind::Api {
        return Err(HttpError::bad_request("only an API token has a role"));
    }
    let now = app.shell.now();
    let expires = new.expires_in_ms.map(|ms| now + Duration::from_millis(ms));
    let told = told(&new.name, &scope);
    let (id, secret) = app.tokens.make(&new.name, scope, now, expires).await?;
    audit::about(format!("{told} {id}"));
    Ok((StatusCode::CREATED, axum::Json(MadeToken { id, token: secret.expose_secret().to_owned() })))
}

/// `ci (API, admin)`, as the audit log tells of a new token.
pub(crate) fn told(name: &str, scope: &TokenScope) -> String {
    match scope {
        TokenScope::Api(role) => format!("{name} (API, {})", role.as_str()),
        TokenScope::Push { project } => format!("{name} (push of {project})"),
        TokenScope::Registration { .. } => format!("{name} (registration)"),
        TokenScope::Runner(_) => format!("{name} (runner)"),
    }
}

#[utoipa::path(get, path = "/api/v1/tokens", tag = "api",
    responses((status = 200, body = Tokens), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn tokens(_: ApiCaller, State(app): AppState) -> axum::Json<Tokens> {
    axum::Json(Tokens { tokens: all_tokens(&app) })
}

/// All tokens that people made, oldest first.
pub(crate) fn all_tokens(app: &App) -> Vec<TokenView> {
    let used = |view: TokenView| TokenView { used: app.tokens.last_use(view.id), ..view };
    app.tokens.all().into_iter().filter_map(token_view).map(used).collect()
}

/// Runners' own tokens come and go with the runners and are not listed.
fn token_view(token: StoredToken) -> Option<TokenView> {
    let (kind, project, role) = match token.scope {
        TokenScope::Api(role) => (TokenKind::Api, None, Some(role)),
        TokenScope::Push { project } => (TokenKind::Push, Some(project), None),
        TokenScope::Registration { .. } => (TokenKind::Registration, None, None),
        TokenScope::Runner(_) => return None,
    };
    let StoredToken { id, name, created, expires, .. } = token;
    Some(TokenView { id, name, kind, project, created, expires, role, used: None })
}

#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "api", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn revoke_token(
    _: ApiCaller,
    State(app): AppState,
    Path(id): Path<TokenId>,
) -> Result<StatusCode, HttpError> {
    let revoked = app.tokens.revoke(id).await?;
    let revoked = revoked.ok_or_else(|| HttpError::not_found("there is no such token"))?;
    audit::about(format!("{} {id}", revoked.name));
    match revoked.scope {
        TokenScope::Runner(runner) => app.shell.tell(Event::RunnerRevoked { runner }),
        TokenScope::Api(_) | TokenScope::Push { .. } | TokenScope::Registration { .. } => {}
    }
    Ok(StatusCode::NO_CONTENT)
}
