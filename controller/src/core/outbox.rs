//! Collects what one event leads to and puts it in the order it is carried out: saves, answers, news, hints.

use super::event::{Action, Answer, Ask, Record};
use sidings_proto::{RunId, RunnerId};
use std::collections::BTreeSet;

/// What one event leads to.
#[derive(Default)]
pub(super) struct Outbox {
    saves: Vec<Record>,
    answers: Vec<(Ask, Answer)>,
    published: BTreeSet<RunId>,
    hinted: BTreeSet<RunnerId>,
}

impl Outbox {
    pub(super) fn save(&mut self, run: RunId, record: Record) {
        self.saves.push(record);
        self.published.insert(run);
    }

    /// Saves what is of no run.
    pub(super) fn note(&mut self, record: Record) {
        self.saves.push(record);
    }

    pub(super) fn answer(&mut self, ask: Ask, answer: Answer) {
        self.answers.push((ask, answer));
    }

    pub(super) fn hint(&mut self, runner: RunnerId) {
        self.hinted.insert(runner);
    }

    pub(super) fn into_actions(self) -> Vec<Action> {
        let saves = self.saves.into_iter().map(Action::Save);
        let answers = self.answers.into_iter().map(|(ask, answer)| Action::Answer(ask, answer));
        let published = self.published.into_iter().map(Action::Publish);
        let hints = self.hinted.into_iter().map(Action::Hint);
        saves.chain(answers).chain(published).chain(hints).collect()
    }
}
