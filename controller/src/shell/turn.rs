//! One turn of the loop: a batch of events through the core, one transaction, then answers and hints.

use super::Message;
use super::changes::Changes;
use super::hints::Hints;
use super::live::Live;
use crate::core::Core;
use crate::core::event::{Action, Answer, Ask, Event, Record};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::webhooks::Watch;
use anyhow::Context;
use sidings_proto::{RunId, RunnerId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::oneshot;

/// The core and everybody who waits for it.
pub(super) struct Turn {
    core: Core,
    store: Arc<dyn Store>,
    live: Arc<Live>,
    changes: Arc<Changes>,
    hints: Arc<Hints>,
    metrics: Arc<Metrics>,
    watch: Watch,
    waiters: BTreeMap<Ask, oneshot::Sender<Answer>>,
}

/// What a batch wants done, sorted by when it may be done.
#[derive(Default)]
struct Deeds {
    saves: Vec<Record>,
    answers: Vec<(Ask, Answer)>,
    changed: BTreeSet<RunId>,
    hinted: BTreeSet<RunnerId>,
    let_go: Vec<Ask>,
}

impl Deeds {
    fn add(&mut self, action: Action) {
        match action {
            Action::Save(record) => self.saves.push(record),
            Action::Answer(ask, answer) => self.answers.push((ask, answer)),
            Action::Publish(run) => drop(self.changed.insert(run)),
            Action::Hint(runner) => drop(self.hinted.insert(runner)),
        }
    }
}

impl Turn {
    pub(super) fn new(
        core: Core,
        store: Arc<dyn Store>,
        live: Arc<Live>,
        changes: Arc<Changes>,
        hints: Arc<Hints>,
        metrics: Arc<Metrics>,
        watch: Watch,
    ) -> Self {
        Self { core, store, live, changes, hints, metrics, watch, waiters: BTreeMap::new() }
    }

    pub(super) fn next_wakeup(&self) -> Option<Timestamp> {
        self.core.next_wakeup()
    }

    /// Handles a batch. An error means that the core is ahead of the store and must not go on.
    pub(super) async fn take(
        &mut self,
        now: impl Fn() -> Timestamp,
        messages: impl Iterator<Item = Message>,
    ) -> anyhow::Result<()> {
        let mut deeds = Deeds::default();
        for message in messages {
            match message {
                Message::Event(event, waiter) => self.handle(now(), event, waiter, &mut deeds),
                Message::Look(look) => look(&self.core),
            }
        }
        self.save_and_tell(now(), deeds).await
    }

    /// Carries out what the core wants done outside of a batch.
    pub(super) async fn do_all(&mut self, now: Timestamp, actions: Vec<Action>) -> anyhow::Result<()> {
        let mut deeds = Deeds::default();
        actions.into_iter().for_each(|action| deeds.add(action));
        self.save_and_tell(now, deeds).await
    }

    async fn save_and_tell(&mut self, now: Timestamp, deeds: Deeds) -> anyhow::Result<()> {
        if !deeds.saves.is_empty() {
            let told = self.watch.tell(now, &deeds.saves, |run| self.core.asking(run));
            self.store.commit_telling(&deeds.saves, &told).await.context("saving what was decided")?;
            if !told.is_empty() {
                self.watch.ring();
            }
        }
        self.carry_out(deeds);
        Ok(())
    }

    fn handle(
        &mut self,
        now: Timestamp,
        event: Event,
        waiter: Option<(Ask, oneshot::Sender<Answer>)>,
        deeds: &mut Deeds,
    ) {
        self.waiters.extend(waiter);
        if let Event::LeaseDropped { ask, .. } = &event {
            deeds.let_go.push(*ask);
        }
        self.core.handle(now, event).into_iter().for_each(|action| deeds.add(action));
    }

    fn carry_out(&mut self, deeds: Deeds) {
        for record in &deeds.saves {
            self.metrics.saw(record, &self.live);
            self.live.saw(record);
        }
        for (ask, answer) in deeds.answers {
            if let Some(waiter) = self.waiters.remove(&ask) {
                // Who no longer waits repeats the call if it matters.
                let _ = waiter.send(answer);
            }
        }
        for ask in deeds.let_go {
            self.waiters.remove(&ask);
        }
        for run in deeds.changed {
            self.changes.tell(run);
        }
        for runner in deeds.hinted {
            self.hints.ring(runner);
        }
    }
}
