//! Runners that an operator has taken out: they finish what they have and get nothing new until they are let in again.
//!
//! It goes by name, so that it holds for the next process of a runner, and for one that is enrolled anew in its place.
//! Their lease requests stay open meanwhile; the first job after the end of it is not waited for any longer than usual.

use super::Core;
use super::demand::Demand;
use super::event::{Answer, Ask, Record};
use super::outbox::Outbox;
use super::runners::Runner;
use sidings_proto::api::RunnerState;
use sidings_proto::fleet::Drained;
use sidings_proto::{Resources, Timestamp};
use std::collections::BTreeMap;

/// Names, and who wants what since when.
pub(super) type Drains = BTreeMap<String, Drained>;

impl Core {
    /// What operators wanted in earlier lives of the controller.
    pub fn restore_drains(&mut self, drains: BTreeMap<String, Drained>) {
        self.drains = drains;
    }

    /// Who took runners of this name out, and when.
    pub fn drain_of(&self, name: &str) -> Option<&Drained> {
        self.drains.get(name)
    }

    pub(super) fn drain_asked(&mut self, now: Timestamp, ask: Ask, name: String, by: String, out: &mut Outbox) {
        if self.drains.contains_key(&name) {
            return out.answer(ask, Answer::Already);
        }
        self.drains.insert(name.clone(), Drained { by: by.clone(), at: now });
        out.note(Record::RunnersDrained { name, by, at: now });
        out.answer(ask, Answer::Done);
    }

    pub(super) fn resume_asked(&mut self, ask: Ask, name: &str, out: &mut Outbox) {
        if self.drains.remove(name).is_none() {
            return out.answer(ask, Answer::Already);
        }
        out.note(Record::RunnersResumed { name: name.to_owned() });
        out.answer(ask, Answer::Done);
    }

    /// `r2 is drained by anna since 2026-11-22 10:15 UTC`, of each that would otherwise be there for the job.
    pub(super) fn drained_for(&self, now: Timestamp, demand: &Demand) -> Vec<String> {
        let is_there = |runner: &&Runner| {
            let heard = self.state_of(now, runner) != RunnerState::Silent && !runner.draining;
            let able = demand.is_met_by(&runner.labels) && demand.fits(runner.resources, Resources::default());
            heard && able
        };
        let told = |runner: &Runner| Some(told(&runner.name, self.drain_of(&runner.name)?));
        self.runners.values().filter(is_there).filter_map(told).collect()
    }
}

fn told(name: &str, Drained { by, at }: &Drained) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{name} is drained by {by} since {}", at.strftime("%Y-%m-%d %H:%M UTC"))
}
