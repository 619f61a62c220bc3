//! Why an attempt is not carried on: an order, or its time is over.

use crate::attempt::Orders;
use std::time::Duration;
use tokio::time::Instant;

/// Why to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody stopped the job.
    Cancelled,
    /// The attempt is no longer ours.
    Dropped,
    /// The job took longer than it may.
    JobTimedOut,
}

/// Knows when to stop.
#[derive(Debug)]
pub(super) struct Stops {
    orders: Orders,
    deadline: Instant,
}

impl Stops {
    pub(super) fn new(orders: Orders, timeout: Duration) -> Stops {
        // A plan may say "for ever" in numbers that a clock cannot hold.
        let year = Duration::from_secs(365 * 24 * 3600);
        Stops { orders, deadline: Instant::now() + timeout.min(year) }
    }

    /// Waits until there is a reason to stop.
    pub(super) async fn wanted(&self) -> Stop {
        tokio::select! {
            biased;
            () = self.orders.drop.cancelled() => Stop::Dropped,
            () = self.orders.cancel.cancelled() => Stop::Cancelled,
            () = tokio::time::sleep_until(self.deadline) => Stop::JobTimedOut,
        }
    }

    /// The reason to stop, if there is one now.
    pub(super) fn now(&self) -> Option<Stop> {
        if self.orders.drop.is_cancelled() {
            Some(Stop::Dropped)
        } else if self.orders.cancel.is_cancelled() {
            Some(Stop::Cancelled)
        } else {
            (Instant::now() >= self.deadline).then_some(Stop::JobTimedOut)
        }
    }

    /// Does the work unless there is a reason to stop first.
    pub(super) async fn unless<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            stop = self.wanted() => Err(stop),
            done = work => Ok(done),
        }
    }
}
