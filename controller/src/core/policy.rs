//! The numbers that decide: how long a lease lasts, and how often and how late a lost job is tried again.

use sidings_proto::Timestamp;
use sidings_proto::runner::{ACCEPT_WITHIN_MS, DISCONNECTED_MS, LEASE_TTL_MS};
use std::time::Duration;

/// Times and limits. The default is what the runner protocol promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A lease lasts this long after the last beat.
    pub lease_ttl: Duration,
    /// An attempt that its runner has not mentioned this long after it was handed out may go to another.
    pub accept_within: Duration,
    /// An attempt whose runner fell silent may come back this long after its lease ran out, while nobody else has
    /// the job; then it is over.
    pub disconnected: Duration,
    /// A job that waits longer than this for room has a runner kept free for it.
    pub patience: Duration,
    /// What waits is to have begun after this, if there are slots enough: how many are wanted.
    pub drain_within: Duration,
    /// How long a job is held back after its first, second, … infrastructure failure. One more fails the job.
    pub back_off: Vec<Duration>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            lease_ttl: Duration::from_millis(LEASE_TTL_MS),
            accept_within: Duration::from_millis(ACCEPT_WITHIN_MS),
            disconnected: Duration::from_millis(DISCONNECTED_MS),
            patience: Duration::from_secs(60),
            drain_within: Duration::from_secs(300),
            back_off: [0, 5, 30].map(Duration::from_secs).to_vec(),
        }
    }
}

impl Policy {
    /// When a job that has had this many infrastructure failures may be handed out again; none: never.
    pub(super) fn retry_at(&self, now: Timestamp, failures: u32) -> Option<Timestamp> {
        let Some(earlier) = failures.checked_sub(1) else { return Some(now) };
        let back_off = self.back_off.get(usize::try_from(earlier).ok()?)?;
        Some(now + *back_off)
    }

    /// The longest time a job is ever held back.
    pub(super) fn longest_back_off(&self) -> Duration {
        self.back_off.iter().copied().max().unwrap_or_default()
    }
}
