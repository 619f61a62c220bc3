//! What has no version and is not for people: health, metrics, and paths that do not exist.

use super::error::HttpError;
use super::{App, AppState};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;

/// Less than the patience of those who ask.
const HEALTHY_WITHIN: Duration = Duration::from_secs(2);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(health)).route("/metrics", get(metrics))
}

/// Healthy is who still handles events and reads its store.
async fn health(State(app): AppState) -> Result<&'static str, HttpError> {
    let looks = async {
        app.shell.look(|_| ()).await?;
        app.store.project("").await.map_err(|error| {
            tracing::warn!("the store cannot be read: {error:#}");
            unhealthy("the store cannot be read")
        })
    };
    match tokio::time::timeout(HEALTHY_WITHIN, looks).await {
        Ok(looked) => looked.map(|_| "ok\n"),
        Err(_) => Err(unhealthy("there was no answer in time")),
    }
}

fn unhealthy(why: &str) -> HttpError {
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "unhealthy", why)
}

async fn metrics(State(app): AppState) -> Result<impl IntoResponse, HttpError> {
    let now = app.shell.now();
    let (counts, pools) = app.shell.look(move |core| (core.counts(now), core.pools(now))).await?;
    let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, format)], app.metrics.text(&counts, &pools)?))
}

pub(super) async fn no_such_path(uri: Uri) -> HttpError {
    HttpError::not_found(format!("there is nothing at {}", uri.path()))
}

pub(super) async fn no_such_method() -> HttpError {
    HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
}
