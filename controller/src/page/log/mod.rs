//! The log of a step as a page: a part of it, made here as rows, whatever its length. The script beside loads the
//! parts before and after as they are scrolled to; without it, links do.

mod ansi;
mod find;
pub(super) mod rows;
mod tail;

pub(super) use find::first_error;
pub(super) use tail::follow;

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::run::{Head, StepRow, step_rows};
use super::shell::Shell;
use crate::http::App;
use crate::http::error::HttpError;
use crate::http::logs::readable;
use crate::http::runs::view;
use crate::logs::lines::Part;
use anyhow::Context;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use rows::{LogRow, rows};
use serde::Deserialize;
use sidings_proto::api::{JobView, State as JobState};
use sidings_proto::{AttemptId, JobId, RunId, StepNo, api};
use std::path::PathBuf;
use std::sync::Arc;

/// Lines of a page.
const LINES: u64 = 400;
/// Lines that the script may ask for at once.
const LINES_MAX: usize = 2_000;

/// Which part of which log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    attempt: Option<u64>,
    /// The first line; the end when none.
    from: Option<u64>,
    count: Option<usize>,
    /// What is looked for.
    q: String,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    shell: Shell,
    head: Head,
    job: JobId,
    job_name: String,
    step: StepNo,
    step_name: String,
    steps: Vec<StepRow>,
    attempt: u64,
    attempts: Vec<u64>,
    /// This page's address, without what part it shows.
    own: String,
    raw: String,
    total: u64,
    rows: Vec<LogRow>,
    earlier: Option<u64>,
    later: Option<u64>,
    at_end: bool,
    growing: bool,
    q: String,
    found: Option<find::Found>,
}

#[derive(Template)]
#[template(path = "lines.html")]
struct Lines {
    own: String,
    rows: Vec<LogRow>,
    total: u64,
}

/// A log that is there.
pub(super) struct Log {
    pub(super) run: RunId,
    pub(super) attempt: AttemptId,
    pub(super) step: StepNo,
    pub(super) file: PathBuf,
    pub(super) length: u64,
}

impl Log {
    /// The log of the attempt that is wanted, or of the newest.
    pub(super) async fn of(app: &App, job: JobId, step: StepNo, attempt: Option<u64>) -> Result<Self, HttpError> {
        let unknown = || HttpError::not_found("there is no such log");
        let run = app.store.run_of_job(job).await?.ok_or_else(unknown)?;
        let stored = app.store.run(run).await?.ok_or_else(unknown)?;
        let tried = stored.place_of(job).and_then(|place| stored.jobs.get(place)).ok_or_else(unknown)?;
        let mut fences = tried.attempts.iter().map(|tried| tried.fence);
        let fence = match attempt {
            Some(asked) => fences.find(|fence| *fence == asked),
            None => fences.next_back(),
        };
        let attempt = AttemptId { job, fence: fence.ok_or_else(unknown)? };
        let (file, length) = readable(app, run, attempt, step).await?;
        Ok(Self { run, attempt, step, file, length })
    }

    /// Reads it where that holds nobody up.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(Part<'_>) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (file, length) = (self.file.clone(), self.length);
        tokio::task::spawn_blocking(move || read(Part { file: &file, length })).await.context("reading a log")?
    }

    /// The page of it, which of the job's attempts included.
    pub(super) fn address(&self) -> String {
        format!("/jobs/{}/logs/{}?attempt={}", self.attempt.job, self.step, self.attempt.fence)
    }
}

pub(super) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path((job, step)): Path<(JobId, StepNo)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let log = Log::of(&app, job, step, wanted.attempt).await?;
    let run = view(&app, log.run).await?;
    let of_run = run.jobs.iter().find(|known| known.id == job).context("a job of its own run")?;
    let from = wanted.from;
    let (total, lines) = log.read(move |part| part_of(part, from)).await?;
    let found = match wanted.q.is_empty() {
        true => None,
        false => Some(find::all(&log, &wanted.q).await?),
    };
    let (first, last) = (lines.first().map_or(1, |line| line.no), lines.last().map_or(0, |line| line.no));
    let page = LogPage {
        shell: Shell::of(&visitor, "runs"),
        head: Head::of(&run, &app),
        job,
        job_name: of_run.name.clone(),
        step,
        step_name: name(of_run, step),
        steps: step_rows(of_run, app.shell.now()),
        attempt: log.attempt.fence,
        attempts: of_run.attempts.iter().map(|attempt| attempt.fence).collect(),
        own: log.address(),
        raw: format!("{}{}&format=text", api::PREFIX, log.address()),
        total,
        earlier: (first > 1).then(|| first.saturating_sub(LINES).max(1)),
        later: (last < total).then_some(last + 1),
        at_end: last >= total && wanted.from.is_none(),
        growing: is_growing(&app, &log, of_run),
        rows: rows(&lines),
        q: wanted.q,
        found,
    };
    Ok(shown(&page)?.into_response())
}

fn part_of(part: Part<'_>, from: Option<u64>) -> anyhow::Result<(u64, Vec<crate::logs::lines::Line>)> {
    let total = part.count()?;
    let end = (total + 1).saturating_sub(LINES).max(1);
    Ok((total, part.window(from.map_or(end, |from| from.clamp(1, total.max(1))), usize::try_from(LINES)?)?))
}

fn is_growing(app: &App, log: &Log, job: &JobView) -> bool {
    let over = job.steps.iter().any(|step| step.no == log.step && step.state == JobState::Ended);
    !over && app.shell.live().attempt(log.attempt).is_some_and(|current| !current.logs.is_closed())
}

fn name(job: &JobView, step: StepNo) -> String {
    let steps = job.steps.iter().map(|known| (known.no, &known.name));
    let mut all = steps.chain(job.services.iter().map(|known| (known.no, &known.name)));
    match all.find(|(no, _)| *no == step) {
        Some((_, name)) => name.clone(),
        None => "setup".to_owned(),
    }
}

/// Some lines alone, for the script.
pub(super) async fn lines(
    _: Visitor,
    State(app): State<Arc<App>>,
    Path((job, step)): Path<(JobId, StepNo)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let log = Log::of(&app, job, step, wanted.attempt).await?;
    let (from, count) = (wanted.from.unwrap_or(1).max(1), wanted.count.unwrap_or(0).min(LINES_MAX));
    let (total, lines) = log.read(move |part| Ok((part.count()?, part.window(from, count)?))).await?;
    Ok(shown(&Lines { own: log.address(), rows: rows(&lines), total })?.into_response())
}
