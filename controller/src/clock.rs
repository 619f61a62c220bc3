//! The controller's time: the wall clock at start plus a monotonic clock, so that it never goes backwards.

use sidings_proto::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::{Duration, Instant};

/// The clock of one life of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    wall: Timestamp,
    start: Instant,
}

impl Clock {
    /// Reads the wall clock, this once.
    pub(crate) fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall: Timestamp(0) + wall, start: Instant::now() }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.wall + self.start.elapsed()
    }

    /// When it will be `at`; now when that is over.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        // A millisecond is a step of the clock: waking inside it would find `at` not due yet.
        self.start + at.since(self.wall) + Duration::from_micros(500)
    }
}
