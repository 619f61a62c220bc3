//! Logs as pages.

mod ansi;
pub(super) mod rows;

use super::caller::Visitor;
use axum::extract::Path;
use axum::response::Redirect;
use sidings_proto::{JobId, StepNo, api};

/// A step's log, as text.
pub(super) async fn show(_: Visitor, Path((job, step)): Path<(JobId, StepNo)>) -> Redirect {
    Redirect::to(&format!("{}/jobs/{job}/logs/{step}?format=text", api::PREFIX))
}
