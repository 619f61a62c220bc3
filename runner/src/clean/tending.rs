//! Cleaning up all the time a runner lives, beside its jobs and never before them: now and then, and when an image was
//! built. It also says of images that jobs have for long that they are still in use.

use super::{Cleaned, Cleaner, Holds};
use crate::engine::Engine;
use sidings_proto::fleet::Machine;
use sidings_proto::image::megabytes;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between looks at a disk …
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// … and so often within the time for which what was used stays, but not more often than this.
const LOOKS_IN_GRACE: u32 = 4;
const LOOK_AT_MOST_EVERY: Duration = Duration::from_secs(5);

/// To ask an engine for all it has costs it something; the disk costs nothing.
const LOOKS_FOR_ALL: u32 = 10;

/// Shared by the lease loop, which asks for room, and the task that tends.
pub(crate) struct Tending {
    engine: Arc<dyn Engine>,
    holds: Arc<Holds>,
    /// None: this runner does not clean up.
    cleaner: Option<Cleaner>,
    /// What was said last of what cannot be freed.
    is_stuck: AtomicBool,
    machine: SeenMachine,
}

/// What was seen last of the machine: operators are told of it with each beat.
pub(crate) type SeenMachine = Arc<Mutex<Option<Machine>>>;

impl Tending {
    pub(crate) fn new(engine: Arc<dyn Engine>, holds: Arc<Holds>, cleaner: Option<Cleaner>) -> Tending {
        Tending { engine, holds, cleaner, is_stuck: AtomicBool::new(false), machine: Arc::default() }
    }

    /// Where it writes down what it sees of the machine.
    pub(crate) fn machine(&self) -> SeenMachine {
        self.machine.clone()
    }

    async fn look(&self, all: bool) {
        let Some(cleaner) = &self.cleaner else { return };
        let before = *self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = cleaner.machine(before, all).await;
        *self.machine.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Goes on until it is dropped or told that it is over.
    pub(crate) async fn tend(self: Arc<Self>, over: CancellationToken) {
        let grace = self.cleaner.as_ref().map_or(LOOK_EVERY, |cleaner| cleaner.marks.grace);
        let every = LOOK_EVERY.min(grace / LOOKS_IN_GRACE).max(LOOK_AT_MOST_EVERY);
        let mut looks = 0u32;
        loop {
            self.look(looks.is_multiple_of(LOOKS_FOR_ALL)).await;
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = over.cancelled() => return,
                () = self.holds.made() => {}
                () = tokio::time::sleep(every) => self.keep_young().await,
            }
            tokio::select! {
                () = over.cancelled() => return,
                () = self.make_room() => {}
            }
        }
    }

    /// Cleans up if there may be too much. It says itself what goes wrong.
    pub(crate) async fn make_room(&self) {
        let Some(cleaner) = &self.cleaner else { return };
        if !cleaner.may_be_too_much().await {
            return;
        }
        match cleaner.clean_up().await {
            Ok(Some(cleaned)) => self.tell(&cleaned),
            Ok(None) => {}
            Err(error) => tracing::warn!(error = format!("{error:#}"), "could not clean up"),
        }
    }

    /// Names the images that jobs have once more: between two steps there is no container that keeps them from other
    /// runners of the same engine.
    async fn keep_young(&self) {
        for (key, names) in self.holds.held() {
            for name in names {
                if let Err(error) = self.engine.tag_image(&name, &name).await {
                    tracing::debug!(key, error = format!("{error:#}"), "an image in use could not be named again");
                }
            }
        }
    }

    fn tell(&self, cleaned: &Cleaned) {
        let (images, cache) = (cleaned.removed.len(), megabytes(cleaned.cache));
        if images > 0 || cleaned.cache > 0 {
            let (before, after) = (megabytes(cleaned.before), megabytes(cleaned.after));
            tracing::info!(images, cache, before, after, "cleaned up: images and build cache that nobody used");
        }
        let is_stuck = cleaned.missing > 0;
        if is_stuck && !self.is_stuck.load(Ordering::Relaxed) {
            let (missing, stay) = (megabytes(cleaned.missing), cleaned.stays.len());
            tracing::warn!(
                missing,
                stay,
                foreign = cleaned.foreign,
                "there is too much that may not go: see `sidings gc`"
            );
        }
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
    }
}
