//! The leases of a worker, and what is known of their tests so far.

use super::Dropped;
use super::results::Read;
use sidings_proto::split::{SplitLease, SplitOutcome, SplitResult};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tests of a lease by what they are called.
pub(super) type Names = BTreeMap<String, u32>;

#[derive(Debug, Default)]
pub(super) struct Leases {
    all: Mutex<BTreeMap<u64, Lease>>,
}

#[derive(Debug)]
struct Lease {
    names: Arc<Names>,
    started: BTreeSet<u32>,
    results: BTreeMap<u32, SplitResult>,
    dropped: Dropped,
}

/// What is known of a lease at its end.
#[derive(Debug, Default)]
pub(super) struct AllFound {
    pub(super) started: Vec<u32>,
    pub(super) results: Vec<SplitResult>,
    pub(super) missing: usize,
}

impl Leases {
    pub(super) fn add(&self, lease: SplitLease) {
        let names = lease.tests.into_iter().map(|test| (test.id, test.no)).collect();
        let new = Lease {
            names: Arc::new(names),
            started: BTreeSet::new(),
            results: BTreeMap::new(),
            dropped: Dropped::new(),
        };
        self.lock().entry(lease.lease).or_insert(new);
    }

    pub(super) fn names(&self, lease: u64) -> Option<Arc<Names>> {
        self.lock().get(&lease).map(|lease| lease.names.clone())
    }

    /// Adds what a file says. A test that it tells of twice failed if it failed once.
    pub(super) fn found(&self, lease: u64, read: &Read) {
        let mut all = self.lock();
        let Some(lease) = all.get_mut(&lease) else { return };
        lease.started.extend(&read.started);
        for result in &read.results {
            let known = lease.results.entry(result.no).or_insert(*result);
            known.outcome = worse(known.outcome, result.outcome);
            known.ms = known.ms.max(result.ms);
        }
    }

    pub(super) fn all(&self, lease: u64) -> Option<AllFound> {
        let all = self.lock();
        let lease = all.get(&lease)?;
        let missing = lease.names.len() - lease.results.len();
        let started = lease.started.iter().filter(|no| !lease.results.contains_key(no)).copied().collect();
        Some(AllFound { started, results: lease.results.values().copied().collect(), missing })
    }

    pub(super) fn end(&self, lease: u64) {
        self.lock().remove(&lease);
    }

    pub(super) fn held(&self) -> Vec<u64> {
        self.lock().keys().copied().collect()
    }

    pub(super) fn dropped(&self, lease: u64) -> Option<Dropped> {
        self.lock().get(&lease).map(|lease| lease.dropped.clone())
    }

    pub(super) fn drop_all(&self, leases: &[u64]) {
        let all = self.lock();
        leases.iter().filter_map(|lease| all.get(lease)).for_each(|lease| lease.dropped.cancel());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Lease>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of two counts, of one test.
pub(super) fn worse(one: SplitOutcome, other: SplitOutcome) -> SplitOutcome {
    use SplitOutcome::{Failed, Passed, Skipped};
    match (one, other) {
        (Failed, _) | (_, Failed) => Failed,
        (Passed, _) | (_, Passed) => Passed,
        (Skipped, Skipped) => Skipped,
    }
}
