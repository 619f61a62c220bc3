//! What belongs to which attempt: holders, whose labels were fixed before anyone knew the attempt; removals under way;
//! and calls that may still make something, which a teardown waits for.

use sidings_proto::AttemptId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, RwLock};
use tokio::task::JoinHandle;

#[derive(Default)]
pub(super) struct Ledger {
    attempts: Mutex<BTreeMap<AttemptId, Entry>>,
}

#[derive(Default)]
struct Entry {
    /// Held for reading by whoever is making something, for writing by the teardown.
    gate: Arc<RwLock<()>>,
    holders: Vec<String>,
    /// The network that the holders have among themselves, once it is made.
    private: Arc<OnceCell<String>>,
    containers: Vec<String>,
    removals: Vec<JoinHandle<()>>,
}

impl Ledger {
    /// To be held while something is made for the attempt.
    pub(super) async fn enter(&self, attempt: AttemptId) -> OwnedRwLockReadGuard<()> {
        self.gate(attempt).read_owned().await
    }

    pub(super) fn holder(&self, attempt: AttemptId, holder: String) {
        self.attempts().entry(attempt).or_default().holders.push(holder);
    }

    pub(super) fn container(&self, attempt: AttemptId, container: String) {
        self.attempts().entry(attempt).or_default().containers.push(container);
    }

    /// Where the attempt's private network is, or is to be put: it is made once.
    pub(super) fn private(&self, attempt: AttemptId) -> Arc<OnceCell<String>> {
        Arc::clone(&self.attempts().entry(attempt).or_default().private)
    }

    /// A removal that the container's teardown must wait for. After the teardown nobody needs to.
    pub(super) fn removal(&self, container: &str, removal: JoinHandle<()>) {
        let mut attempts = self.attempts();
        let owner = attempts.values_mut().find(|entry| entry.containers.iter().any(|id| id == container));
        if let Some(entry) = owner {
            entry.removals.push(removal);
        }
    }

    /// Waits until nothing is being made or removed for the attempt, forgets it, and gives its holders.
    pub(super) async fn close(&self, attempt: AttemptId) -> Vec<String> {
        let _alone = self.gate(attempt).write_owned().await;
        let Some(entry) = self.attempts().remove(&attempt) else { return Vec::new() };
        for removal in entry.removals {
            // A removal that panicked has left its container to the teardown.
            let _ = removal.await;
        }
        entry.holders
    }

    fn gate(&self, attempt: AttemptId) -> Arc<RwLock<()>> {
        Arc::clone(&self.attempts().entry(attempt).or_default().gate)
    }

    fn attempts(&self) -> MutexGuard<'_, BTreeMap<AttemptId, Entry>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
