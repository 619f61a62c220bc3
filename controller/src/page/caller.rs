//! Who reads the page, and who changes something through it. A stranger is shown where to sign in.

use super::cookie;
use super::error::PageError;
use crate::audit;
use crate::http::App;
use crate::http::error::HttpError;
use crate::http::roles;
use crate::sessions;
use crate::store::TokenScope;
use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::Method;
use axum::http::request::Parts;
use sidings_proto::Role;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Somebody signed in, whose role may do what is asked.
pub(super) struct Visitor {
    /// The token's name.
    pub(super) name: String,
    pub(super) role: Role,
    /// What opens the session.
    pub(super) session: String,
}

impl Visitor {
    /// Whether a page should offer what this route does.
    pub(super) fn may(&self, route: &str) -> bool {
        self.role >= roles::needed(&Method::POST, route)
    }

    /// Whether a page should lead to this one.
    pub(super) fn may_see(&self, route: &str) -> bool {
        self.role >= roles::needed(&Method::GET, route)
    }

    /// What a form of this session holds.
    pub(super) fn form_token(&self) -> String {
        sessions::form_token(&self.session)
    }
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, PageError> {
        let to = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let session = cookie::session(&parts.headers).unwrap_or_default().to_owned();
        let Some(token) = app.sessions.open_by(&session, &app.tokens, app.shell.now()) else {
            return Err(PageError::Stranger { to: if parts.method.is_safe() { to } else { "/".to_owned() } });
        };
        audit::by(&token.name);
        let TokenScope::Api(role) = token.scope else { return Err(PageError::Stranger { to }) };
        roles::check(role, parts)?;
        Ok(Self { name: token.name, role, session })
    }
}

/// A form that somebody signed in has sent from one of our own pages, and what it holds.
pub(super) struct Change {
    pub(super) visitor: Visitor,
    pub(super) fields: BTreeMap<String, String>,
}

impl FromRequest<Arc<App>> for Change {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        if !app.origin.sent(&parts.headers) {
            return Err(HttpError::forbidden("this form was not sent from here").into());
        }
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        let fields = fields(Request::from_parts(parts, body)).await?;
        let proof = fields.get("form").map(String::as_str).unwrap_or_default();
        if !sessions::is_form_token(&visitor.session, proof) {
            return Err(HttpError::forbidden("this form is not of your session: load the page again").into());
        }
        Ok(Self { visitor, fields })
    }
}

/// What a form holds.
pub(super) async fn fields(request: Request) -> Result<BTreeMap<String, String>, HttpError> {
    let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    let Form(fields) = form.map_err(|rejection| HttpError::bad_request(rejection.body_text()))?;
    Ok(fields.into_iter().collect())
}
