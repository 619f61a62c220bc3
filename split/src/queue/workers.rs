//! Who works: joining, signs of life, other lists of tests, leaving, and giving a runner back.

use super::Split;
use crate::event::Answer;
use crate::manifest::Manifest;
use crate::policy::ACCEPT_WITHIN;
use crate::record::{Back, Gone, LeaseNo, Record, WorkerId};
use sidings_proto::Timestamp;

impl Split {
    pub(super) fn joined(&mut self, now: Timestamp, worker: WorkerId, speed: u32, saves: &mut Vec<Record>) -> Answer {
        let known = self.book.workers.get(&worker).map(|worker| worker.gone);
        if !self.is_open() || known == Some(Some(Gone::Sick)) {
            return Answer::Over;
        }
        if known != Some(None) {
            self.put(saves, Record::WorkerJoined { worker, speed, at: now });
        }
        self.heard(now, worker);
        Answer::Noted
    }

    pub(super) fn listed(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        manifest: &Manifest,
        saves: &mut Vec<Record>,
    ) -> Answer {
        if !self.is_open() {
            return Answer::Over;
        }
        if !self.book.is_live(worker) {
            return Answer::JoinAgain;
        }
        let Some(differences) = self.setup.manifest.differences(manifest) else { return Answer::Noted };
        self.put(saves, Record::Mismatched { worker, differences, at: now });
        Answer::Over
    }

    pub(super) fn beat(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        holds: &[LeaseNo],
        saves: &mut Vec<Record>,
    ) -> Answer {
        match self.book.workers.get(&worker).map(|worker| worker.gone) {
            None | Some(Some(Gone::Lost)) if self.is_open() => return Answer::JoinAgain,
            Some(None) => self.heard(now, worker),
            None | Some(Some(_)) => {}
        }
        self.return_what_never_arrived(now, worker, holds, saves);
        let drop = holds.iter().copied().filter(|lease| !self.may_go_on(worker, *lease)).collect();
        Answer::Orders { drop }
    }

    fn may_go_on(&self, worker: WorkerId, lease: LeaseNo) -> bool {
        let leased = self.book.leases.get(&lease);
        leased.is_some_and(|leased| leased.worker == worker && !leased.revoked)
    }

    /// A worker that forgot a lease, or never heard of it, would keep it for as long as it beats.
    fn return_what_never_arrived(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        holds: &[LeaseNo],
        saves: &mut Vec<Record>,
    ) {
        let Some(known) = self.book.workers.get(&worker) else { return };
        let is_late =
            |lease: &LeaseNo| self.watch.granted.get(lease).is_some_and(|granted| now.since(*granted) >= ACCEPT_WITHIN);
        let unheard: Vec<_> =
            known.leases.iter().copied().filter(|lease| !holds.contains(lease) && is_late(lease)).collect();
        for lease in unheard {
            self.return_lease(lease, Back::Pool, saves);
        }
    }

    pub(super) fn left(&mut self, now: Timestamp, worker: WorkerId, saves: &mut Vec<Record>) -> Answer {
        self.part_with(now, worker, Gone::Left, Back::Pool, saves)
    }

    /// A lost machine is never held against a test; but what ran on it runs by itself the next time.
    pub(super) fn lost(&mut self, now: Timestamp, worker: WorkerId, saves: &mut Vec<Record>) -> Answer {
        self.part_with(now, worker, Gone::Lost, Back::Alone, saves)
    }

    pub(super) fn part_with(
        &mut self,
        now: Timestamp,
        worker: WorkerId,
        why: Gone,
        begun: Back,
        saves: &mut Vec<Record>,
    ) -> Answer {
        let Some(known) = self.book.workers.get(&worker).filter(|worker| worker.gone.is_none()) else {
            return Answer::Noted;
        };
        for lease in known.leases.clone() {
            self.return_lease(lease, begun, saves);
        }
        self.put(saves, Record::WorkerGone { worker, why, at: now });
        self.watch.silence.clear(worker);
        self.watch.waiting.remove(&worker);
        self.watch.leaving.remove(&worker);
        Answer::Noted
    }

    /// Takes all that is out under a lease; what was begun goes to `begun`, the rest among the others.
    pub(super) fn return_lease(&mut self, lease: LeaseNo, begun: Back, saves: &mut Vec<Record>) {
        let Some(leased) = self.book.leases.get(&lease) else { return };
        let back = |atom| if leased.started.contains(&atom) { begun } else { Back::Pool };
        let all: Vec<_> = leased.out.iter().map(|atom| (*atom, back(*atom))).collect();
        for (atom, to) in all {
            self.return_atom(atom, to, false, saves);
        }
    }

    pub(super) fn yield_asked(&mut self) -> Answer {
        self.watch.yields = self.watch.yields.saturating_add(1).min(self.spare_workers());
        Answer::Noted
    }

    pub(super) fn contended(&mut self, contended: bool) -> Answer {
        self.watch.contended = contended;
        if !contended {
            self.watch.yields = 0;
            self.watch.leaving.clear();
        }
        Answer::Noted
    }

    /// Workers beyond those that the job has for certain.
    fn spare_workers(&self) -> u32 {
        let live = u32::try_from(self.book.live().count()).unwrap_or(u32::MAX);
        live.saturating_sub(self.setup.settings.parallelism.min.max(1))
    }

    pub(super) fn is_to_yield(&self, worker: WorkerId) -> bool {
        let watch = &self.watch;
        let is_chosen = watch.leaving.contains(&worker) || watch.leaving.len() < watch.yields as usize;
        watch.yields > 0 && self.spare_workers() > 0 && (is_chosen || self.is_between_batches(worker))
    }

    fn is_between_batches(&self, worker: WorkerId) -> bool {
        self.book.workers.get(&worker).is_some_and(|worker| worker.leases.is_empty())
    }

    /// A worker that asks ahead, as those of a stream do, would never be between two batches: it gets no next one.
    pub(super) fn give_back_or_run_dry(&mut self, now: Timestamp, worker: WorkerId, saves: &mut Vec<Record>) -> Answer {
        if !self.is_between_batches(worker) {
            self.watch.leaving.insert(worker);
            self.watch.waiting.insert(worker);
            return Answer::Wait;
        }
        self.watch.yields -= 1;
        self.part_with(now, worker, Gone::Yielded, Back::Pool, saves);
        while self.watch.leaving.len() > self.watch.yields as usize {
            self.watch.leaving.pop_last();
        }
        Answer::Yield
    }

    /// Those that wait with nothing to do while a runner is wanted: they should ask again, to hear that they may go.
    pub(super) fn idle_while_wanted(&mut self) -> Vec<WorkerId> {
        if self.watch.yields == 0 || self.spare_workers() == 0 {
            return Vec::new();
        }
        let waiting = self.watch.waiting.iter().copied();
        let idle: Vec<_> = waiting.filter(|worker| self.is_between_batches(*worker)).collect();
        idle.into_iter().inspect(|worker| self.watch.waiting.retain(|other| other != worker)).collect()
    }
}
