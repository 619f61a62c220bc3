//! Follows a run to its end: sees its changes, reads its logs, and hands everything, once and in order, to a
//! [`Screen`]. What is told when is decided in `model`, which is pure.

mod aside;
mod events;
mod in_place;
mod lines;
mod live;
mod logs;
mod model;
mod plain;
mod screen;
mod transcript;

pub(crate) use aside::{Asides, Wishes};
pub(crate) use events::{RunNews, watch as watch_run};
pub(crate) use in_place::InPlace;
pub(crate) use lines::{Line, Lines};
pub(crate) use live::Live;
pub(crate) use logs::{LogNews, read as read_log};
pub(crate) use model::{LogId, Scope, needs_somebody};
pub(crate) use plain::{Plain, prefix, shown};
pub(crate) use screen::Screen;
pub(crate) use transcript::Transcript;

use crate::client::Client;
use crate::render::duration::now;
use crate::signals::Signals;
use anyhow::Context;
use aside::Wish;
use model::Following;
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
    follow_and_stand_aside(client, run, scope, on_interrupt, screen, Asides::none()).await
}

/// Follows a run like [`follow`], on a terminal that somebody else may want meanwhile.
pub(crate) async fn follow_and_stand_aside(
    client: &Client,
    run: RunView,
    scope: Scope,
    on_interrupt: OnInterrupt,
    screen: &mut dyn Screen,
    mut asides: Asides,
) -> anyhow::Result<Followed> {
    let (news, mut inbox) = mpsc::channel(AT_ONCE);
    let tasks = Tasks::new(client.clone(), run.clone(), news);
    let following = Following::new(run.clone(), scope);
    let mut follower = Follower { following, tasks, screen, on_interrupt, interrupted: false };
    let mut signals = Signals::listen()?;
    let mut redraw = tokio::time::interval(REDRAW);
    let mut wish: Option<Wish> = None;
    follower.see(run)?;
    while !follower.following.is_complete() {
        if let Some(due) = wish.take_if(|wish| follower.is_due(wish))
            && follower.stand_aside(client, due, &mut signals).await?
        {
            break;
        }
        tokio::select! {
            Some(first) = inbox.recv() => follower.hear_all(first, &mut inbox)?,
            next = asides.next(), if wish.is_none() => wish = Some(next),
            _ = redraw.tick() => follower.refresh()?,
            () = signals.next() => {
                if follower.is_to_leave() {
                    break;
                }
                follower.screen.remark("cancelling the run; Ctrl-C again ends at once")?;
                follower.cancel(client).await?;
            }
        }
    }
    follower.close()
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
    on_interrupt: OnInterrupt,
    interrupted: bool,
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

    /// A wish of a run that is being cancelled is due to be refused.
    fn is_due(&self, wish: &Wish) -> bool {
        self.interrupted || self.following.told_end_of(wish.after)
    }

    /// Leaves the terminal to whoever wishes for it. Whether that is the end of following as well.
    async fn stand_aside(&mut self, client: &Client, wish: Wish, signals: &mut Signals) -> anyhow::Result<bool> {
        if self.interrupted {
            return Ok(false);
        }
        self.screen.stand_aside(&self.following, wish.after)?;
        let Some(mut over) = wish.grant() else { return Ok(false) };
        loop {
            tokio::select! {
                _ = &mut over => return Ok(false),
                () = signals.next() => {
                    if self.is_to_leave() {
                        return Ok(true);
                    }
                    self.cancel(client).await?;
                }
            }
        }
    }

    /// Ctrl-C, or somebody asks the process to end.
    fn is_to_leave(&mut self) -> bool {
        std::mem::replace(&mut self.interrupted, true) || self.on_interrupt == OnInterrupt::Leave
    }

    async fn cancel(&self, client: &Client) -> anyhow::Result<()> {
        client.cancel(self.following.run().summary.id).await.context("cancelling the run")?;
        Ok(())
    }

    fn close(self) -> anyhow::Result<Followed> {
        self.screen.close(&self.following, now())?;
        let complete = self.following.is_complete();
        Ok(Followed { run: self.following.run().clone(), interrupted: self.interrupted, complete })
    }
}

#[cfg(test)]
mod tests;
