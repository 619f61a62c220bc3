//! Workers that do as the protocol says, for one split, in simulated time.

use crate::suite::Suite;
use sidings_proto::{RequestId, Timestamp};
use sidings_split::event::{End, Lease};
use sidings_split::record::{AtomResult, Exit, Outcome};
use sidings_split::{Answer, AtomNo, Effects, Event, LeaseNo, Split, WorkerId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

const BEAT: Duration = Duration::from_secs(3);
/// A worker of a stream asks for the next lease when it has no more than this.
const AHEAD_MS: u64 = 1_000;

/// What is to happen, and when: by time, then in the order it was put down.
pub(crate) struct Agenda<T> {
    heap: BinaryHeap<Reverse<(Timestamp, u64, T)>>,
    put: u64,
}

impl<T: Ord> Default for Agenda<T> {
    fn default() -> Self {
        Agenda { heap: BinaryHeap::new(), put: 0 }
    }
}

impl<T: Ord> Agenda<T> {
    pub(crate) fn put(&mut self, at: Timestamp, what: T) {
        self.put += 1;
        self.heap.push(Reverse((at, self.put, what)));
    }

    pub(crate) fn next(&mut self) -> Option<(Timestamp, T)> {
        self.heap.pop().map(|Reverse((at, _, what))| (at, what))
    }
}

/// What a worker does next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Pull,
    Finish(LeaseNo, AtomNo),
    EndBatch(LeaseNo),
    Beat,
}

/// What a crew wants to happen later.
pub(crate) type Plans = Vec<(Timestamp, usize, Deed)>;

pub(crate) struct Crew {
    pub(crate) split: Split,
    truth_ms: Vec<f64>,
    stream: bool,
    boot_ms: u64,
    pub(crate) actors: Vec<Actor>,
    requests: u128,
    pub(crate) closed: Option<Timestamp>,
}

#[derive(Default)]
pub(crate) struct Actor {
    speed: f64,
    ahead: VecDeque<(LeaseNo, AtomNo)>,
    holds: Vec<LeaseNo>,
    is_busy: bool,
    has_booted: bool,
    waits: bool,
    /// It has given its runner back or has nothing more to do.
    pub(crate) is_gone: bool,
    /// Its machine is lost from then on.
    pub(crate) dies: Option<Timestamp>,
}

impl Crew {
    pub(crate) fn new(split: Split, suite: &Suite, stream: bool, boot_ms: u64) -> Crew {
        let truth_ms = suite.truth_ms.clone();
        Crew { split, truth_ms, stream, boot_ms, actors: Vec::new(), requests: 0, closed: None }
    }

    /// Promises a worker that will be ready at `ready`.
    pub(crate) fn join(&mut self, now: Timestamp, ready: Timestamp, speed: f64, plans: &mut Plans) {
        let worker = self.actors.len();
        self.actors.push(Actor { speed, ..Actor::default() });
        self.tell(now, Event::Joined { worker: WorkerId(worker as u64), speed: 1000 }, plans);
        plans.push((now + BEAT, worker, Deed::Beat));
        plans.push((ready, worker, Deed::Pull));
    }

    pub(crate) fn act(&mut self, now: Timestamp, worker: usize, deed: Deed, plans: &mut Plans) {
        let actor = &self.actors[worker];
        if actor.is_gone || actor.dies.is_some_and(|dies| dies <= now) {
            return;
        }
        match deed {
            Deed::Pull => self.pull(now, worker, plans),
            Deed::Finish(lease, atom) => self.finish(now, worker, lease, atom, plans),
            Deed::EndBatch(lease) => self.end_batch(now, worker, lease, plans),
            Deed::Beat => self.beat(now, worker, plans),
        }
    }

    pub(crate) fn tell(&mut self, now: Timestamp, event: Event, plans: &mut Plans) -> Answer {
        let Effects { answer, wake, .. } = self.split.handle(now, event);
        for worker in wake {
            let worker = worker.0 as usize;
            if std::mem::take(&mut self.actors[worker].waits) {
                plans.push((now, worker, Deed::Pull));
            }
        }
        if self.closed.is_none() && self.split.conclusion().is_some() {
            self.closed = Some(now);
        }
        answer
    }

    fn beat(&mut self, now: Timestamp, worker: usize, plans: &mut Plans) {
        let holds = self.actors[worker].holds.clone();
        self.tell(now, Event::Beat { worker: WorkerId(worker as u64), holds }, plans);
        plans.push((now + BEAT, worker, Deed::Beat));
    }

    fn pull(&mut self, now: Timestamp, worker: usize, plans: &mut Plans) {
        self.requests += 1;
        let request = RequestId(uuid::Uuid::from_u128(self.requests));
        match self.tell(now, Event::Pulled { worker: WorkerId(worker as u64), request }, plans) {
            Answer::Leased(lease) => self.take(now, worker, lease, plans),
            Answer::Wait => self.actors[worker].waits = true,
            Answer::Yield | Answer::Over => self.actors[worker].is_gone = true,
            Answer::Noted | Answer::Orders { .. } | Answer::Taken { .. } | Answer::JoinAgain => {
                unreachable!("a simulated worker is known, and these are no answers to a pull")
            }
        }
    }

    fn take(&mut self, now: Timestamp, worker: usize, lease: Lease, plans: &mut Plans) {
        let actor = &mut self.actors[worker];
        actor.holds.push(lease.number);
        actor.ahead.extend(lease.atoms.iter().map(|atom| (lease.number, *atom)));
        if !actor.is_busy {
            self.begin(now, worker, plans);
        }
    }

    fn begin(&mut self, now: Timestamp, worker: usize, plans: &mut Plans) {
        let Some((lease, atom)) = self.actors[worker].ahead.front().copied() else {
            self.actors[worker].is_busy = false;
            return;
        };
        self.actors[worker].is_busy = true;
        if self.stream {
            self.begin_atom(now, worker, lease, atom, plans);
        } else {
            let work: u64 = self.actors[worker].ahead.iter().map(|(_, atom)| self.takes(worker, *atom)).sum();
            plans.push((now + Duration::from_millis(self.boot_ms + work), worker, Deed::EndBatch(lease)));
        }
    }

    fn begin_atom(&mut self, now: Timestamp, worker: usize, lease: LeaseNo, atom: AtomNo, plans: &mut Plans) {
        let boot = if std::mem::replace(&mut self.actors[worker].has_booted, true) { 0 } else { self.boot_ms };
        self.tell(now, Event::Started { worker: WorkerId(worker as u64), lease, atom }, plans);
        let takes = Duration::from_millis(boot + self.takes(worker, atom));
        plans.push((now + takes, worker, Deed::Finish(lease, atom)));
        let left: u64 =
            self.actors[worker].ahead.iter().map(|(_, atom)| self.split.estimate(*atom).p50_ms).take(1_000).sum();
        if left <= AHEAD_MS && self.actors[worker].holds.len() == 1 && !self.actors[worker].waits {
            plans.push((now, worker, Deed::Pull));
        }
    }

    fn takes(&self, worker: usize, atom: AtomNo) -> u64 {
        (self.truth_ms[atom.index()] / self.actors[worker].speed).round().max(1.0) as u64
    }

    fn passed(&self, worker: usize, atom: AtomNo) -> (AtomNo, AtomResult) {
        (atom, AtomResult { outcome: Outcome::Passed, ms: self.takes(worker, atom) })
    }

    fn finish(&mut self, now: Timestamp, worker: usize, lease: LeaseNo, atom: AtomNo, plans: &mut Plans) {
        self.actors[worker].ahead.pop_front();
        let results = vec![self.passed(worker, atom)];
        self.tell(now, Event::Reported { worker: WorkerId(worker as u64), lease, results, end: None }, plans);
        let next = self.actors[worker].ahead.front().map(|(lease, _)| *lease);
        if next != Some(lease) {
            self.actors[worker].holds.retain(|held| *held != lease);
        }
        self.begin(now, worker, plans);
        if next.is_none() && !self.actors[worker].waits {
            plans.push((now, worker, Deed::Pull));
        }
    }

    fn end_batch(&mut self, now: Timestamp, worker: usize, lease: LeaseNo, plans: &mut Plans) {
        let atoms = std::mem::take(&mut self.actors[worker].ahead);
        let results = atoms.iter().map(|(_, atom)| self.passed(worker, *atom)).collect();
        let end = Some(End { exit: Exit::Code(0), boot_ms: Some(self.boot_ms) });
        self.actors[worker].holds.clear();
        self.actors[worker].is_busy = false;
        self.tell(now, Event::Reported { worker: WorkerId(worker as u64), lease, results, end }, plans);
        plans.push((now, worker, Deed::Pull));
    }
}
