//! What the end of a batch means for tests without a result, and for the worker.
//!
//! A test is not blamed for its neighbours: what had not begun goes back as it was; what had runs by itself; where
//! nobody said what had begun, the batch is run again in halves. The second observed death of a container that ran
//! nothing else is the test's own doing. A process that just fails, without a single result, is rather its worker's.

use super::Split;
use crate::event::End;
use crate::ledger::Verdict;
use crate::manifest::AtomNo;
use crate::policy::STRIKES;
use crate::record::{Back, Exit, Gone, LeaseNo, Record, WorkerId};
use sidings_proto::Timestamp;

impl Split {
    pub(super) fn ended(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        lease: LeaseNo,
        end: End,
        saves: &mut Vec<Record>,
    ) {
        let is_new = |leased: &&super::book::Leased| leased.worker == worker && !leased.ended;
        let Some(leased) = self.book.leases.get(&lease).filter(is_new) else { return };
        let missing: Vec<AtomNo> = leased.atoms.iter().copied().filter(|atom| leased.out.contains(atom)).collect();
        self.put(saves, Record::Ended { lease, exit: end.exit, boot_ms: end.boot_ms, at: now });
        if missing.is_empty() {
            return;
        }
        match end.exit {
            Exit::Code(0) => self.not_told_of(now, &missing, saves),
            Exit::Code(_) | Exit::Died if self.was_ahead(worker, lease) => self.return_lease(lease, Back::Pool, saves),
            Exit::Code(_) | Exit::Died => self.went_wrong(now, worker, lease, end.exit, &missing, saves),
        }
    }

    /// Nothing had begun under this lease: its process was still at the one before, and that will have to explain it.
    fn was_ahead(&self, worker: WorkerId, lease: LeaseNo) -> bool {
        let Some(held) = self.book.workers.get(&worker).map(|worker| &worker.leases) else { return false };
        let mut others = held.iter().filter(|other| **other != lease).filter_map(|other| self.book.leases.get(other));
        !self.has_begun(lease) && others.any(|other| !other.started.is_disjoint(&other.out))
    }

    fn has_begun(&self, lease: LeaseNo) -> bool {
        self.book.leases.get(&lease).is_some_and(|leased| leased.results > 0 || !leased.started.is_empty())
    }

    fn went_wrong(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        lease: LeaseNo,
        exit: Exit,
        missing: &[AtomNo],
        saves: &mut Vec<Record>,
    ) {
        let is_strike = self.is_strike(worker, lease);
        self.look_for_who_did_it(now, worker, lease, exit, missing, saves);
        let held = self.book.workers.get(&worker).map(|worker| worker.leases.clone()).unwrap_or_default();
        let ahead: Vec<_> = held.into_iter().filter(|other| !self.has_begun(*other)).collect();
        for lease in ahead {
            self.return_lease(lease, Back::Pool, saves);
        }
        if is_strike {
            self.strike(now, worker, saves);
        }
    }

    /// Its batch says that all is well, and yet there is no result: nobody may take that for a pass.
    fn not_told_of(&mut self, now: Timestamp, missing: &[AtomNo], saves: &mut Vec<Record>) {
        for atom in missing {
            let why = "its batch ended with 0 and brought no result of it".to_owned();
            self.settle(now, *atom, Verdict::NotRun { why }, saves);
        }
    }

    fn look_for_who_did_it(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        lease: LeaseNo,
        exit: Exit,
        missing: &[AtomNo],
        saves: &mut Vec<Record>,
    ) {
        let counts = exit == Exit::Died || self.is_worth_believing(worker, lease);
        let (begun, rest) = self.begun_and_rest(lease, missing);
        match begun.is_empty() {
            true => self.run_in_halves(now, lease, &rest, counts, saves),
            false => {
                for atom in rest {
                    self.return_atom(atom, Back::Pool, false, saves);
                }
                for atom in begun {
                    self.suspect(now, lease, atom, counts, saves);
                }
            }
        }
    }

    fn begun_and_rest(&self, lease: LeaseNo, missing: &[AtomNo]) -> (Vec<AtomNo>, Vec<AtomNo>) {
        let started = self.book.leases.get(&lease).map(|leased| &leased.started);
        missing.iter().copied().partition(|atom| started.is_some_and(|started| started.contains(atom)))
    }

    /// Whether a plain failure without results says something about the tests: only from a worker that has brought some.
    fn is_worth_believing(&self, worker: WorkerId, lease: LeaseNo) -> bool {
        let brought = self.book.leases.get(&lease).is_some_and(|leased| leased.results > 0);
        let proven = self.book.workers.get(&worker).is_some_and(|worker| worker.proven);
        brought || proven
    }

    pub(super) fn run_in_halves(
        &mut self,
        now: Timestamp,
        lease: LeaseNo,
        atoms: &[AtomNo],
        counts: bool,
        saves: &mut Vec<Record>,
    ) {
        if let [atom] = atoms {
            return self.suspect(now, lease, *atom, counts, saves);
        }
        let (left, right) = atoms.split_at(atoms.len() / 2);
        for half in [left, right] {
            let part = self.book.parts + 1;
            let to = if half.len() == 1 { Back::Alone } else { Back::Part(part) };
            for atom in half {
                self.return_atom(*atom, to, counts, saves);
            }
        }
    }

    fn suspect(&mut self, now: Timestamp, lease: LeaseNo, atom: AtomNo, counts: bool, saves: &mut Vec<Record>) {
        let was_alone = self.book.leases.get(&lease).is_some_and(|leased| leased.atoms.len() == 1);
        if counts && was_alone && self.book.page(atom).blamed > 0 {
            self.settle(now, atom, Verdict::Crashed, saves);
        } else {
            self.return_atom(atom, Back::Alone, counts, saves);
        }
    }

    /// A failure without any result is the worker's, except where it was given what had failed others already and has
    /// shown before that it can work.
    pub(super) fn is_strike(&self, worker: WorkerId, lease: LeaseNo) -> bool {
        let Some(leased) = self.book.leases.get(&lease) else { return false };
        let proven = self.book.workers.get(&worker).is_some_and(|worker| worker.proven);
        leased.results == 0 && leased.started.is_empty() && !(leased.suspect && proven)
    }

    pub(super) fn strike(&mut self, now: Timestamp, worker: WorkerId, saves: &mut Vec<Record>) {
        self.put(saves, Record::WorkerStruck { worker });
        let strikes = self.book.workers.get(&worker).map_or(0, |worker| worker.strikes);
        if strikes >= STRIKES {
            self.part_with(now, worker, Gone::Sick, Back::Pool, saves);
            self.give_up_on_sick_fleets(now, saves);
        }
    }

    /// When more workers were sick than the job may have at once and not one result came, the next will be sick, too.
    fn give_up_on_sick_fleets(&mut self, now: Timestamp, saves: &mut Vec<Record>) {
        let sick = self.book.workers.values().filter(|worker| worker.gone == Some(Gone::Sick)).count();
        let most = self.setup.settings.parallelism.max.max(2) as usize;
        let none_works = self.book.workers.values().all(|worker| !worker.proven);
        if none_works && sick >= most {
            let reason = format!("{sick} workers failed without one result");
            self.give_up(now, reason, saves);
        }
    }
}
