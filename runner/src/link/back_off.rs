//! How long to wait before the controller is asked again: longer each time, and never all runners at once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    failures: u32,
}

impl BackOff {
    /// The next pause: twice the last one, at most [`LONGEST`], give or take half.
    pub(super) fn next(&mut self) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures += 1;
        jittered(pause, 0.5)
    }

    /// It worked: the next pause is the first one again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A time give or take a part of it.
pub(super) fn jittered(time: Duration, part: f64) -> Duration {
    // The standard library's source of randomness without another crate: a fresh hasher's keys are random.
    let random = RandomState::new().build_hasher().finish();
    let unit = f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    time.mul_f64(1.0 - part + 2.0 * part * unit)
}
