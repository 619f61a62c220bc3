//! What is durable of a split, and how each record changes it. Decides nothing: the same records, the same book.

use super::pool::Pool;
use crate::estimate::Estimates;
use crate::ledger::Verdict;
use crate::manifest::{AtomNo, Differences, Manifest};
use crate::policy::Settings;
use crate::record::{AtomResult, Back, Exit, Gone, LeaseNo, Outcome, Record, WorkerId};
use sidings_proto::{RequestId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What a split is about; it stays the same in all its life.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setup {
    pub(super) manifest: Manifest,
    pub(super) estimates: Estimates,
    pub(super) settings: Settings,
    /// Atoms that go before the others.
    pub(super) early: BTreeSet<AtomNo>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Book {
    pub(super) pages: Vec<Page>,
    pub(super) pool: Pool,
    pub(super) leases: BTreeMap<LeaseNo, Leased>,
    pub(super) requests: BTreeMap<(WorkerId, RequestId), LeaseNo>,
    pub(super) workers: BTreeMap<WorkerId, Worker>,
    pub(super) evidence: BTreeSet<(LeaseNo, AtomNo)>,
    /// Atoms that failed at least once.
    pub(super) failed: usize,
    /// Retries that were spent.
    pub(super) retries: usize,
    pub(super) settled: usize,
    /// What starting a batch cost, in all, and how often that was measured.
    boots: (u64, u64),
    pub(super) parts: u64,
    pub(super) halt: Option<Halt>,
    pub(super) closed: Option<Timestamp>,
}

/// All about one atom.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Page {
    pub(super) place: Place,
    /// Who had it when it went wrong last; somebody else gets it next, if there is anybody.
    pub(super) shunned: Option<WorkerId>,
    /// Observed deaths of workers that had it.
    pub(super) blamed: u32,
    pub(super) failures: u32,
    /// The results that count, by the lease they came under.
    pub(super) counted: Vec<(LeaseNo, AtomResult)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Waiting(Back),
    Out(LeaseNo),
    Settled(Verdict),
}

/// A lease that was granted, over or not.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leased {
    pub(super) worker: WorkerId,
    pub(super) atoms: Vec<AtomNo>,
    /// Those that still are its worker's under it.
    pub(super) out: BTreeSet<AtomNo>,
    pub(super) started: BTreeSet<AtomNo>,
    pub(super) results: usize,
    /// Results that failed.
    pub(super) failed: usize,
    /// Its process went wrong, and none of its tests did.
    pub(super) spoiled: Option<i32>,
    pub(super) ended: bool,
    /// Something was taken from its worker that it had not brought a result of.
    pub(super) revoked: bool,
    /// It was made of atoms that came back from a lease that went wrong.
    pub(super) suspect: bool,
}

impl Leased {
    /// The code of a process that brought a result of each of its tests, none of which failed: what runs the tests found
    /// something else, which it would have been red for without any splitting.
    fn unexplained(&self, exit: Exit) -> Option<i32> {
        match exit {
            Exit::Code(code) if code != 0 && self.failed == 0 && self.out.is_empty() && !self.revoked => Some(code),
            Exit::Code(_) | Exit::Died => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Worker {
    pub(super) speed: u32,
    pub(super) gone: Option<Gone>,
    /// Leases of which something is out.
    pub(super) leases: BTreeSet<LeaseNo>,
    pub(super) batches: u32,
    pub(super) strikes: u32,
    /// It brought a result, once.
    pub(super) proven: bool,
}

/// Why nothing more is handed out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Halt {
    Mismatch(Differences),
    GivenUp(String),
}

impl Book {
    pub(super) fn new(setup: &Setup) -> Book {
        let page =
            Page { place: Place::Waiting(Back::Pool), shunned: None, blamed: 0, failures: 0, counted: Vec::new() };
        let mut book = Book { pages: vec![page; setup.manifest.count()], ..Book::default() };
        for atom in setup.manifest.numbers() {
            book.pool.insert(atom, Back::Pool, setup.early.contains(&atom), &setup.estimates);
        }
        book
    }

    pub(super) fn page(&self, atom: AtomNo) -> &Page {
        &self.pages[atom.index()]
    }

    pub(super) fn live(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        self.workers.iter().filter(|(_, worker)| worker.gone.is_none()).map(|(id, worker)| (*id, worker))
    }

    pub(super) fn is_live(&self, worker: WorkerId) -> bool {
        self.workers.get(&worker).is_some_and(|worker| worker.gone.is_none())
    }

    /// Nobody else works.
    pub(super) fn is_only(&self, worker: WorkerId) -> bool {
        self.live().all(|(other, _)| other == worker)
    }

    /// Leases of which something is out.
    pub(super) fn open_leases(&self) -> impl Iterator<Item = LeaseNo> {
        self.workers.values().flat_map(|worker| worker.leases.iter().copied())
    }

    /// What starting a batch costs: as measured here, else as in earlier runs.
    pub(super) fn boot_ms(&self, setup: &Setup) -> u64 {
        self.measured_boot_ms().unwrap_or(setup.settings.boot_ms)
    }

    /// None where no start was measured.
    pub(super) fn measured_boot_ms(&self) -> Option<u64> {
        self.boots.0.checked_div(self.boots.1)
    }

    pub(super) fn next_lease(&self) -> LeaseNo {
        LeaseNo(self.leases.last_key_value().map_or(1, |(last, _)| last.0 + 1))
    }

    pub(super) fn apply(&mut self, setup: &Setup, record: &Record) {
        match record {
            Record::WorkerJoined { worker, speed, .. } => self.joined(*worker, *speed),
            Record::WorkerGone { worker, why, .. } => self.with_worker(*worker, |worker| worker.gone = Some(*why)),
            Record::WorkerStruck { worker } => self.with_worker(*worker, |worker| worker.strikes += 1),
            Record::Leased { lease, worker, request, atoms, .. } => {
                self.leased(setup, *lease, *worker, *request, atoms);
            }
            Record::Started { lease, atom, .. } => {
                self.with_lease(*lease, |lease| lease.started.extend([*atom]));
            }
            Record::Counted { lease, atom, result, .. } => self.counted(*lease, *atom, *result),
            Record::Stale { lease, atom, .. } => drop(self.evidence.insert((*lease, *atom))),
            Record::Ended { lease, exit, boot_ms, .. } => self.ended(*lease, *exit, *boot_ms),
            Record::Returned { atom, to, blamed } => self.returned(setup, *atom, *to, *blamed),
            Record::Settled { atom, verdict, .. } => self.settle(setup, *atom, verdict.clone()),
            Record::Mismatched { differences, .. } => {
                self.halt(setup, Halt::Mismatch(differences.clone()), "two workers discovered different tests");
            }
            Record::GivenUp { reason, .. } => self.halt(setup, Halt::GivenUp(reason.clone()), reason),
            Record::Closed { at } => self.closed = Some(*at),
        }
    }

    fn with_worker(&mut self, worker: WorkerId, change: impl FnOnce(&mut Worker)) {
        if let Some(worker) = self.workers.get_mut(&worker) {
            change(worker);
        }
    }

    fn with_lease(&mut self, lease: LeaseNo, change: impl FnOnce(&mut Leased)) {
        if let Some(lease) = self.leases.get_mut(&lease) {
            change(lease);
        }
    }

    fn joined(&mut self, id: WorkerId, speed: u32) {
        let new = Worker { speed, gone: None, leases: BTreeSet::new(), batches: 0, strikes: 0, proven: false };
        let worker = self.workers.entry(id).or_insert(new);
        worker.gone = None;
        worker.speed = speed;
    }

    fn leased(&mut self, setup: &Setup, lease: LeaseNo, worker: WorkerId, request: RequestId, atoms: &[AtomNo]) {
        let is_suspect = |atom: &AtomNo| matches!(self.page(*atom).place, Place::Waiting(Back::Alone | Back::Part(_)));
        let suspect = atoms.iter().any(is_suspect);
        for atom in atoms {
            self.take_up(setup, *atom);
            self.pages[atom.index()].place = Place::Out(lease);
        }
        let out = atoms.iter().copied().collect();
        let leased = Leased {
            worker,
            atoms: atoms.to_vec(),
            out,
            started: BTreeSet::new(),
            results: 0,
            failed: 0,
            spoiled: None,
            ended: false,
            revoked: false,
            suspect,
        };
        self.leases.insert(lease, leased);
        self.requests.insert((worker, request), lease);
        self.with_worker(worker, |worker| {
            worker.batches += 1;
            worker.leases.insert(lease);
        });
    }

    fn counted(&mut self, lease: LeaseNo, atom: AtomNo, result: AtomResult) {
        let page = &mut self.pages[atom.index()];
        page.counted.push((lease, result));
        if result.outcome == Outcome::Failed {
            page.failures += 1;
            self.failed += usize::from(page.failures == 1);
        }
        let Some(leased) = self.leases.get_mut(&lease) else { return };
        leased.results += 1;
        leased.failed += usize::from(result.outcome == Outcome::Failed);
        let worker = leased.worker;
        self.with_worker(worker, |worker| {
            worker.proven = true;
            worker.strikes = 0;
        });
    }

    fn ended(&mut self, lease: LeaseNo, exit: Exit, boot_ms: Option<u64>) {
        self.with_lease(lease, |lease| {
            lease.ended = true;
            lease.spoiled = lease.unexplained(exit);
        });
        if let Some(boot_ms) = boot_ms {
            self.boots = (self.boots.0 + boot_ms, self.boots.1 + 1);
        }
    }

    fn returned(&mut self, setup: &Setup, atom: AtomNo, to: Back, blamed: bool) {
        let had = self.take_up(setup, atom);
        let page = &mut self.pages[atom.index()];
        page.place = Place::Waiting(to);
        page.blamed += u32::from(blamed);
        match to {
            Back::Pool => {}
            Back::Retry => {
                page.shunned = had;
                self.retries += 1;
            }
            Back::Alone => page.shunned = had,
            Back::Part(number) => {
                page.shunned = had;
                self.parts = self.parts.max(number);
            }
        }
        self.pool.insert(atom, to, setup.early.contains(&atom), &setup.estimates);
    }

    fn settle(&mut self, setup: &Setup, atom: AtomNo, verdict: Verdict) {
        self.take_up(setup, atom);
        self.pages[atom.index()].place = Place::Settled(verdict);
        self.settled += 1;
    }

    /// Takes an atom from where it is and says who had it.
    fn take_up(&mut self, setup: &Setup, atom: AtomNo) -> Option<WorkerId> {
        match self.page(atom).place.clone() {
            Place::Waiting(from) => {
                self.pool.remove(atom, from, setup.early.contains(&atom), &setup.estimates);
                None
            }
            Place::Out(lease) => self.take_back(lease, atom),
            Place::Settled(_) => None,
        }
    }

    fn take_back(&mut self, lease: LeaseNo, atom: AtomNo) -> Option<WorkerId> {
        let brought = self.page(atom).counted.iter().any(|(under, _)| *under == lease);
        let leased = self.leases.get_mut(&lease)?;
        leased.out.remove(&atom);
        leased.revoked |= !brought;
        let (worker, is_over) = (leased.worker, leased.out.is_empty());
        if is_over {
            self.with_worker(worker, |worker| worker.leases.retain(|held| *held != lease));
        }
        Some(worker)
    }

    fn halt(&mut self, setup: &Setup, halt: Halt, why: &str) {
        for atom in setup.manifest.numbers() {
            let page = self.page(atom);
            let verdict = match (&page.place, page.failures) {
                (Place::Settled(_), _) => continue,
                (_, 0) => Verdict::NotRun { why: why.to_owned() },
                _ => Verdict::Failed,
            };
            self.settle(setup, atom, verdict);
        }
        self.halt = Some(halt);
    }
}
