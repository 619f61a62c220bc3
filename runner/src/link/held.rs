//! The attempts that this process holds, and the orders that come for them.

use crate::attempt::Orders;
use sidings_proto::AttemptId;
use sidings_proto::runner::{AttemptOrder, Order};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shared by the lease loop, the beats and the attempts.
#[derive(Debug)]
pub(super) struct Held {
    attempts: Mutex<BTreeMap<AttemptId, Orders>>,
    heard: Mutex<Instant>,
}

impl Held {
    pub(super) fn new() -> Held {
        Held { attempts: Mutex::default(), heard: Mutex::new(Instant::now()) }
    }

    /// Takes an attempt. `None`: it is held already.
    pub(super) fn take(&self, attempt: AttemptId) -> Option<Orders> {
        let mut attempts = self.attempts();
        if attempts.contains_key(&attempt) {
            return None;
        }
        Some(attempts.entry(attempt).or_default().clone())
    }

    pub(super) fn give_back(&self, attempt: AttemptId) {
        self.attempts().remove(&attempt);
    }

    pub(super) fn ids(&self) -> Vec<AttemptId> {
        self.attempts().keys().copied().collect()
    }

    /// Passes orders on to those they are for.
    pub(super) fn obey(&self, orders: &[AttemptOrder]) {
        let attempts = self.attempts();
        for AttemptOrder { attempt, order } in orders {
            let Some(held) = attempts.get(attempt) else { continue };
            match order {
                Order::GoOn => {}
                Order::Cancel => held.cancel.cancel(),
                Order::Drop => held.drop.cancel(),
            }
        }
    }

    /// All that is held is no longer ours.
    pub(super) fn drop_all(&self) {
        self.attempts().values().for_each(|orders| orders.drop.cancel());
    }

    /// The controller answered.
    pub(super) fn heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long the controller has not answered.
    pub(super) fn silence(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn attempts(&self) -> MutexGuard<'_, BTreeMap<AttemptId, Orders>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
