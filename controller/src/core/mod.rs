//! Decisions: who runs what, when, and when again. Pure: events and the time in, actions out.
//!
//! No clock, no randomness, no IO; the caller gives `now`, which never goes backwards. After [`Core::handle`] the
//! core's state is ahead of the store until the saves are durable: a caller that cannot make them durable throws the
//! core away and restores one from the store.

pub mod event;

mod approvals;
mod asks;
pub(crate) mod caches;
mod crowding;
mod demand;
mod drains;
mod finishes;
mod forecast;
mod groups;
mod kept_free;
mod leases;
mod limits;
mod outbox;
mod paces;
mod policy;
mod pools;
mod proof;
mod queue;
mod restore;
mod run;
mod runners;
mod runs;
mod stops;
#[cfg(test)]
pub(crate) mod tests;
mod used;
mod view;
mod waits;

pub use crowding::Crowding;
pub use policy::Policy;
pub use view::{AttemptStanding, Counts};

use asks::Asks;
use drains::Drains;
use event::{Action, Event};
use finishes::Finished;
use groups::Groups;
use leases::Leases;
use limits::Limits;
use outbox::Outbox;
use paces::Paces;
use queue::Queue;
use run::{Place, Run};
use runners::Runner;
use sidings_proto::{JobId, RunId, RunnerId, Timestamp};
use std::collections::BTreeMap;

/// Every run that has not ended, every runner of this controller's life, and what they wait for.
#[derive(Clone, Debug, PartialEq)]
pub struct Core {
    policy: Policy,
    runs: BTreeMap<RunId, Run>,
    places: BTreeMap<JobId, Place>,
    runners: BTreeMap<RunnerId, Runner>,
    queue: Queue,
    leases: Leases,
    asks: Asks,
    groups: Groups,
    finished: Finished,
    limits: Limits,
    drains: Drains,
    paces: Paces,
}

impl Core {
    /// A core that knows of nothing yet.
    pub fn new(policy: Policy) -> Self {
        Core {
            policy,
            runs: BTreeMap::new(),
            places: BTreeMap::new(),
            runners: BTreeMap::new(),
            queue: Queue::default(),
            leases: Leases::default(),
            asks: Asks::default(),
            groups: Groups::default(),
            finished: Finished::default(),
            limits: Limits::default(),
            drains: Drains::default(),
            paces: Paces::default(),
        }
    }

    /// Takes what happened at `now` and says what is to be done about it: saves first, then answers, then hints.
    ///
    /// The event itself comes before what is due by now, so a beat that is late but there still renews its leases.
    #[must_use = "what is not carried out is lost"]
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Vec<Action> {
        let mut out = Outbox::default();
        self.take_in(now, event, &mut out);
        self.let_leases_lapse(now, &mut out);
        self.stop_what_took_too_long(now, &mut out);
        self.queue.wake(now);
        self.hand_out(now, &mut out);
        out.into_actions()
    }

    /// When the next [`Event::Tick`] is due; none while nothing can happen by itself.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        [self.leases.next_deadline(), self.queue.next_wakeup(), self.limits.next()].into_iter().flatten().min()
    }

    fn take_in(&mut self, now: Timestamp, event: Event, out: &mut Outbox) {
        match event {
            Event::Submitted { ask, run } => self.submitted(now, ask, run, out),
            Event::RunnerUp { ask, runner, name, hello } => self.runner_up(now, ask, runner, name, hello, out),
            Event::LeaseAsked { ask, runner, request } => self.lease_asked(now, ask, runner, request, out),
            Event::LeaseDropped { runner, request, ask } => self.asks.drop_ask(runner, request, ask),
            Event::Beat { ask, runner, life, attempts, draining, low_disk, machine } => {
                let orders = self.beat(now, runner, life, attempts, (draining, low_disk, machine), out);
                out.answer(ask, orders);
            }
            Event::Progressed { ask, attempt, events } => self.progressed(now, ask, attempt, events, out),
            Event::Finished { ask, attempt, finish } => self.finished(now, ask, attempt, *finish, out),
            Event::GaveBack { ask, attempt, finish } => self.gave_back(now, ask, attempt, *finish, out),
            Event::RunnerRetired { ask, runner, life } => self.runner_retired(now, ask, runner, life, out),
            Event::RunnerRevoked { runner } => self.runner_revoked(now, runner, out),
            Event::Approved { ask, job, by } => self.approved(now, ask, job, by, out),
            Event::DrainAsked { ask, name, by } => self.drain_asked(now, ask, name, by, out),
            Event::ResumeAsked { ask, name } => self.resume_asked(ask, &name, out),
            Event::CancelAsked { ask, run } => self.cancel_asked(now, ask, run, out),
            Event::Tick => {}
        }
    }
}
