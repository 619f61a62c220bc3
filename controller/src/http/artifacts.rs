//! Artifacts for people and programs: listed, one file, or all of a job.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::{Path, Query};
use super::{App, AppState, runner_kept};
use crate::kept::Entries;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sidings_proto::api::{ArtifactList, ArtifactView, ErrorBody};
use sidings_proto::artifact::Content;
use sidings_proto::{BlobId, JobId};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

const BLOCK: usize = 256 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileQuery {
    path: String,
}

#[utoipa::path(get, path = "/api/v1/jobs/{job}/artifacts", tag = "api", params(("job" = String, Path)),
    responses((status = 200, body = ArtifactList), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(
    _: ApiCaller,
    State(app): AppState,
    Path(job): Path<JobId>,
) -> Result<axum::Json<ArtifactList>, HttpError> {
    let entries = entries(&app, job).await?.into_iter();
    let artifacts = entries.map(|(path, (content, expires))| ArtifactView { path, content, expires }).collect();
    Ok(axum::Json(ArtifactList { artifacts }))
}

#[utoipa::path(get, path = "/api/v1/jobs/{job}/artifacts/file", tag = "api",
    params(("job" = String, Path), ("path" = String, Query)),
    responses((status = 200, content_type = "application/octet-stream", description = "the file's bytes"),
        (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn file(
    _: ApiCaller,
    State(app): AppState,
    Path(job): Path<JobId>,
    Query(FileQuery { path }): Query<FileQuery>,
) -> Result<Response, HttpError> {
    match entries(&app, job).await?.remove(&path) {
        Some((Content::File { blob, bytes, .. }, _)) => send(&app, &blob, bytes).await,
        Some((Content::Link { target }, _)) => {
            Err(HttpError::not_found(format!("`{path}` is a link to `{target}`, not a file")))
        }
        None => Err(HttpError::not_found(format!("the job keeps no file `{path}`"))),
    }
}

#[utoipa::path(get, path = "/api/v1/jobs/{job}/artifacts/tar", tag = "api", params(("job" = String, Path)),
    responses((status = 200, content_type = "application/x-tar", description = "files and links, as tar"),
        (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn all(_: ApiCaller, State(app): AppState, Path(job): Path<JobId>) -> Result<Response, HttpError> {
    let entries = entries(&app, job).await?;
    Ok(runner_kept::tar(&app, entries))
}

/// Of the job's newest attempt that ended.
async fn entries(app: &App, job: JobId) -> Result<Entries, HttpError> {
    let unknown = || HttpError::not_found(format!("there is no job {job}"));
    let run = app.store.run_of_job(job).await?.ok_or_else(unknown)?;
    let mut run = app.store.run(run).await?.ok_or_else(unknown)?;
    let place = run.place_of(job).ok_or_else(unknown)?;
    let ended = run.jobs.swap_remove(place).attempts.into_iter().rev().find(|attempt| attempt.ended.is_some());
    match ended {
        Some(attempt) => Ok(app.kept.entries(&attempt).await?),
        None => Ok(Entries::new()),
    }
}

/// To be saved, never to be shown: a job may have written a page that a browser would trust.
async fn send(app: &App, blob: &BlobId, bytes: u64) -> Result<Response, HttpError> {
    let file = File::open(app.kept.blobs.file(blob)).await.map_err(anyhow::Error::from)?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(file, BLOCK))).into_response())
}
