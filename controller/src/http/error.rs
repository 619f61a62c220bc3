//! What went wrong, as an answer. A 5xx hides its chain from the caller and logs it, here and nowhere else.

use crate::blobs;
use crate::intake::IntakeError;
use crate::logs;
use crate::shell::Gone;
use crate::source::SourceError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sidings_proto::api::{ErrorBody, ErrorDetail};

/// An answer that is not what the caller hoped for.
#[derive(Debug)]
pub(crate) struct HttpError {
    status: StatusCode,
    code: &'static str,
    message: String,
    cause: Option<anyhow::Error>,
}

impl HttpError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), cause: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn unprocessable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// The fence has moved on: nothing was changed.
    pub(crate) fn stale() -> Self {
        let message = "the attempt is over or another one has taken its place; nothing was changed";
        Self::new(StatusCode::CONFLICT, "stale_attempt", message)
    }

    /// The runner must say hello again.
    pub(crate) fn unknown_life() -> Self {
        Self::new(StatusCode::CONFLICT, "unknown_life", "this life of the runner is not known; say hello again")
    }

    /// Its status and its sentence; the cause of a failure of ours is logged, as with any answer.
    pub(crate) fn told(self) -> (StatusCode, String) {
        self.log();
        (self.status, self.message)
    }

    fn log(&self) {
        if let Some(cause) = &self.cause {
            tracing::error!(status = self.status.as_u16(), "answering a request failed: {cause:#}");
        }
    }

    fn internal(cause: anyhow::Error) -> Self {
        let message = "the controller failed; its log says why";
        Self { cause: Some(cause), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message) }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        self.log();
        let error = ErrorDetail { code: self.code.to_owned(), message: self.message };
        (self.status, Json(ErrorBody { error })).into_response()
    }
}

impl From<anyhow::Error> for HttpError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

impl From<Gone> for HttpError {
    fn from(gone: Gone) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", gone.to_string())
    }
}

impl From<IntakeError> for HttpError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Unknown(message) => Self::not_found(message),
            IntakeError::Conflict(message) => Self::conflict(message),
            IntakeError::Bad(message) => Self::bad_request(message),
            IntakeError::NoRun(reason) => Self::unprocessable("no_run", format!("no run is made of this: {reason}")),
            IntakeError::Source(error) => error.into(),
            IntakeError::Gone(gone) => gone.into(),
            IntakeError::Failed(cause) => Self::internal(cause),
        }
    }
}

impl From<SourceError> for HttpError {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        match error {
            SourceError::NoPipeline(_) => Self::unprocessable("no_pipeline", message),
            SourceError::NotFound(_) => Self::unprocessable("source_not_found", message),
            SourceError::BadSnapshot(_) => Self::unprocessable("bad_snapshot", message),
            SourceError::Failed(cause) => Self::internal(cause),
        }
    }
}

impl From<logs::Refused> for HttpError {
    fn from(refused: logs::Refused) -> Self {
        let message = refused.to_string();
        match refused {
            logs::Refused::Closed => Self::stale(),
            logs::Refused::NotFrames => Self::bad_request(message),
            logs::Refused::TooLong => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message),
            logs::Refused::Failed(cause) => Self::internal(cause),
        }
    }
}

impl From<blobs::Refused> for HttpError {
    fn from(refused: blobs::Refused) -> Self {
        let message = refused.to_string();
        match refused {
            blobs::Refused::Differs => Self::unprocessable("hash_differs", message),
            blobs::Refused::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message),
            blobs::Refused::TooSlow => Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message),
            blobs::Refused::Cut => Self::bad_request(message),
            blobs::Refused::Failed(cause) => Self::internal(cause),
        }
    }
}
