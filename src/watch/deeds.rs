//! The view's tasks: the list of runs, the run that is followed, the log that is read, what a person asked for.

use super::model::{Deed, News};
use crate::client::Client;
use crate::follow::{LogId, read_log, watch_run};
use sidings_proto::RunId;
use sidings_proto::api::{RetryRun, RunView};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

/// How often the list is asked for. A run that is looked at tells of its changes by itself.
const LIST_EVERY: Duration = Duration::from_secs(2);
/// Runs in the list.
const LISTED: usize = 200;

/// What goes on beside the screen; all of it ends with this.
pub(super) struct Deeds {
    client: Client,
    news: mpsc::Sender<News>,
    /// The run that is followed, as it was last seen: by it the reader of a log knows when that is whole.
    run: Option<watch::Sender<Arc<RunView>>>,
    following: Option<AbortOnDropHandle<()>>,
    reading: Option<AbortOnDropHandle<()>>,
    _listing: AbortOnDropHandle<()>,
}

impl Deeds {
    pub(super) fn new(client: Client, project: Option<String>, news: mpsc::Sender<News>) -> Deeds {
        let listing = tokio::spawn(list(client.clone(), project, news.clone()));
        let _listing = AbortOnDropHandle::new(listing);
        Deeds { client, news, run: None, following: None, reading: None, _listing }
    }

    pub(super) fn follow(&mut self, run: RunId) {
        self.run = None;
        let watching = tokio::spawn(watch_run(self.client.clone(), run, self.news.clone()));
        self.following = Some(AbortOnDropHandle::new(watching));
    }

    /// The run that is followed changed.
    pub(super) fn see(&mut self, run: &RunView) {
        let run = Arc::new(run.clone());
        match &self.run {
            Some(seen) => drop(seen.send_replace(run)),
            None => self.run = Some(watch::Sender::new(run)),
        }
    }

    pub(super) fn read(&mut self, log: LogId) {
        let Some(run) = &self.run else { return };
        let reading = tokio::spawn(read_log(self.client.clone(), log, run.subscribe(), self.news.clone()));
        self.reading = Some(AbortOnDropHandle::new(reading));
    }

    pub(super) fn read_none(&mut self) {
        self.reading = None;
    }

    /// Does it beside the view, and says what came of it.
    pub(super) fn carry_out(&self, deed: Deed) {
        let (client, news) = (self.client.clone(), self.news.clone());
        tokio::spawn(async move {
            let said = done(&client, deed).await.unwrap_or_else(|error| error.to_string());
            let _ = news.send(News::Said(said)).await;
        });
    }
}

async fn done(client: &Client, deed: Deed) -> anyhow::Result<String> {
    Ok(match deed {
        Deed::Cancel(run) => {
            let run = client.cancel(run).await?.summary;
            format!("{}@{} is being cancelled", run.project, run.number)
        }
        Deed::Retry { run, failed_only } => {
            let run = client.retry(run, &RetryRun { failed_only, exact: false }).await?.summary;
            format!("{}@{} is the new run", run.project, run.number)
        }
        Deed::Approve(job) => {
            let run = client.approve(job).await?;
            let name = run.jobs.iter().find(|known| known.id == job).map_or("the job", |job| job.name.as_str());
            format!("{name} may run")
        }
        Deed::Open(address) => {
            crate::browser::open(&address).await?;
            address
        }
    })
}

/// Tells the newest runs again and again.
async fn list(client: Client, project: Option<String>, news: mpsc::Sender<News>) {
    let mut every = tokio::time::interval(LIST_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let told = match client.newest(project.as_deref(), LISTED).await {
            Ok(runs) => News::Runs(runs),
            Err(error) => News::Said(format!("{error}; trying again")),
        };
        if news.send(told).await.is_err() {
            return;
        }
    }
}
