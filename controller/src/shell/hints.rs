//! Runners that have something to hear before their next beat. A hint may be lost or come twice; beats are the truth.

use sidings_proto::RunnerId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One bell for each runner that ever listened to this life of the controller.
#[derive(Default)]
pub(crate) struct Hints {
    bells: Mutex<BTreeMap<RunnerId, Arc<Notify>>>,
}

impl Hints {
    /// What rings for a runner. It also rings for what happened between two waits.
    pub(crate) fn bell(&self, runner: RunnerId) -> Arc<Notify> {
        self.bells().entry(runner).or_default().clone()
    }

    /// Rings, if the runner ever listened.
    pub(super) fn ring(&self, runner: RunnerId) {
        if let Some(bell) = self.bells().get(&runner) {
            bell.notify_one();
        }
    }

    fn bells(&self) -> MutexGuard<'_, BTreeMap<RunnerId, Arc<Notify>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
