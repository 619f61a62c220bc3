//! What a job says about its split, and the numbers that are the same for all.

use crate::manifest::AtomNo;
use crate::width::Parallelism;
use serde::{Deserialize, Serialize};
use sidings_proto::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A worker that was not heard of for this long has lost what it held. It beats every three seconds.
pub const EXPIRY: Duration = Duration::from_secs(15);
/// A lease that a worker's beats do not mention this long after it was granted never reached it.
pub const ACCEPT_WITHIN: Duration = Duration::from_secs(10);
/// No atom is called overdue before.
pub const DEADLINE_MIN_MS: u64 = 60_000;
/// No atom is that was never seen to pass, so that a long test lives to its first result.
pub const DEADLINE_UNSEEN_MS: u64 = 600_000;
/// An atom is overdue after so many times its p90.
pub const DEADLINE_P90S: u64 = 10;
/// Failures without any result after which a worker gets nothing more.
pub const STRIKES: u32 = 2;
/// The longest that an entry of the quarantine may last.
pub const QUARANTINE_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What holds for one split job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many workers it may have.
    pub parallelism: Parallelism,
    /// What a test that fails and then passes does to the job.
    pub on_flaky: OnFlaky,
    /// How often a test that failed is tried again.
    pub max_flaky_retries: u32,
    /// Tests that do not gate, and until when.
    pub quarantine: BTreeMap<AtomNo, Quarantined>,
    /// Tests that failed the last time: they go first.
    pub failed_last: Vec<AtomNo>,
    /// What starting a batch cost in earlier runs. Unknown: 0.
    pub boot_ms: u64,
    /// All that wait go to the first who asks, in the list's order: somebody wants to see a batch again.
    pub together: bool,
    /// So often each batch is run, one time after the other; 0 is once.
    pub times: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            parallelism: Parallelism::default(),
            on_flaky: OnFlaky::Pass,
            max_flaky_retries: 1,
            quarantine: BTreeMap::new(),
            failed_last: Vec::new(),
            boot_ms: 0,
            together: false,
            times: 0,
        }
    }
}

/// What a flaky test does to the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFlaky {
    /// Nothing: it is listed.
    #[default]
    Pass,
    /// It makes the job red.
    Fail,
}

/// An entry of the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Who looks after it.
    pub owner: String,
    /// Since when.
    pub since: Timestamp,
    /// The entry means nothing from then on.
    pub expires: Timestamp,
}

impl Quarantined {
    /// Whether the entry holds now. One that claims more than [`QUARANTINE_MAX`] holds that long.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.expires && now < self.since + QUARANTINE_MAX
    }
}
