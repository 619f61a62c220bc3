//! Images that are built once for the whole fleet: asked for, told of, and their parts.

use super::auth::AttemptCaller;
use super::error::HttpError;
use super::parts::{Json, Path};
use super::{App, AppState};
use crate::images::claims::{Asked, Claim, Failed, Holder};
use crate::images::{Caller, Refused};
use crate::shell::live::Current;
use crate::store::view::Names;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::image::{ImageAnswer, ImageAsk, ImageTold};
use sidings_proto::{AttemptId, BlobId, JobId};
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct PartPath {
    key: String,
    blob: BlobId,
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/images", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = ImageAsk,
    responses((status = 200, body = ImageAnswer), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn ask(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(ask): Json<ImageAsk>,
) -> Result<axum::Json<ImageAnswer>, HttpError> {
    let current = current(&app, attempt)?;
    let asked = app.images.ask(&app.shell, &caller(attempt, &current), &ask, &app.stop).await?;
    Ok(axum::Json(answer(&app, &current, asked).await?))
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/images/told", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = ImageTold,
    responses((status = 204, description = "it is kept"), (status = "4XX", body = ErrorBody)),
    security(("attempt" = [])))]
pub(super) async fn told(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(told): Json<ImageTold>,
) -> Result<StatusCode, HttpError> {
    let current = current(&app, attempt)?;
    app.images.told(&app.shell, &caller(attempt, &current), told).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/runner/v1/attempts/{job}/{fence}/images/{key}/{blob}", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("key" = String, Path), ("blob" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", description = "a layer's tar in zstd, or the \
        configuration"), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn part(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(PartPath { key, blob }): Path<PartPath>,
) -> Result<Response, HttpError> {
    let current = current(&app, attempt)?;
    let size = app.kept.blobs.size(&blob).await;
    match size {
        Some(size) if app.images.is_part_of(&current.job.run, &key, &blob).await => {
            super::blobs::send_file(&app.kept.blobs.file(&blob), size).await
        }
        Some(_) | None => Err(HttpError::not_found("there is no such part of an image")),
    }
}

fn caller(attempt: AttemptId, current: &Current) -> Caller<'_> {
    Caller { holder: Holder { attempt, runner: current.runner }, run: &current.job.run }
}

async fn answer(app: &App, current: &Current, asked: Asked) -> Result<ImageAnswer, HttpError> {
    let by = |holder: Holder| app.names.runner(holder.runner);
    Ok(match asked {
        Asked::Ready(holder, image) => ImageAnswer::Ready { image, by: by(holder) },
        Asked::Yours(Claim { number, .. }) => {
            let (runner, now) = (current.runner, app.shell.now());
            let wanted = app.shell.look(move |core| core.has_others(now, runner)).await?;
            let earlier = app.images.earlier(&current.job.run).await;
            ImageAnswer::Build { claim: number, wanted, inventory: app.inventories.are_wanted(), earlier }
        }
        Asked::Wait { number, holder, since } => {
            let job = holder.attempt.job;
            ImageAnswer::Wait { claim: number, by: by(holder), job, job_url: job_url(app, job), since }
        }
        Asked::Failed(Failed { number, holder, message }) => {
            ImageAnswer::Failed { claim: number, by: by(holder), job: holder.attempt.job, message }
        }
        Asked::Alone(reason) => ImageAnswer::Alone { reason },
    })
}

/// Empty for a job whose run has ended, which builds nothing any more.
fn job_url(app: &App, job: JobId) -> String {
    app.shell.live().job(job).map(|live| app.names.job_url(live.run.id, job)).unwrap_or_default()
}

fn current(app: &App, attempt: AttemptId) -> Result<Arc<Current>, HttpError> {
    app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)
}

impl From<Refused> for HttpError {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::Stale => Self::stale(),
            Refused::StaleClaim => Self::new(StatusCode::CONFLICT, "stale_claim", message),
            Refused::Wrong(_) => Self::unprocessable("bad_image", message),
            Refused::Failed(cause) => cause.into(),
        }
    }
}
