//! What a split knows of time, and forgets with its process: a restart begins every term anew.

use crate::manifest::AtomNo;
use crate::record::{LeaseNo, WorkerId};
use sidings_proto::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Watch {
    /// When a worker that stays silent is lost.
    pub(super) silence: Alarms<WorkerId>,
    /// When an atom that was begun is overdue.
    pub(super) atoms: Alarms<AtomNo>,
    /// When a batch is overdue.
    pub(super) leases: Alarms<LeaseNo>,
    /// When a lease was granted.
    pub(super) granted: BTreeMap<LeaseNo, Timestamp>,
    /// Workers that were told to wait.
    pub(super) waiting: BTreeSet<WorkerId>,
    /// Runners that are to be given back.
    pub(super) yields: u32,
    /// Who gets no further lease, and yields when it has ended those it has.
    pub(super) leaving: BTreeSet<WorkerId>,
    pub(super) contended: bool,
}

/// One time for each key, and which is next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alarms<K> {
    by_key: BTreeMap<K, Timestamp>,
    by_time: BTreeSet<(Timestamp, K)>,
}

impl<K> Default for Alarms<K> {
    fn default() -> Self {
        Alarms { by_key: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Copy + Ord> Alarms<K> {
    pub(super) fn set(&mut self, key: K, at: Timestamp) {
        self.clear(key);
        self.by_key.insert(key, at);
        self.by_time.insert((at, key));
    }

    pub(super) fn clear(&mut self, key: K) {
        if let Some(at) = self.by_key.remove(&key) {
            self.by_time.remove(&(at, key));
        }
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes out one that is due.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<K> {
        let (_, key) = self.by_time.first().copied().filter(|(at, _)| *at <= now)?;
        self.clear(key);
        Some(key)
    }
}
