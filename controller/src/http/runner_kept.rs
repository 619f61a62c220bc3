//! What an attempt leaves behind, and what it is given of others, as streams.

use super::auth::AttemptCaller;
use super::error::HttpError;
use super::parts::{Json, Path};
use super::{App, AppState};
use crate::core::caches;
use crate::shell::live::Current;
use crate::store::stored::StoredAttempt;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::artifact::ASKED_MAX;
use sidings_proto::cache::{CacheAnswer, CacheWanted};
use sidings_proto::runner::Blobs;
use sidings_proto::{AttemptId, BlobId};
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct BlobPath {
    id: BlobId,
}

#[derive(Deserialize)]
pub(super) struct InputPath {
    n: usize,
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/blobs", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = Blobs,
    responses((status = 200, body = Blobs, description = "those that are not there"),
        (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn missing(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(asked): Json<Blobs>,
) -> Result<axum::Json<Blobs>, HttpError> {
    current(&app, attempt)?;
    if asked.blobs.len() > ASKED_MAX {
        return Err(HttpError::bad_request(format!("at most {ASKED_MAX} blobs are asked about at once")));
    }
    Ok(axum::Json(Blobs { blobs: app.kept.missing(asked.blobs).await }))
}

#[utoipa::path(put, path = "/runner/v1/attempts/{job}/{fence}/blobs/{id}", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("id" = String, Path)),
    request_body(content = String, content_type = "application/octet-stream", description = "the bytes"),
    responses((status = 201, description = "it is kept"), (status = 200, description = "it was there"),
        (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn put(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(BlobPath { id }): Path<BlobPath>,
    body: Body,
) -> Result<StatusCode, HttpError> {
    current(&app, attempt)?;
    if app.kept.blobs.renew(&id).await {
        return Ok(StatusCode::OK);
    }
    // Bytes of an attempt that is no longer current end early, so that they are not kept.
    let bytes = body.into_data_stream().map(|piece| match (piece, current(&app, attempt)) {
        (Ok(piece), Ok(_)) => Ok(piece),
        (Err(_), _) | (_, Err(_)) => Err(()),
    });
    let put = app.kept.blobs.put(&id, bytes).await;
    current(&app, attempt)?;
    put?;
    Ok(StatusCode::CREATED)
}

#[utoipa::path(get, path = "/runner/v1/attempts/{job}/{fence}/inputs/{n}", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("n" = u64, Path)),
    responses((status = 200, content_type = "application/x-tar", description = "files and links, as tar"),
        (status = 204, description = "nothing is kept of that job"),
        (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn input(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(InputPath { n }): Path<InputPath>,
) -> Result<Response, HttpError> {
    let current = current(&app, attempt)?;
    let planned = current.job.planned();
    let Some(name) = planned.and_then(|job| job.spec.inputs.get(n)) else {
        return Err(HttpError::not_found(format!("the job has no input {n}")));
    };
    match newest_end(&app, &current, name).await? {
        Some(ended) if !ended.artifacts.is_empty() => Ok(tar(&app, app.kept.entries(&ended).await?)),
        Some(_) | None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/caches", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = CacheWanted,
    responses((status = 200, body = CacheAnswer), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn find_cache(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(wanted): Json<CacheWanted>,
) -> Result<axum::Json<CacheAnswer>, HttpError> {
    let run = &current(&app, attempt)?.job.run;
    let found = app.kept.find_cache(&run.project, &caches::readable(run), &wanted, app.shell.now()).await?;
    Ok(axum::Json(CacheAnswer { found, may_save: caches::may_save(run) }))
}

#[utoipa::path(get, path = "/runner/v1/attempts/{job}/{fence}/caches/{id}", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("id" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", description = "tar in zstd"),
        (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn cache(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(BlobPath { id }): Path<BlobPath>,
) -> Result<Response, HttpError> {
    let run = &current(&app, attempt)?.job.run;
    let scopes = caches::readable(run);
    match app.kept.blobs.size(&id).await {
        Some(size) if app.kept.is_cache_of(&run.project, &scopes, &id).await? => {
            super::blobs::send_file(&app.kept.blobs.file(&id), size).await
        }
        Some(_) | None => Err(HttpError::not_found("there is no such cache")),
    }
}

/// The answer with all of these entries.
pub(super) fn tar(app: &App, entries: crate::kept::Entries) -> Response {
    ([(header::CONTENT_TYPE, "application/x-tar")], Body::from_stream(app.kept.tar(entries))).into_response()
}

/// The last attempt of another job of the run.
async fn newest_end(app: &App, current: &Current, name: &str) -> anyhow::Result<Option<StoredAttempt>> {
    let Some(mut run) = app.store.run(current.job.run.id).await? else { return Ok(None) };
    let Some(place) = run.place_named(name) else { return Ok(None) };
    Ok(run.jobs.swap_remove(place).attempts.pop().filter(|attempt| attempt.ended.is_some()))
}

fn current(app: &App, attempt: AttemptId) -> Result<Arc<Current>, HttpError> {
    app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)
}
