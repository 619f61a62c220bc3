//! Who follows which run: told that it changed, never what; those who follow look again.

use sidings_proto::RunId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// One channel for each run that somebody follows.
#[derive(Default)]
pub(crate) struct Changes {
    followed: Mutex<BTreeMap<RunId, watch::Sender<()>>>,
    /// For those who follow all runs.
    any: watch::Sender<()>,
}

/// One who follows a run, or all.
pub(crate) struct Follower {
    changes: Arc<Changes>,
    run: Option<RunId>,
    changed: watch::Receiver<()>,
}

impl Changes {
    /// Follows a run from now on: look at it after this call, and again whenever it changed.
    pub(crate) fn follow(self: &Arc<Self>, run: RunId) -> Follower {
        let changed = self.followed().entry(run).or_insert_with(|| watch::Sender::new(())).subscribe();
        Follower { changes: self.clone(), run: Some(run), changed }
    }

    /// Follows all runs from now on.
    pub(crate) fn follow_all(self: &Arc<Self>) -> Follower {
        Follower { changes: self.clone(), run: None, changed: self.any.subscribe() }
    }

    /// Tells those who follow the run.
    pub(crate) fn tell(&self, run: RunId) {
        self.any.send_replace(());
        if let Some(followers) = self.followed().get(&run) {
            followers.send_replace(());
        }
    }

    fn followed(&self) -> MutexGuard<'_, BTreeMap<RunId, watch::Sender<()>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    /// Waits for a change since the last time; many count as one.
    pub(crate) async fn changed(&mut self) {
        // The channel lives as long as one follower does, so it cannot be closed here.
        let _ = self.changed.changed().await;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let Some(run) = &self.run else { return };
        let mut followed = self.changes.followed();
        // This follower still counts as one.
        if followed.get(run).is_some_and(|followers| followers.receiver_count() <= 1) {
            followed.remove(run);
        }
    }
}
