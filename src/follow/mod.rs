//! Follows a run to its end: sees its changes, reads its logs, and hands everything, once and in order, to a
//! [`Screen`]. What is told when is decided in `model`, which is pure.

mod events;
mod lines;
mod live;
mod logs;
mod model;
mod plain;
mod screen;
mod transcript;

pub(crate) use lines::{Line, Lines};
pub(crate) use live::Live;
pub(crate) use model::Scope;
pub(crate) use plain::{Plain, prefix, shown};
pub(crate) use screen::Screen;
pub(crate) use transcript::Transcript;

use crate::client::Client;
use crate::render::duration::now;
use crate::signals::Signals;
use anyhow::Context;
use events::RunNews;
use logs::LogNews;
use model::{Following, LogId};
use sidings_proto::api::RunView;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How often a tree is drawn again while nothing happens, so that its times go on.
const REDRAW: Duration = Duration::from_millis(100);
/// Told to the screen before it is refreshed, at most.
const AT_ONCE: usize = 256;

/// What Ctrl-C means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// Cancel the run and see it to its end; the second time, leave.
    Cancel,
    /// Leave; the run goes on.
    Leave,
}

/// How following ended.
#[derive(Debug)]
pub(crate) struct Followed {
    /// The run as it was last seen.
    pub(crate) run: RunView,
    /// Whether Ctrl-C was pressed.
    pub(crate) interrupted: bool,
    /// Whether the run was seen to its end.
    pub(crate) complete: bool,
}

enum News {
    Run(RunNews),
    Log(LogNews),
}

impl From<RunNews> for News {
    fn from(news: RunNews) -> News {
        News::Run(news)
    }
}

impl From<LogNews> for News {
    fn from(news: LogNews) -> News {
        News::Log(news)
    }
}

/// Follows a run, or a part of it, and shows it.
pub(crate) async fn follow(
    client: &Client,
    run: RunView,
    scope: Scope,
    on_interrupt: OnInterrupt,
    screen: &mut dyn Screen,
) -> anyhow::Result<Followed> {
    let (news, mut inbox) = mpsc::channel(AT_ONCE);
    let tasks = Tasks::new(client.clone(), run.clone(), news);
    let mut follower = Follower { following: Following::new(run.clone(), scope), tasks, screen };
    let mut signals = Signals::listen()?;
    let mut redraw = tokio::time::interval(REDRAW);
    let mut interrupted = false;
    follower.see(run)?;
    while !follower.following.is_complete() {
        tokio::select! {
            Some(first) = inbox.recv() => follower.hear_all(first, &mut inbox)?,
            _ = redraw.tick() => follower.refresh()?,
            () = signals.next() => {
                if interrupted || on_interrupt == OnInterrupt::Leave {
                    interrupted = true;
                    break;
                }
                interrupted = true;
                follower.cancel(client).await?;
            }
        }
    }
    follower.close(interrupted)
}

struct Tasks {
    client: Client,
    runs: watch::Sender<Arc<RunView>>,
    news: mpsc::Sender<News>,
    /// Dropped with the follower, and its tasks with it.
    tasks: tokio::task::JoinSet<()>,
}

impl Tasks {
    fn new(client: Client, run: RunView, news: mpsc::Sender<News>) -> Tasks {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(events::watch(client.clone(), run.summary.id, news.clone()));
        Tasks { client, runs: watch::Sender::new(Arc::new(run)), news, tasks }
    }

    fn read(&mut self, log: LogId) {
        self.tasks.spawn(logs::read(self.client.clone(), log, self.runs.subscribe(), self.news.clone()));
    }
}

struct Follower<'a> {
    following: Following,
    tasks: Tasks,
    screen: &'a mut dyn Screen,
}

impl Follower<'_> {
    fn hear_all(&mut self, first: News, inbox: &mut mpsc::Receiver<News>) -> anyhow::Result<()> {
        self.hear(first)?;
        for _ in 1..AT_ONCE {
            let Ok(next) = inbox.try_recv() else { break };
            self.hear(next)?;
        }
        self.refresh()
    }

    fn hear(&mut self, news: News) -> anyhow::Result<()> {
        match news {
            News::Run(RunNews::Seen(run)) => self.see(*run)?,
            News::Run(RunNews::Away(why)) => self.screen.remark(&format!("{why}; trying again"))?,
            News::Run(RunNews::Lost(error)) => return Err(error).context("following the run"),
            News::Log(LogNews::Lines(log, lines)) => {
                self.following.take(log, &lines);
                self.screen.lines(&self.following, log, &lines)?;
            }
            News::Log(LogNews::Ended(log, broken)) => {
                if let Some(why) = broken {
                    self.screen.remark(&format!("the log of {} is not whole: {why}", self.following.step_name(log)))?;
                }
                self.following.log_ended(log);
                self.tell()?;
            }
        }
        Ok(())
    }

    fn see(&mut self, run: RunView) -> anyhow::Result<()> {
        self.tasks.runs.send_replace(Arc::new(run.clone()));
        let logs = self.following.see(run);
        self.tell()?;
        logs.into_iter().for_each(|log| self.tasks.read(log));
        Ok(())
    }

    fn tell(&mut self) -> anyhow::Result<()> {
        for notice in self.following.due() {
            self.screen.notice(&self.following, &notice)?;
        }
        Ok(())
    }

    fn refresh(&mut self) -> anyhow::Result<()> {
        Ok(self.screen.refresh(&self.following, now())?)
    }

    async fn cancel(&mut self, client: &Client) -> anyhow::Result<()> {
        self.screen.remark("cancelling the run; Ctrl-C again ends at once")?;
        client.cancel(self.following.run().summary.id).await.context("cancelling the run")?;
        Ok(())
    }

    fn close(self, interrupted: bool) -> anyhow::Result<Followed> {
        self.screen.close(&self.following, now())?;
        let complete = self.following.is_complete();
        Ok(Followed { run: self.following.run().clone(), interrupted, complete })
    }
}

#[cfg(test)]
mod tests;
