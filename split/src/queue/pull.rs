//! What a worker gets that asks for work.
//!
//! First what may only run by itself, then parts of a batch that went wrong, then what is to be tried again together
//! with as much as is its share of the rest. What went wrong with one worker goes to another, if there is one.

use super::Split;
use super::book::{Book, Worker};
use crate::batch::Sizing;
use crate::event::{Answer, Lease};
use crate::manifest::AtomNo;
use crate::policy::{DEADLINE_MIN_MS, DEADLINE_P90S, DEADLINE_UNSEEN_MS, EXPIRY};
use crate::record::{Gone, LeaseNo, Record, WorkerId};
use sidings_proto::{RequestId, Timestamp};
use std::time::Duration;

/// Leases that a worker may have at once: the one it works on, and the next.
const LEASES_AT_ONCE: usize = 2;

impl Split {
    pub(super) fn pulled(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        request: RequestId,
        saves: &mut Vec<Record>,
    ) -> Answer {
        if let Some(answer) = self.farewell(worker) {
            return answer;
        }
        self.heard(now, worker);
        if let Some(lease) = self.book.requests.get(&(worker, request)).copied() {
            return self.granted_again(now, lease);
        }
        if self.is_to_yield(worker) {
            return self.give_back_or_run_dry(now, worker, saves);
        }
        match self.choose(worker) {
            Some(atoms) => self.grant(now, worker, request, atoms, saves),
            None => {
                self.watch.waiting.insert(worker);
                Answer::Wait
            }
        }
    }

    /// What somebody is told who is no worker, or for whom there is nothing more.
    fn farewell(&self, worker: WorkerId) -> Option<Answer> {
        if !self.is_open() {
            return Some(Answer::Over);
        }
        match self.book.workers.get(&worker).map(|worker| worker.gone) {
            None | Some(Some(Gone::Lost)) => Some(Answer::JoinAgain),
            Some(Some(Gone::Yielded)) => Some(Answer::Yield),
            Some(Some(Gone::Left | Gone::Sick)) => Some(Answer::Over),
            Some(None) => None,
        }
    }

    fn grant(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        request: RequestId,
        atoms: Vec<AtomNo>,
        saves: &mut Vec<Record>,
    ) -> Answer {
        let lease = self.book.next_lease();
        self.put(saves, Record::Leased { lease, worker, request, atoms, at: now });
        self.granted_again(now, lease)
    }

    fn granted_again(&mut self, now: Timestamp, lease: LeaseNo) -> Answer {
        let Some(leased) = self.book.leases.get(&lease) else { return Answer::Wait };
        let atoms: Vec<_> = leased.atoms.iter().copied().filter(|atom| leased.out.contains(atom)).collect();
        if !atoms.is_empty() {
            self.watch.granted.insert(lease, now);
            self.start_term(now, lease);
        }
        Answer::Leased(Lease { number: lease, atoms, expires: now + EXPIRY })
    }

    /// From now on the lease has the time that all its worker has may take, and a lot more.
    pub(super) fn start_term(&mut self, now: Timestamp, lease: LeaseNo) {
        let Some(worker) = self.book.leases.get(&lease).map(|leased| leased.worker) else { return };
        let Some(held) = self.book.workers.get(&worker).map(|worker| &worker.leases) else { return };
        let boot_ms = self.book.boot_ms(&self.setup);
        let out = held.iter().filter_map(|lease| self.book.leases.get(lease)).flat_map(|leased| &leased.out);
        let term_ms = self.term_ms(out.copied(), boot_ms);
        self.watch.leases.set(lease, now + Duration::from_millis(term_ms));
    }

    /// When these atoms are overdue, from their start: never before their p90 ten times over.
    pub(super) fn term_ms(&self, atoms: impl Iterator<Item = AtomNo>, boot_ms: u64) -> u64 {
        let (mut least, mut slow_ms) = (DEADLINE_MIN_MS, boot_ms);
        for estimate in atoms.map(|atom| self.setup.estimates.of(atom)) {
            slow_ms += estimate.p90_ms;
            least = if estimate.seen { least } else { DEADLINE_UNSEEN_MS };
        }
        least.max(DEADLINE_P90S * slow_ms).saturating_mul(u64::from(self.setup.settings.times.max(1)))
    }

    fn choose(&self, worker: WorkerId) -> Option<Vec<AtomNo>> {
        let asking = self.book.workers.get(&worker)?;
        if asking.leases.len() >= LEASES_AT_ONCE {
            return None;
        }
        let picks = Picks { book: &self.book, worker, is_only: self.book.is_only(worker) };
        picks.alone().or_else(|| picks.part()).or_else(|| self.batch(asking, &picks))
    }

    fn batch(&self, asking: &Worker, picks: &Picks) -> Option<Vec<AtomNo>> {
        let mut atoms = picks.retries();
        if self.setup.settings.together {
            atoms.extend(self.book.pool.choose(u64::MAX, &self.setup.estimates));
            atoms.sort_unstable();
            return (!atoms.is_empty()).then_some(atoms);
        }
        let target_ms = self.sizing(asking).target_ms();
        let taken_ms: u64 = atoms.iter().map(|atom| self.setup.estimates.of(*atom).p50_ms).sum();
        if taken_ms < target_ms {
            atoms.extend(self.book.pool.choose(target_ms - taken_ms, &self.setup.estimates));
        }
        (!atoms.is_empty()).then_some(atoms)
    }

    fn sizing(&self, asking: &Worker) -> Sizing {
        let own = f64::from(asking.speed.max(1));
        let relative = |worker: &Worker| f64::from(worker.speed) / own;
        let fresh = self.book.live().filter(|(_, worker)| worker.batches == 0);
        Sizing {
            total_ms: self.setup.estimates.work_ms(),
            remaining_ms: self.book.pool.work_ms(),
            boot_ms: self.book.boot_ms(&self.setup),
            live: self.book.live().map(|(_, worker)| relative(worker)).sum(),
            fresh: fresh.map(|(_, worker)| relative(worker)).sum(),
            first: asking.batches == 0,
            contended: self.watch.contended,
        }
    }
}

/// What may go to one worker, of what may not go to everybody.
struct Picks<'a> {
    book: &'a Book,
    worker: WorkerId,
    is_only: bool,
}

impl Picks<'_> {
    fn may_have(&self, atom: AtomNo) -> bool {
        self.is_only || self.book.page(atom).shunned != Some(self.worker)
    }

    fn alone(&self) -> Option<Vec<AtomNo>> {
        self.book.pool.alone.iter().copied().find(|atom| self.may_have(*atom)).map(|atom| vec![atom])
    }

    fn part(&self) -> Option<Vec<AtomNo>> {
        let mut parts = self.book.pool.parts.values();
        parts.find(|part| part.iter().all(|atom| self.may_have(*atom))).map(|part| part.iter().copied().collect())
    }

    fn retries(&self) -> Vec<AtomNo> {
        self.book.pool.retries.iter().copied().filter(|atom| self.may_have(*atom)).collect()
    }
}
