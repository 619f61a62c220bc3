//! Why an attempt is not carried on: an order, or its time is over.

use crate::attempt::Orders;
use std::time::Duration;
use tokio::sync::watch;
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
    clock: watch::Sender<Clock>,
}

/// The job's time. It can stand still, for several reasons at once.
#[derive(Clone, Copy, Debug)]
struct Clock {
    deadline: Instant,
    reasons: u32,
    since: Instant,
}

/// The job's clock stands still until this is dropped.
pub(super) struct Still<'a>(&'a Stops);

impl Stops {
    pub(super) fn new(orders: Orders, timeout: Duration) -> Stops {
        // A plan may say "for ever" in numbers that a clock cannot hold.
        let year = Duration::from_secs(365 * 24 * 3600);
        let now = Instant::now();
        let clock = Clock { deadline: now + timeout.min(year), reasons: 0, since: now };
        Stops { orders, clock: watch::Sender::new(clock) }
    }

    /// Waits until there is a reason to stop.
    pub(super) async fn wanted(&self) -> Stop {
        tokio::select! {
            biased;
            () = self.orders.drop.cancelled() => Stop::Dropped,
            () = self.orders.cancel.cancelled() => Stop::Cancelled,
            () = self.time_is_over() => Stop::JobTimedOut,
        }
    }

    /// The reason to stop, if there is one now.
    pub(super) fn now(&self) -> Option<Stop> {
        if self.orders.drop.is_cancelled() {
            Some(Stop::Dropped)
        } else if self.orders.cancel.is_cancelled() {
            Some(Stop::Cancelled)
        } else {
            let clock = *self.clock.borrow();
            (clock.now() >= clock.deadline).then_some(Stop::JobTimedOut)
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

    /// Time that passes from now on is not the job's.
    pub(super) fn stand_still(&self) -> Still<'_> {
        self.clock.send_modify(|clock| {
            clock.since = clock.now();
            clock.reasons += 1;
        });
        Still(self)
    }

    async fn time_is_over(&self) {
        let mut clock = self.clock.subscribe();
        loop {
            let Clock { deadline, reasons, .. } = *clock.borrow_and_update();
            tokio::select! {
                () = tokio::time::sleep_until(deadline), if reasons == 0 => return,
                // It outlives this: its sender is ours.
                _ = clock.changed() => {}
            }
        }
    }
}

impl Clock {
    /// The time by which the job is measured.
    fn now(&self) -> Instant {
        if self.reasons == 0 { Instant::now() } else { self.since }
    }
}

impl Drop for Still<'_> {
    fn drop(&mut self) {
        self.0.clock.send_modify(|clock| {
            clock.reasons -= 1;
            if clock.reasons == 0 {
                clock.deadline += clock.since.elapsed();
            }
        });
    }
}
