//! A log that grows, as it does: server-sent events, each some rows of the page.

use super::rows::{LogRow, rows};
use super::{Log, Wanted};
use crate::http::App;
use crate::http::logs::readable;
use crate::logs::lines::{Line, Part, Tail};
use crate::page::caller::Visitor;
use crate::page::error::PageError;
use crate::shell::live::Current;
use anyhow::Context;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream;
use sidings_proto::{JobId, StepNo};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What comes closer together than this is one event: a log may grow a thousand times a second.
const REST: Duration = Duration::from_millis(60);

#[derive(Template)]
#[template(path = "rows.html")]
struct Rows {
    own: String,
    rows: Vec<LogRow>,
}

struct Following {
    app: Arc<App>,
    log: Log,
    tail: Option<Tail>,
    growing: Option<(watch::Receiver<()>, Arc<Current>)>,
    over: bool,
}

pub(in crate::page) async fn follow(
    _: Visitor,
    State(app): State<Arc<App>>,
    Path((job, step)): Path<(JobId, StepNo)>,
    Query(wanted): Query<Wanted>,
) -> Result<Sse<impl Stream<Item = anyhow::Result<Event>>>, PageError> {
    let growing = |log: &Log| app.shell.live().attempt(log.attempt).map(|current| (current.logs.watch(), current));
    let log = Log::of(&app, job, step, wanted.attempt).await?;
    let tail = Some(Tail::start(Part { file: &log.file, length: log.length }, wanted.from.unwrap_or(1)));
    let following = Following { growing: growing(&log), app: app.clone(), log, tail, over: false };
    let events = stream::try_unfold(following, |mut following| async move {
        Ok(following.next().await?.map(|event| (event, following)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Following {
    /// Ends when the log does, or the controller: whoever follows then connects again, and is told that it ended.
    async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        while !self.over {
            let whole = self.is_whole().await?;
            let lines = self.more(whole).await?;
            if !lines.is_empty() {
                let rows = Rows { own: self.log.address(), rows: rows(&lines) }.render().context("making rows")?;
                return Ok(Some(Event::default().event("lines").data(rows)));
            }
            if whole {
                self.over = true;
                return Ok(Some(Event::default().event("ended").data("now")));
            }
            if !self.grew().await {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Looks how long the log is, and whether it stays so.
    async fn is_whole(&mut self) -> anyhow::Result<bool> {
        if let Some((grew, _)) = &mut self.growing {
            // Seen before the length is read, so that nothing is missed in between.
            grew.mark_unchanged();
        }
        let closed = self.growing.as_ref().is_none_or(|(_, current)| current.logs.is_closed());
        (_, self.log.length) = readable(&self.app, self.log.run, self.log.attempt, self.log.step).await?;
        let end = self.growing.as_ref().and_then(|(_, current)| current.logs.end_of(self.log.step));
        Ok(closed || end.is_some_and(|end| self.log.length >= end))
    }

    async fn more(&mut self, whole: bool) -> anyhow::Result<Vec<Line>> {
        let mut tail = self.tail.take().context("the tail is given back each time")?;
        let read = move |part: Part<'_>| tail.more(part, whole).map(|lines| (tail, lines));
        let (tail, lines) = self.log.read(read).await?;
        self.tail = Some(tail);
        Ok(lines)
    }

    async fn grew(&mut self) -> bool {
        let Some((grew, _)) = &mut self.growing else { return false };
        tokio::select! {
            changed = grew.changed() => if changed.is_err() { return false },
            () = self.app.stop.cancelled() => return false,
        }
        self.app.stop.run_until_cancelled(tokio::time::sleep(REST)).await.is_some()
    }
}
