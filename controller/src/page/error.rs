//! What went wrong, as a page.

use super::assets::Files;
use crate::http::error::HttpError;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// Why the page that was asked for is not shown.
#[derive(Debug)]
pub(super) enum PageError {
    /// Nobody is signed in.
    Stranger {
        /// Where they wanted to go.
        to: String,
    },
    /// What the API would say.
    Refused(HttpError),
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    files: Files,
    code: u16,
    title: &'static str,
    message: String,
}

impl<E: Into<HttpError>> From<E> for PageError {
    fn from(error: E) -> Self {
        PageError::Refused(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            PageError::Stranger { to } => Redirect::to(&super::sign_in::address(&to)).into_response(),
            PageError::Refused(error) => {
                let (status, message) = error.told();
                let page = ErrorPage { files: Files, code: status.as_u16(), title: title(status), message };
                (status, Html(page.render().unwrap_or_else(|_| status.to_string()))).into_response()
            }
        }
    }
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Nothing is here",
        StatusCode::FORBIDDEN => "You may not do this",
        StatusCode::CONFLICT => "This cannot be done now",
        status if status.is_server_error() => "The controller failed",
        _ => "This was not understood",
    }
}

/// A page that is shown.
pub(super) fn shown(page: &impl Template) -> Result<Html<String>, PageError> {
    Ok(Html(page.render().map_err(|error| anyhow::Error::new(error).context("making a page"))?))
}
