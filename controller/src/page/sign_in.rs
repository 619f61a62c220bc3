//! Signing in with an API token, and out again.

use super::assets::Files;
use super::caller::{Change, fields};
use super::cookie;
use super::error::{PageError, shown};
use crate::audit;
use crate::http::App;
use crate::http::error::HttpError;
use crate::store::TokenScope;
use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    files: Files,
    to: String,
    refused: bool,
}

/// Where one signs in on the way to a page.
pub(super) fn address(to: &str) -> String {
    match to {
        "/" => "/sign-in".to_owned(),
        to => format!("/sign-in?to={}", super::escaped(to)),
    }
}

/// The form.
pub(super) async fn form(Query(query): Query<BTreeMap<String, String>>) -> Result<Response, PageError> {
    let to = query.get("to").map(String::as_str).unwrap_or("/");
    Ok(shown(&SignIn { files: Files, to: local(to).to_owned(), refused: false })?.into_response())
}

/// The first page for somebody who is not signed in.
pub(super) fn welcome() -> Result<Response, PageError> {
    Ok(shown(&SignIn { files: Files, to: "/".to_owned(), refused: false })?.into_response())
}

/// Opens a session for whoever has an API token.
pub(super) async fn sign_in(State(app): State<Arc<App>>, request: Request) -> Result<Response, PageError> {
    if !app.origin.sent(request.headers()) {
        return Err(HttpError::forbidden("this form was not sent from here").into());
    }
    let fields = fields(request).await?;
    let given = |name| fields.get(name).map(|value: &String| value.trim()).unwrap_or_default();
    let (to, now) = (local(given("to")), app.shell.now());
    let token = app.tokens.open_by(given("token"), now).filter(|token| matches!(token.scope, TokenScope::Api(_)));
    let Some(token) = token else {
        let again = SignIn { files: Files, to: to.to_owned(), refused: true };
        return Ok((StatusCode::UNAUTHORIZED, shown(&again)?).into_response());
    };
    audit::by(&token.name);
    let session = app.sessions.begin(token.id, now).await?;
    let cookie = cookie::keep(session.expose_secret(), app.origin.secure);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response())
}

/// Ends the session, here and in the browser.
pub(super) async fn sign_out(State(app): State<Arc<App>>, change: Change) -> Result<Response, PageError> {
    app.sessions.end(&change.visitor.session).await?;
    let cookie = cookie::forget(app.origin.secure);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

/// A page of ours: never another host's, however it is written.
fn local(to: &str) -> &str {
    let strange = |c: char| c.is_control() || c == '\\';
    let own = to.starts_with('/') && !to.starts_with("//") && !to.contains(strange);
    if own { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn signing_in_leads_to_no_other_host() {
        assert_eq!(local("/runs/1?x=y"), "/runs/1?x=y");
        for foreign in ["//evil.org", "https://evil.org", "/\\evil.org", "evil", "", "/a\r\nb"] {
            assert_eq!(local(foreign), "/", "{foreign}");
        }
    }
}
