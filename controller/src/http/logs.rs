//! Logs for people: a part or all of one, as frames or as text, to its end if asked.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::{Path, Query};
use super::{App, AppState};
use crate::logs::{Format, Reader};
use crate::shell::live::Current;
use crate::store::stored::StoredRun;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::{AttemptId, JobId, RunId, StepNo};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadQuery {
    attempt: Option<u64>,
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    follow: bool,
    #[serde(default)]
    format: Wanted,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    #[default]
    Frames,
    Text,
}

#[utoipa::path(get, path = "/api/v1/jobs/{job}/logs/{step}", tag = "api",
    params(("job" = String, Path), ("step" = u32, Path), ("attempt" = Option<u64>, Query),
        ("offset" = Option<i64>, Query, description = "in bytes of the stored log; negative from its end"),
        ("follow" = Option<bool>, Query), ("format" = Option<String>, Query, description = "`frames` or `text`")),
    responses((status = 200, content_type = "application/octet-stream", description = "the log"),
        (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn read(
    _: ApiCaller,
    State(app): AppState,
    Path((job, step)): Path<(JobId, StepNo)>,
    Query(query): Query<ReadQuery>,
) -> Result<Response, HttpError> {
    let (run, fence) = attempt_of(&app, job, query.attempt, query.follow).await?;
    let attempt = AttemptId { job, fence };
    let file = app.logs.file(run, attempt, step);
    let growing = app.shell.live().attempt(attempt).map(|current| (current.logs.watch(), current));
    let length = length(&file, step, growing.as_ref().map(|(_, current)| &**current)).await?;
    let (format, kind) = match query.format {
        Wanted::Frames => (Format::Frames, "application/octet-stream"),
        Wanted::Text => (Format::Text, "text/plain; charset=utf-8"),
    };
    let reader = Reader::start(file.clone(), query.offset, length, format).await?;
    let reading = Reading { follow: query.follow, app, file, step, reader, growing };
    let pieces = stream::try_unfold(reading, |mut reading| async move {
        anyhow::Ok(reading.next().await?.map(|piece| (piece, reading)))
    });
    // What a job wrote is never taken for a page, whatever it looks like.
    let about = [(header::CONTENT_TYPE, kind), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((about, Body::from_stream(pieces)).into_response())
}

/// Where a log is, and how much of it may be read now.
pub(crate) async fn readable(
    app: &App,
    run: RunId,
    attempt: AttemptId,
    step: StepNo,
) -> anyhow::Result<(PathBuf, u64)> {
    let file = app.logs.file(run, attempt, step);
    let current = app.shell.live().attempt(attempt);
    let length = length(&file, step, current.as_deref()).await?;
    Ok((file, length))
}

/// The run, and the fence of the attempt that was asked for: the newest unless told. Who follows a job that was not
/// handed out yet waits for that.
async fn attempt_of(app: &App, job: JobId, asked: Option<u64>, follow: bool) -> Result<(RunId, u64), HttpError> {
    let run = app.store.run_of_job(job).await?;
    let run = run.ok_or_else(|| HttpError::not_found(format!("there is no job {job}")))?;
    let mut follower = app.shell.changes().follow(run);
    loop {
        let stored = app.store.run(run).await?;
        let stored = stored.ok_or_else(|| HttpError::not_found(format!("there is no run {run}")))?;
        if let Some(fence) = fence_of(&stored, job, asked) {
            return Ok((run, fence));
        }
        if !follow || asked.is_some() || has_ended(&stored, job) {
            return Err(HttpError::not_found("the job has no such attempt, and so no log"));
        }
        tokio::select! {
            () = follower.changed() => {}
            () = app.stop.cancelled() => return Err(crate::shell::Gone.into()),
        }
    }
}

fn fence_of(run: &StoredRun, job: JobId, asked: Option<u64>) -> Option<u64> {
    let attempts = &run.jobs.get(run.place_of(job)?)?.attempts;
    let mut fences = attempts.iter().map(|attempt| attempt.fence);
    match asked {
        Some(asked) => fences.find(|fence| *fence == asked),
        None => fences.next_back(),
    }
}

fn has_ended(run: &StoredRun, job: JobId) -> bool {
    run.place_of(job).and_then(|place| run.jobs.get(place)).is_none_or(|job| job.outcome.is_some())
}

/// How much of a log may be read: what is acknowledged, or all of it once the attempt is over.
async fn length(file: &std::path::Path, step: StepNo, current: Option<&Current>) -> anyhow::Result<u64> {
    match current {
        Some(current) if !current.logs.is_closed() => current.logs.length(file, step).await,
        Some(_) | None => Ok(tokio::fs::metadata(file).await.map_or(0, |about| about.len())),
    }
}

/// One who reads a log.
struct Reading {
    app: Arc<App>,
    file: PathBuf,
    step: StepNo,
    reader: Reader,
    follow: bool,
    /// The attempt, if it was with a runner when the reading began.
    growing: Option<(watch::Receiver<()>, Arc<Current>)>,
}

impl Reading {
    /// The next piece; waits for it if the log is followed and may still grow.
    async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        loop {
            let current = match &mut self.growing {
                Some((grew, current)) => {
                    // Seen before the length is read, so that nothing is missed in between.
                    grew.mark_unchanged();
                    Some(&**current)
                }
                None => None,
            };
            let closed = current.is_none_or(|current| current.logs.is_closed());
            let end = length(&self.file, self.step, current).await?;
            if let Some(piece) = self.reader.next(end).await? {
                return Ok(Some(piece));
            }
            let ended = current.and_then(|current| current.logs.end_of(self.step));
            let whole = closed || ended.is_some_and(|bytes| self.reader.position() >= bytes);
            if !self.follow || whole || !self.grew().await {
                return Ok(None);
            }
        }
    }

    async fn grew(&mut self) -> bool {
        let Some((grew, _)) = &mut self.growing else { return false };
        tokio::select! {
            changed = grew.changed() => changed.is_ok(),
            () = self.app.stop.cancelled() => false,
        }
    }
}
