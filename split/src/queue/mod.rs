//! The split itself: takes events in, decides, and keeps its book by the records it has saved.
//!
//! Each change is a [`Record`] first and then applied to the book, here as after a restart; what is not in a record is
//! in the watch and may be forgotten.

mod book;
mod deadlines;
mod deaths;
mod pool;
mod pull;
mod report;
mod view;
mod watch;
mod workers;

use crate::estimate::Estimates;
use crate::event::{Answer, Effects, Event};
use crate::manifest::{AtomNo, Manifest};
use crate::policy::{EXPIRY, Settings};
use crate::record::{Record, WorkerId};
use book::{Book, Setup};
use sidings_proto::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use watch::Watch;

pub use view::Progress;

/// The part of the work that tests which failed last may be of, in parts of a hundred, to go before the longest.
const EARLY_PERCENT: u64 = 5;

/// One job's tests, and who has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    setup: Arc<Setup>,
    book: Book,
    watch: Watch,
}

impl Split {
    /// A split of which nothing was handed out yet.
    pub fn new(manifest: Manifest, estimates: Estimates, settings: Settings) -> Split {
        let early = early(&estimates, &settings);
        let setup = Setup { manifest, estimates, settings, early };
        let book = Book::new(&setup);
        Split { setup: Arc::new(setup), book, watch: Watch::default() }
    }

    /// Goes on where `records` end. The setup is that of [`Split::new`]. Every term starts anew: nobody is fenced out
    /// because the controller was away.
    pub fn restore<'a>(
        now: Timestamp,
        manifest: Manifest,
        estimates: Estimates,
        settings: Settings,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Split {
        let mut split = Split::new(manifest, estimates, settings);
        for record in records {
            split.book.apply(&split.setup, record);
        }
        split.start_terms_anew(now);
        split
    }

    /// Takes what happened at `now` and says what is to be done about it.
    ///
    /// The event itself comes before what is due by now, so a sign of life that is late but there still counts.
    pub fn handle(&mut self, now: Timestamp, event: Event) -> Effects {
        let mut effects = Effects::default();
        let saves = &mut effects.saves;
        effects.answer = self.take_in(now, event, saves);
        self.let_lapse(now, saves);
        self.close_if_over(now, saves);
        if saves.iter().any(frees_something) {
            effects.wake = std::mem::take(&mut self.watch.waiting);
        }
        effects.wake.extend(self.idle_while_wanted());
        effects
    }

    /// When the next [`Event::Tick`] is due; none while nothing can happen by itself.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let watch = &self.watch;
        [watch.silence.next(), watch.atoms.next(), watch.leases.next()].into_iter().flatten().min()
    }

    fn take_in(&mut self, now: Timestamp, event: Event, saves: &mut Vec<Record>) -> Answer {
        match event {
            Event::Joined { worker, speed } => self.joined(now, worker, speed, saves),
            Event::Listed { worker, manifest } => self.listed(now, worker, &manifest, saves),
            Event::Beat { worker, holds } => self.beat(now, worker, &holds, saves),
            Event::Pulled { worker, request } => self.pulled(now, worker, request, saves),
            Event::Started { worker, lease, atom } => self.started(now, worker, lease, atom, saves),
            Event::Reported { worker, lease, results, end } => self.reported(now, worker, lease, &results, end, saves),
            Event::Left { worker } => self.left(now, worker, saves),
            Event::Lost { worker } => self.lost(now, worker, saves),
            Event::YieldAsked => self.yield_asked(),
            Event::Contended(contended) => self.contended(contended),
            Event::GiveUp { reason } => self.give_up(now, reason, saves),
            Event::Tick => Answer::Noted,
        }
    }

    /// Writes a fact down and makes it so.
    fn put(&mut self, saves: &mut Vec<Record>, record: Record) {
        self.book.apply(&self.setup, &record);
        saves.push(record);
    }

    fn give_up(&mut self, now: Timestamp, reason: String, saves: &mut Vec<Record>) -> Answer {
        if self.is_open() {
            self.put(saves, Record::GivenUp { reason, at: now });
        }
        Answer::Noted
    }

    /// Something is without a verdict.
    fn is_open(&self) -> bool {
        self.book.settled < self.setup.manifest.count()
    }

    fn close_if_over(&mut self, now: Timestamp, saves: &mut Vec<Record>) {
        if !self.is_open() && self.book.closed.is_none() {
            self.put(saves, Record::Closed { at: now });
            self.watch.atoms = watch::Alarms::default();
            self.watch.leases = watch::Alarms::default();
        }
    }

    fn heard(&mut self, now: Timestamp, worker: WorkerId) {
        if self.is_open() {
            self.watch.silence.set(worker, now + EXPIRY);
        } else {
            self.watch.silence.clear(worker);
        }
    }

    fn start_terms_anew(&mut self, now: Timestamp) {
        let live: Vec<WorkerId> = self.book.live().map(|(worker, _)| worker).collect();
        for worker in live {
            self.heard(now, worker);
        }
        let open: Vec<_> = self.book.open_leases().collect();
        for lease in open {
            self.watch.granted.insert(lease, now);
            self.start_term(now, lease);
            self.start_atoms_terms(now, lease);
        }
    }
}

/// After such a record a worker that waits may get something, or may go.
fn frees_something(record: &Record) -> bool {
    matches!(record, Record::Returned { .. } | Record::WorkerGone { .. } | Record::Closed { .. })
}

/// Tests that failed last go first, as long as they are few: otherwise the longest would come late.
fn early(estimates: &Estimates, settings: &Settings) -> BTreeSet<AtomNo> {
    let most = estimates.work_ms() * EARLY_PERCENT / 100;
    let wanted: BTreeSet<AtomNo> = settings.failed_last.iter().copied().collect();
    let work: u64 = wanted.iter().map(|atom| estimates.of(*atom).p50_ms).sum();
    if work <= most { wanted } else { BTreeSet::new() }
}
