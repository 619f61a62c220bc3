//! A full-screen view of a controller at a terminal: its runs, the jobs and steps of one, the log of one of these.
//! What is shown, and what a key does, is decided in `model`, which is pure; this only carries it out.

mod deeds;
mod draw;
mod find;
mod keys;
mod model;
mod rows;
#[cfg(test)]
mod tests;
mod text;

use crate::client::Client;
use crate::render::duration::now;
use crate::signals::Signals;
use anyhow::Context;
use crossterm::event::{Event, EventStream};
use deeds::Deeds;
use futures::StreamExt;
use model::{News, Watching, Wish};
use ratatui::DefaultTerminal;
use sidings_proto::api::RunView;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often times go on while nothing happens.
const REDRAW: Duration = Duration::from_millis(500);
/// News that are taken before it is drawn again, at most.
const AT_ONCE: usize = 256;

/// How the view was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// By its own key.
    AsUsual,
    /// By Ctrl-C or a signal.
    Interrupted,
}

/// Shows the runs of a controller, or of a project, until somebody has seen enough. `first` is the one looked at first.
pub(crate) async fn watch(
    client: &Client,
    project: Option<String>,
    first: Option<RunView>,
    colours: bool,
) -> anyhow::Result<Left> {
    let (news, inbox) = mpsc::channel(AT_ONCE);
    let deeds = Deeds::new(client.clone(), project, news);
    let mut signals = Signals::listen()?;
    let terminal = ratatui::try_init().context("take the whole terminal")?;
    let view = View { watching: Watching::new(first), deeds, inbox, terminal, colours };
    let left = view.until_left(&mut signals).await;
    ratatui::try_restore().context("give the terminal back")?;
    left
}

struct View {
    watching: Watching,
    deeds: Deeds,
    inbox: mpsc::Receiver<News>,
    terminal: DefaultTerminal,
    colours: bool,
}

impl View {
    async fn until_left(mut self, signals: &mut Signals) -> anyhow::Result<Left> {
        let mut keys = EventStream::new();
        let mut redraw = tokio::time::interval(REDRAW);
        let first = self.watching.begin();
        self.carry_out(first);
        loop {
            self.draw()?;
            let wishes = tokio::select! {
                Some(first) = self.inbox.recv() => self.hear_all(first),
                event = keys.next() => self.read(event.context("the terminal is gone")??),
                _ = redraw.tick() => Vec::new(),
                () = signals.next() => return Ok(Left::Interrupted),
            };
            if let Some(left) = self.carry_out(wishes) {
                return Ok(left);
            }
        }
    }

    fn hear_all(&mut self, first: News) -> Vec<Wish> {
        let mut wishes = self.hear(first);
        for _ in 1..AT_ONCE {
            let Ok(next) = self.inbox.try_recv() else { break };
            wishes.extend(self.hear(next));
        }
        wishes
    }

    fn hear(&mut self, news: News) -> Vec<Wish> {
        if let News::Run(run) = &news
            && self.watching.chosen == Some(run.summary.id)
        {
            self.deeds.see(run);
        }
        self.watching.hear(news)
    }

    fn read(&mut self, event: Event) -> Vec<Wish> {
        keys::of(&event).map(|key| self.watching.press(key)).unwrap_or_default()
    }

    fn carry_out(&mut self, wishes: Vec<Wish>) -> Option<Left> {
        for wish in wishes {
            match wish {
                Wish::Leave => return Some(Left::AsUsual),
                Wish::Interrupt => return Some(Left::Interrupted),
                Wish::Follow(run) => self.deeds.follow(run),
                Wish::Read(log) => self.deeds.read(log),
                Wish::ReadNone => self.deeds.read_none(),
                Wish::Do(deed) => self.deeds.carry_out(deed),
            }
        }
        None
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let View { watching, terminal, colours, .. } = self;
        let size = terminal.size().context("ask for the terminal's size")?;
        watching.log_rows = draw::rows_of_log(watching, size.into());
        terminal.draw(|frame| draw::all(watching, frame, now(), *colours)).context("draw")?;
        Ok(())
    }
}
