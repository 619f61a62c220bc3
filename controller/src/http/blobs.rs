//! Snapshots in and out, as streams.

use super::auth::{ApiCaller, AttemptCaller};
use super::error::HttpError;
use super::parts::Path;
use super::{App, AppState};
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sidings_proto::api::ErrorBody;
use sidings_proto::{BlobId, Source};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

const BLOCK: usize = 256 * 1024;

#[utoipa::path(put, path = "/api/v1/blobs/{id}", tag = "api", params(("id" = String, Path)),
    request_body(content = String, content_type = "application/octet-stream", description = "a tar archive compressed with zstd"),
    responses((status = 201, description = "it is kept"), (status = 200, description = "it was there"),
        (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn put(
    _: ApiCaller,
    State(app): AppState,
    Path(id): Path<BlobId>,
    body: Body,
) -> Result<StatusCode, HttpError> {
    if app.blobs.size(&id).await.is_some() {
        return Ok(StatusCode::OK);
    }
    app.blobs.put(&id, body.into_data_stream()).await?;
    Ok(StatusCode::CREATED)
}

#[utoipa::path(head, path = "/api/v1/blobs/{id}", tag = "api", params(("id" = String, Path)),
    responses((status = 200, description = "it is there"), (status = 404, description = "it is not")),
    security(("api" = [])))]
pub(super) async fn head(_: ApiCaller, State(app): AppState, Path(id): Path<BlobId>) -> StatusCode {
    if app.blobs.size(&id).await.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND }
}

#[utoipa::path(get, path = "/runner/v1/attempts/{job}/{fence}/source", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)),
    responses((status = 200, content_type = "application/octet-stream", description = "the snapshot's bytes"),
        (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn source(AttemptCaller(attempt): AttemptCaller, State(app): AppState) -> Result<Response, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    match &current.job.run.source {
        Source::Snapshot { blob } => send(&app, blob).await,
        Source::Git { .. } => Err(HttpError::not_found("the files of this run come from git")),
    }
}

async fn send(app: &App, blob: &BlobId) -> Result<Response, HttpError> {
    let Some(size) = app.blobs.size(blob).await else {
        return Err(HttpError::not_found("the snapshot is gone"));
    };
    send_file(&app.blobs.file(blob), size).await
}

/// The answer with all bytes of a file.
pub(super) async fn send_file(file: &std::path::Path, size: u64) -> Result<Response, HttpError> {
    let file = File::open(file).await.map_err(anyhow::Error::from)?;
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_LENGTH, size.to_string())];
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(file, BLOCK))).into_response())
}
