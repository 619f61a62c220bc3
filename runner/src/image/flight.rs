//! One at a time for each key: the first does the work, the others wait and then find it done. A user's failure is
//! theirs as well; where the first was given up or the engine failed, the next one tries.

use crate::engine::ImageError;
use crate::setup_log::SetupLog;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What went wrong for whoever did the work, once it did.
type Outcome = Arc<tokio::sync::Mutex<Option<String>>>;

#[derive(Default)]
pub(super) struct Flights {
    under_way: Mutex<BTreeMap<String, Outcome>>,
}

impl Flights {
    /// Does `work` when nobody else does; else says `waiting` and waits. `work` first looks whether it is done.
    pub(super) async fn alone<T>(
        &self,
        key: &str,
        log: &SetupLog,
        waiting: &str,
        work: impl AsyncFnOnce() -> Result<T, ImageError>,
    ) -> Result<T, ImageError> {
        let outcome = Arc::clone(self.under_way().entry(key.to_owned()).or_default());
        if outcome.try_lock().is_err() {
            log.note(waiting);
        }
        let mut failed = outcome.lock().await;
        if let Some(message) = &*failed {
            log.note("the other job's attempt failed, so this one would as well");
            return Err(ImageError::User(message.clone()));
        }
        let result = work().await;
        if let Err(ImageError::User(message)) = &result {
            *failed = Some(message.clone());
        }
        self.land(key, &outcome);
        result
    }

    /// Whoever comes from now on begins anew; those who wait already hold the old outcome.
    fn land(&self, key: &str, outcome: &Outcome) {
        let mut under_way = self.under_way();
        if under_way.get(key).is_some_and(|current| Arc::ptr_eq(current, outcome)) {
            under_way.remove(key);
        }
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeMap<String, Outcome>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
