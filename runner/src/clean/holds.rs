//! The images that jobs of this process have at this moment, by their keys. Whoever has one keeps it: no clean-up of this
//! process removes it, and who asks for one that is just being removed waits until it is gone, and then has to make it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Shared by all who need images, and by whoever cleans up.
#[derive(Debug, Default)]
pub struct Holds {
    keys: Mutex<BTreeMap<String, Held>>,
    made: Notify,
}

#[derive(Debug, Default)]
struct Held {
    lock: Arc<RwLock<()>>,
    names: BTreeSet<String>,
}

/// An image that is kept as long as this lives.
#[derive(Debug)]
pub struct Hold {
    _held: OwnedRwLockReadGuard<()>,
}

/// The right to remove an image: nobody gets a hold on it as long as this lives.
#[derive(Debug)]
pub(super) struct Removal {
    _alone: OwnedRwLockWriteGuard<()>,
}

impl Holds {
    /// Keeps the image of a key, which is or will be called `name`.
    pub(crate) async fn hold(&self, key: &str, name: &str) -> Hold {
        let lock = self.lock_of(key, Some(name));
        Hold { _held: lock.read_owned().await }
    }

    /// Nobody has the image of this key, and nobody gets it meanwhile. None: somebody has it.
    pub(super) fn remove(&self, key: &str) -> Option<Removal> {
        let lock = self.lock_of(key, None);
        Some(Removal { _alone: lock.try_write_owned().ok()? })
    }

    /// The keys that are held, and what their images are called.
    pub(super) fn held(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = self.keys();
        keys.retain(|_, held| Arc::strong_count(&held.lock) > 1);
        keys.iter().map(|(key, held)| (key.clone(), held.names.clone())).collect()
    }

    /// The keys that are held.
    pub(super) fn keys_held(&self) -> BTreeSet<String> {
        self.held().into_keys().collect()
    }

    /// An image was built or fetched: there may be too many.
    pub(crate) fn has_made_one(&self) {
        self.made.notify_one();
    }

    /// Waits until one is.
    pub(super) async fn made(&self) {
        self.made.notified().await;
    }

    fn lock_of(&self, key: &str, name: Option<&str>) -> Arc<RwLock<()>> {
        let mut keys = self.keys();
        let held = keys.entry(key.to_owned()).or_default();
        held.names.extend(name.map(str::to_owned));
        Arc::clone(&held.lock)
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
