//! Sees every change of a run until it has ended, also over a controller that goes away and comes back.

use crate::client::{Client, Error};
use futures::StreamExt;
use sidings_proto::RunId;
use sidings_proto::api::{RunView, State};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long a controller may be away.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What the watcher of a run tells.
#[derive(Debug)]
pub(crate) enum RunNews {
    /// The run, after a change or again.
    Seen(Box<RunView>),
    /// The controller does not answer; it is tried again.
    Away(String),
    /// It cannot be followed any longer.
    Lost(Error),
}

/// Tells every change of the run; ends with it.
pub(crate) async fn watch<M: From<RunNews>>(client: Client, run: RunId, news: mpsc::Sender<M>) {
    let mut heard = Instant::now();
    let mut away = false;
    loop {
        match watch_once(&client, run, &news, &mut heard, &mut away).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) if error.may_pass() && heard.elapsed() < PATIENCE => {
                if !std::mem::replace(&mut away, true)
                    && news.send(RunNews::Away(error.to_string()).into()).await.is_err()
                {
                    return;
                }
            }
            Err(error) => {
                let _ = news.send(RunNews::Lost(error).into()).await;
                return;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether there is nothing more to see.
async fn watch_once<M: From<RunNews>>(
    client: &Client,
    run: RunId,
    news: &mpsc::Sender<M>,
    heard: &mut Instant,
    away: &mut bool,
) -> Result<bool, Error> {
    let mut views = std::pin::pin!(client.events(run).await?);
    while let Some(view) = views.next().await {
        let view = view?;
        *heard = Instant::now();
        *away = false;
        let ended = view.summary.state == State::Ended;
        if news.send(RunNews::Seen(Box::new(view)).into()).await.is_err() || ended {
            return Ok(true);
        }
    }
    Ok(false)
}
