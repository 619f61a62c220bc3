//! What others may know of a split: its verdicts, its sum, how it ends its job, and how it stands.

use super::Split;
use super::book::{Halt, Place};
use crate::estimate::Estimate;
use crate::ledger::{Conclusion, Kind, Ledger, Reason, Verdict};
use crate::manifest::{AtomNo, Manifest};
use crate::policy::OnFlaky;
use crate::record::{AtomResult, Gone, LeaseNo, WorkerId};
use std::collections::BTreeMap;

/// How far a split is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Workers that are there or on their way.
    pub workers: usize,
    /// Leases that were granted, over or not.
    pub leases: usize,
    /// Atoms that nobody has.
    pub waiting: usize,
    /// Atoms that somebody has.
    pub out: usize,
    /// Atoms with a verdict.
    pub settled: usize,
    /// Work that nobody has, at p50.
    pub waiting_ms: u64,
}

impl Split {
    /// What is split.
    pub fn manifest(&self) -> &Manifest {
        &self.setup.manifest
    }

    /// How long an atom was thought to take.
    pub fn estimate(&self, atom: AtomNo) -> Estimate {
        self.setup.estimates.of(atom)
    }

    /// An atom's verdict, once it has one.
    pub fn verdict(&self, atom: AtomNo) -> Option<&Verdict> {
        match &self.book.pages.get(atom.index())?.place {
            Place::Settled(verdict) => Some(verdict),
            Place::Waiting(_) | Place::Out(_) => None,
        }
    }

    /// The results of an atom that count, in their order, with the leases they came under.
    pub fn counted(&self, atom: AtomNo) -> &[(LeaseNo, AtomResult)] {
        self.book.pages.get(atom.index()).map_or(&[], |page| &page.counted)
    }

    /// What the atoms come to so far.
    pub fn ledger(&self) -> Ledger {
        let mut counts = BTreeMap::new();
        for verdict in self.setup.manifest.numbers().filter_map(|atom| self.verdict(atom)) {
            *counts.entry(verdict.kind()).or_default() += 1;
        }
        let with_results =
            |wanted: fn(usize) -> bool| self.book.pages.iter().filter(|page| wanted(page.counted.len())).count();
        Ledger {
            total: self.setup.manifest.count(),
            settled: counts.values().sum(),
            counts,
            ran_once: with_results(|results| results == 1),
            ran_again: with_results(|results| results > 1),
        }
    }

    /// How the job ends; none while an atom is without a verdict.
    pub fn conclusion(&self) -> Option<Conclusion> {
        if self.is_open() {
            return None;
        }
        let halt = self.book.halt.as_ref().map(|halt| match halt {
            Halt::Mismatch(differences) => Reason::Mismatch(differences.clone()),
            Halt::GivenUp(reason) => Reason::GivenUp(reason.clone()),
        });
        let tests = self.gating().into_iter().filter_map(|kind| {
            let ids = self.ids_of(kind);
            (!ids.is_empty()).then_some(Reason::Tests(kind, ids))
        });
        let batches = self.spoiled();
        let batches = (!batches.is_empty()).then_some(Reason::Batches(batches));
        let reasons: Vec<_> = halt.into_iter().chain(tests).chain(batches).collect();
        Some(if reasons.is_empty() { Conclusion::Passed } else { Conclusion::Red(reasons) })
    }

    /// Batches whose process went wrong though none of their tests did.
    fn spoiled(&self) -> Vec<(LeaseNo, i32)> {
        let leases = self.book.leases.iter();
        leases.filter_map(|(lease, leased)| Some((*lease, leased.spoiled?))).collect()
    }

    /// The verdicts that make this job red, the gravest first.
    fn gating(&self) -> Vec<Kind> {
        let mut gating = vec![Kind::NotRun, Kind::Crashed, Kind::TimedOut, Kind::Failed];
        match self.setup.settings.on_flaky {
            OnFlaky::Fail => gating.push(Kind::Flaky),
            OnFlaky::Pass => {}
        }
        gating
    }

    /// The ids of all atoms with such a verdict.
    pub fn ids_of(&self, kind: Kind) -> Vec<String> {
        let is_such = |atom: &AtomNo| self.verdict(*atom).is_some_and(|verdict| verdict.kind() == kind);
        let atoms = self.setup.manifest.numbers().filter(is_such);
        atoms.map(|atom| self.setup.manifest.id(atom).to_owned()).collect()
    }

    /// Who works, or is on the way.
    pub fn workers(&self) -> Vec<WorkerId> {
        self.book.live().map(|(worker, _)| worker).collect()
    }

    /// Whether somebody is or was a worker of it.
    pub fn knows(&self, worker: WorkerId) -> bool {
        self.book.workers.contains_key(&worker)
    }

    /// Runners that it was asked for and has not given back.
    pub fn owes(&self) -> u32 {
        self.watch.yields
    }

    /// Whether this worker gave its runner back.
    pub fn has_yielded(&self, worker: WorkerId) -> bool {
        self.book.workers.get(&worker).is_some_and(|worker| worker.gone == Some(Gone::Yielded))
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let out: usize =
            self.book.open_leases().filter_map(|lease| self.book.leases.get(&lease)).map(|l| l.out.len()).sum();
        Progress {
            workers: self.book.live().count(),
            leases: self.book.leases.len(),
            waiting: self.setup.manifest.count() - self.book.settled - out,
            out,
            settled: self.book.settled,
            waiting_ms: self.book.pool.work_ms(),
        }
    }

    /// What starting a batch costs, as measured here.
    pub fn boot_ms(&self) -> Option<u64> {
        self.book.measured_boot_ms()
    }

    /// How long all tests are thought to take, one after the other, where one batch had all of them at once though more
    /// workers may come: together they were not worth a second start.
    pub fn worth_one_batch(&self) -> Option<u64> {
        let (settings, all) = (&self.setup.settings, self.setup.manifest.count());
        let is_one = self.book.leases.values().next().is_some_and(|first| first.atoms.len() == all);
        let is_chosen = is_one && all > 1 && settings.parallelism.max > 1 && !settings.together;
        let work_ms = self.setup.estimates.work_ms();
        // A sole worker may take all there is, and is no news.
        let is_small = work_ms <= crate::batch::floor_ms(self.book.boot_ms(&self.setup));
        (is_chosen && is_small).then_some(work_ms)
    }

    /// How many workers the job wants now, when each of them needs `setup_ms` before its first test.
    /// Where no duration was ever seen, it takes what it may.
    pub fn wanted_workers(&self, setup_ms: u64) -> u32 {
        let parallelism = self.setup.settings.parallelism;
        if self.setup.estimates.are_guesses() {
            return parallelism.max.max(1);
        }
        parallelism.wanted(self.setup.estimates.work_ms(), setup_ms)
    }

    /// A restarted controller would know the same, and give every term anew.
    #[cfg(test)]
    pub(crate) fn is_restored_by(&self, now: sidings_proto::Timestamp, other: &Split) -> bool {
        let mut anew = Split { watch: super::Watch::default(), ..self.clone() };
        anew.start_terms_anew(now);
        anew == *other
    }
}
