//! An attempt's log chunks and its end: the two that must keep their order (see [`crate::logs`]).

use super::auth::AttemptCaller;
use super::error::HttpError;
use super::parts::{Json, Path, Query};
use super::{App, AppState};
use crate::core::event::{Answer, Event};
use crate::images::Name;
use crate::kept::NotKept;
use crate::logs::Verified;
use crate::shell::live::Current;
use crate::splits::{Judged, Worker};
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::runner::{Finish, Finished, Kept, LOG_CHUNK_MAX, LogAck};
use sidings_proto::{AttemptId, Failure, FailureClass, StepNo, Verdict};
use std::time::Duration;

/// A chunk that takes longer to arrive gives its place to another.
const CHUNK_WITHIN: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
pub(super) struct AppendPath {
    step: StepNo,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppendQuery {
    offset: u64,
}

#[utoipa::path(put, path = "/runner/v1/attempts/{job}/{fence}/logs/{step}", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("step" = u32, Path), ("offset" = u64, Query)),
    request_body(content = String, content_type = "application/octet-stream", description = "whole frames"),
    responses((status = 200, body = LogAck), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn append(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(AppendPath { step }): Path<AppendPath>,
    Query(AppendQuery { offset }): Query<AppendQuery>,
    body: Body,
) -> Result<axum::Json<LogAck>, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    if !current.job.has_log(step) {
        return Err(HttpError::not_found(format!("the job has no step {step}")));
    }
    let _place = app.log_chunks.acquire().await.map_err(|error| HttpError::from(anyhow::Error::from(error)))?;
    let chunk = receive(body).await?;
    let received = chunk.len() as u64;
    let file = app.logs.file(current.job.run.id, attempt, step);
    let bytes = current.logs.append(&file, step, offset, chunk).await?;
    app.metrics.took_log(received);
    Ok(axum::Json(LogAck { bytes }))
}

async fn receive(body: Body) -> Result<Bytes, HttpError> {
    match tokio::time::timeout(CHUNK_WITHIN, to_bytes(body, LOG_CHUNK_MAX)).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(_)) => {
            let message = format!("a log chunk is at most {LOG_CHUNK_MAX} bytes, and whole");
            Err(HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message))
        }
        Err(_) => Err(HttpError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the log chunk took too long")),
    }
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/finish", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = Finish,
    responses((status = 200, body = Finished), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn finish(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(mut finish): Json<Finish>,
) -> Result<axum::Json<Finished>, HttpError> {
    finish.kept.caches = app.kept.only_whole(std::mem::take(&mut finish.kept.caches)).await;
    let finished = match app.shell.live().attempt(attempt) {
        Some(current) => {
            let keys = finish.images.iter().filter_map(|image| image.key.as_deref());
            let names: Vec<Name> = keys.flat_map(|key| Name::usable(&current.job.run, key)).collect();
            app.inventories.used(&names, app.shell.now()).await;
            finish_current(&app, attempt, &current, finish).await?
        }
        // It is over: the core tells a repeat from a stale one.
        None => tell(&app, attempt, finish).await?,
    };
    Ok(axum::Json(finished))
}

/// With no chunk under way: compares the logs, and only then says that the attempt ended.
async fn finish_current(
    app: &App,
    attempt: AttemptId,
    current: &Current,
    finish: Finish,
) -> Result<Finished, HttpError> {
    let run = current.job.run.id;
    let finishing = current.logs.finishing().await;
    if let Some(strange) = finish.steps.iter().find(|result| !current.job.has_log(result.step)) {
        return Err(HttpError::bad_request(format!("the job has no step {}", strange.step)));
    }
    match finishing.verify(&finish, |step| app.logs.file(run, attempt, step)).await? {
        Verified::Whole => match app.kept.check(&finish.kept.artifacts).await {
            Ok(()) => tell_as_judged(app, attempt, current, finish).await,
            Err(NotKept::Wrong(error)) => Err(HttpError::bad_request(format!("{error:#}"))),
            Err(missing @ NotKept::Missing(_)) => tell(app, attempt, without(finish, missing.to_string())).await,
        },
        Verified::Missing { step, bytes } => Ok(Finished::LogMissing { step, bytes }),
        Verified::Differs { step } => {
            tracing::warn!(%run, %attempt, %step, "a log is not what its runner sent");
            tell(app, attempt, not_whole(finish, step)).await?;
            Ok(Finished::LogDiffers { step })
        }
    }
}

/// The attempt's end with what the queue says that it worked for.
async fn tell_as_judged(
    app: &App,
    attempt: AttemptId,
    current: &Current,
    finish: Finish,
) -> Result<Finished, HttpError> {
    let Some(worker) = Worker::of(attempt, current) else { return tell(app, attempt, finish).await };
    match app.splits.judged(&worker, finish).await? {
        Judged::Ended(finish) => tell(app, attempt, finish).await,
        Judged::GaveBack(finish) => {
            let sent = Box::new(finish.clone());
            let answer = app.shell.ask(|ask| Event::GaveBack { ask, attempt, finish: sent }).await?;
            answered(app, attempt, &finish, answer).await
        }
    }
}

/// The attempt's end when what it wanted to keep is not here: another one makes it again.
fn without(finish: Finish, message: String) -> Finish {
    let verdict = Verdict::Failed(Failure { class: FailureClass::EngineFailed, message });
    Finish { verdict, kept: Kept::default(), ..finish }
}

/// The attempt's end when its log cannot be trusted.
fn not_whole(finish: Finish, step: StepNo) -> Finish {
    let message = format!("the log of step {step} here is not what the runner sent");
    let verdict = Verdict::Failed(Failure { class: FailureClass::EngineFailed, message });
    Finish { verdict, ..finish }
}

async fn tell(app: &App, attempt: AttemptId, finish: Finish) -> Result<Finished, HttpError> {
    let sent = finish.clone();
    let answer = app.shell.ask(|ask| Event::Finished { ask, attempt, finish: Box::new(sent) }).await?;
    answered(app, attempt, &finish, answer).await
}

async fn answered(app: &App, attempt: AttemptId, finish: &Finish, answer: Answer) -> Result<Finished, HttpError> {
    match answer {
        Answer::Accepted => Ok(Finished::Accepted),
        Answer::Already => Ok(Finished::Already),
        Answer::Stale | Answer::UnknownLife | Answer::Done | Answer::Leased(_) | Answer::Orders(_) => {
            if accepted_before(app, attempt, finish).await? {
                Ok(Finished::Already)
            } else {
                Err(HttpError::stale())
            }
        }
    }
}

/// Whether an earlier life of the controller accepted this very finish; the core only knows those of this life.
async fn accepted_before(app: &App, attempt: AttemptId, finish: &Finish) -> Result<bool, HttpError> {
    let Some(run) = app.store.run_of_job(attempt.job).await? else { return Ok(false) };
    let Some(run) = app.store.run(run).await? else { return Ok(false) };
    let Some(place) = run.place_of(attempt.job) else { return Ok(false) };
    let attempts = run.jobs.get(place).into_iter().flat_map(|job| &job.attempts);
    let mut ends = attempts.filter(|known| known.fence == attempt.fence).filter_map(|known| known.ended.as_ref());
    Ok(ends.any(|end| !end.steps.is_empty() && end.steps == finish.steps))
}
