//! Reads one log to its end, however often the connection breaks off on the way.

use super::lines::{Line, Lines};
use super::model::{Fate, LogId, fate};
use crate::client::{Client, Error, LogQuery};
use futures::StreamExt;
use sidings_proto::api::RunView;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The shortest and longest time between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What the reader of a log tells.
#[derive(Debug)]
pub(crate) enum LogNews {
    /// More lines, in order.
    Lines(LogId, Vec<Line>),
    /// That was all. With a reason when it could not be read to its end.
    Ended(LogId, Option<String>),
}

/// Reads a log until the run, as `runs` shows it, has no more of it.
pub(crate) async fn read<M: From<LogNews>>(
    client: Client,
    log: LogId,
    mut runs: watch::Receiver<Arc<RunView>>,
    news: mpsc::Sender<M>,
) {
    let mut lines = Lines::default();
    let mut pause = PAUSES.0;
    let broken = loop {
        let fate = fate(&runs.borrow_and_update(), log);
        let before = lines.resume_at();
        if is_all(fate, before) {
            break None;
        }
        match read_on(&client, log, &mut runs, &mut lines, &news).await {
            Ok(()) if fate == Fate::Over => break None,
            Ok(()) => {}
            Err(Broken::Off(error)) if error.may_pass() => tracing::debug!(%error, ?log, "a log broke off"),
            Err(Broken::Off(error)) if error.is_not_found() && fate == Fate::Over => break None,
            Err(Broken::Off(error)) if error.is_not_found() => {}
            Err(Broken::Off(error)) => break Some(error.to_string()),
            Err(Broken::Damaged(damaged)) => break Some(damaged.to_string()),
            Err(Broken::Unheard) => return,
        }
        pause = if lines.resume_at() > before { PAUSES.0 } else { PAUSES.1.min(pause * 2) };
        let _ = tokio::time::timeout(pause, runs.changed()).await;
    };
    let rest = lines.end();
    if !rest.is_empty() {
        let _ = news.send(LogNews::Lines(log, rest).into()).await;
    }
    let _ = news.send(LogNews::Ended(log, broken).into()).await;
}

enum Broken {
    /// The connection, or the controller.
    Off(Error),
    /// The bytes.
    Damaged(super::lines::Damaged),
    /// Nobody listens any more.
    Unheard,
}

/// Whether a step that is over has no more in its log than was taken.
fn is_all(fate: Fate, taken: u64) -> bool {
    match fate {
        Fate::Ended { bytes } => taken >= bytes,
        Fate::Going | Fate::Over => false,
    }
}

/// Reads until the log or the connection ends, or the run says that this was all.
async fn read_on<M: From<LogNews>>(
    client: &Client,
    log: LogId,
    runs: &mut watch::Receiver<Arc<RunView>>,
    lines: &mut Lines,
    news: &mpsc::Sender<M>,
) -> Result<(), Broken> {
    let follow = fate(&runs.borrow(), log) != Fate::Over;
    let query = LogQuery { attempt: Some(log.fence), offset: lines.resume_at(), follow };
    let mut bytes = std::pin::pin!(client.log(log.job, log.step, query).await.map_err(Broken::Off)?);
    loop {
        let bytes = tokio::select! {
            bytes = bytes.next() => bytes,
            Ok(()) = runs.changed() => {
                if is_all(fate(&runs.borrow(), log), lines.taken()) { return Ok(()) }
                continue;
            }
        };
        let Some(bytes) = bytes else { return Ok(()) };
        let new = lines.push(&bytes.map_err(Broken::Off)?).map_err(Broken::Damaged)?;
        if !new.is_empty() {
            news.send(LogNews::Lines(log, new).into()).await.map_err(|_| Broken::Unheard)?;
        }
    }
}
