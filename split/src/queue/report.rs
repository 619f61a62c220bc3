//! What workers say about atoms. A result counts iff the atom is the worker's under that very lease, and once.

use super::Split;
use super::book::Place;
use crate::event::{Answer, End};
use crate::flaky::Failing;
use crate::ledger::Verdict;
use crate::manifest::AtomNo;
use crate::record::{AtomResult, Back, LeaseNo, Outcome, Record, WorkerId};
use sidings_proto::Timestamp;
use std::time::Duration;

/// How a result stands to the book.
enum Standing {
    Current,
    CountedBefore,
    Late,
    Foreign,
}

impl Split {
    pub(super) fn started(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        lease: LeaseNo,
        atom: AtomNo,
        saves: &mut Vec<Record>,
    ) -> Answer {
        if self.book.is_live(worker) {
            self.heard(now, worker);
        }
        let Standing::Current = self.standing(worker, lease, atom) else { return Answer::Noted };
        if !self.book.leases.get(&lease).is_some_and(|leased| leased.started.contains(&atom)) {
            self.put(saves, Record::Started { lease, atom, at: now });
            self.start_atoms_term(now, atom);
        }
        Answer::Noted
    }

    /// Those of a lease that have begun.
    pub(super) fn start_atoms_terms(&mut self, now: Timestamp, lease: LeaseNo) {
        let Some(leased) = self.book.leases.get(&lease) else { return };
        let begun: Vec<_> = leased.started.intersection(&leased.out).copied().collect();
        for atom in begun {
            self.start_atoms_term(now, atom);
        }
    }

    fn start_atoms_term(&mut self, now: Timestamp, atom: AtomNo) {
        let term_ms = self.term_ms([atom].into_iter(), 0);
        self.watch.atoms.set(atom, now + Duration::from_millis(term_ms));
    }

    pub(super) fn reported(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        lease: LeaseNo,
        results: &[(AtomNo, AtomResult)],
        end: Option<End>,
        saves: &mut Vec<Record>,
    ) -> Answer {
        if self.book.is_live(worker) {
            self.heard(now, worker);
        }
        let [mut counted, mut already, mut stale, mut foreign] = [0; 4];
        for (atom, result) in results {
            match self.standing(worker, lease, *atom) {
                Standing::Current => counted += self.count(now, lease, *atom, *result, saves),
                Standing::CountedBefore => already += 1,
                Standing::Late => stale += self.keep_as_evidence(now, lease, *atom, *result, saves),
                Standing::Foreign => foreign += 1,
            }
        }
        if let Some(end) = end {
            self.ended(now, worker, lease, end, saves);
        }
        Answer::Taken { counted, already, stale, foreign }
    }

    fn standing(&self, worker: WorkerId, lease: LeaseNo, atom: AtomNo) -> Standing {
        let Some(leased) = self.book.leases.get(&lease).filter(|leased| leased.worker == worker) else {
            return Standing::Foreign;
        };
        if leased.out.contains(&atom) {
            return Standing::Current;
        }
        let Some(page) = self.book.pages.get(atom.index()) else { return Standing::Foreign };
        match page.counted.iter().any(|(under, _)| *under == lease) {
            true => Standing::CountedBefore,
            false if leased.atoms.contains(&atom) => Standing::Late,
            false => Standing::Foreign,
        }
    }

    fn keep_as_evidence(
        &mut self,
        now: Timestamp,
        lease: LeaseNo,
        atom: AtomNo,
        result: AtomResult,
        saves: &mut Vec<Record>,
    ) -> usize {
        if !self.book.evidence.contains(&(lease, atom)) {
            self.put(saves, Record::Stale { lease, atom, result, at: now });
        }
        1
    }

    fn count(
        &mut self,
        now: Timestamp,
        lease: LeaseNo,
        atom: AtomNo,
        result: AtomResult,
        saves: &mut Vec<Record>,
    ) -> usize {
        self.put(saves, Record::Counted { lease, atom, result, at: now });
        match result.outcome {
            Outcome::Passed => self.settle(now, atom, Verdict::Passed, saves),
            Outcome::Skipped => self.settle(now, atom, Verdict::Skipped, saves),
            Outcome::Failed if self.deserves_a_retry(now, atom) => {
                self.return_atom(atom, Back::Retry, false, saves);
            }
            Outcome::Failed => self.settle(now, atom, Verdict::Failed, saves),
        }
        1
    }

    /// What does not gate is not worth a retry.
    fn deserves_a_retry(&self, now: Timestamp, atom: AtomNo) -> bool {
        let failing = Failing {
            total: self.setup.manifest.count(),
            failed: self.book.failed,
            spent: self.book.retries,
            times: self.book.page(atom).failures,
            allowed: self.setup.settings.max_flaky_retries,
        };
        !self.is_quarantined(now, atom) && failing.deserves_a_retry()
    }

    fn is_quarantined(&self, now: Timestamp, atom: AtomNo) -> bool {
        self.setup.settings.quarantine.get(&atom).is_some_and(|entry| entry.holds(now))
    }

    /// Gives an atom its verdict, in the light of what it did before and of the quarantine.
    pub(super) fn settle(&mut self, now: Timestamp, atom: AtomNo, found: Verdict, saves: &mut Vec<Record>) {
        let verdict = match (found, self.book.page(atom).failures) {
            (Verdict::Passed, 1..) => Verdict::Flaky,
            (_, 1..) => Verdict::Failed,
            (found, 0) => found,
        };
        let verdict = match verdict.went_wrong() && self.is_quarantined(now, atom) {
            true => Verdict::Quarantined { instead_of: Box::new(verdict) },
            false => verdict,
        };
        self.with_alarms(atom, |split| split.put(saves, Record::Settled { atom, verdict, at: now }));
    }

    pub(super) fn return_atom(&mut self, atom: AtomNo, to: Back, blamed: bool, saves: &mut Vec<Record>) {
        self.with_alarms(atom, |split| split.put(saves, Record::Returned { atom, to, blamed }));
    }

    /// Carries out what takes an atom from its worker, and stops the clocks that ran for that.
    fn with_alarms(&mut self, atom: AtomNo, change: impl FnOnce(&mut Split)) {
        let lease = match &self.book.page(atom).place {
            Place::Out(lease) => Some(*lease),
            Place::Waiting(_) | Place::Settled(_) => None,
        };
        change(self);
        self.watch.atoms.clear(atom);
        let Some(lease) = lease else { return };
        if self.book.leases.get(&lease).is_some_and(|leased| leased.out.is_empty()) {
            self.watch.leases.clear(lease);
            self.watch.granted.remove(&lease);
        }
    }
}
