//! What happens when nothing happens: silent workers are lost, and what goes on for too long is ended.
//!
//! Liveness is not progress: a worker that beats and does not come to an end loses the test as well.

use super::Split;
use super::book::Place;
use crate::ledger::Verdict;
use crate::manifest::AtomNo;
use crate::record::{Back, LeaseNo, Record};
use sidings_proto::Timestamp;

impl Split {
    pub(super) fn let_lapse(&mut self, now: Timestamp, saves: &mut Vec<Record>) {
        while let Some(worker) = self.watch.silence.pop(now) {
            self.lost(now, worker, saves);
        }
        while let Some(atom) = self.watch.atoms.pop(now) {
            self.atom_is_overdue(now, atom, saves);
        }
        while let Some(lease) = self.watch.leases.pop(now) {
            self.batch_is_overdue(now, lease, saves);
        }
    }

    /// Its process is to be killed, so the others of it go back.
    fn atom_is_overdue(&mut self, now: Timestamp, atom: AtomNo, saves: &mut Vec<Record>) {
        let Place::Out(lease) = self.book.page(atom).place else { return };
        let Some(worker) = self.book.leases.get(&lease).map(|leased| leased.worker) else { return };
        self.settle(now, atom, Verdict::TimedOut, saves);
        let held = self.book.workers.get(&worker).map(|worker| worker.leases.clone()).unwrap_or_default();
        for lease in held {
            self.return_lease(lease, Back::Pool, saves);
        }
    }

    /// Nobody said which of its atoms takes so long: unless there is one, it runs again in halves.
    fn batch_is_overdue(&mut self, now: Timestamp, lease: LeaseNo, saves: &mut Vec<Record>) {
        let Some(leased) = self.book.leases.get(&lease) else { return };
        let worker = leased.worker;
        let out: Vec<AtomNo> = leased.atoms.iter().copied().filter(|atom| leased.out.contains(atom)).collect();
        let is_strike = self.is_strike(worker, lease);
        match out.as_slice() {
            [] => return,
            [atom] => self.settle(now, *atom, Verdict::TimedOut, saves),
            atoms => self.run_in_halves(now, lease, atoms, false, saves),
        }
        if is_strike {
            self.strike(now, worker, saves);
        }
    }
}
