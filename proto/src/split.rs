//! Splitting one job's tests over many workers: what a job says of it, what its workers and the controller tell each
//! other, and what people see.
//!
//! | call below an attempt's address | body → answer |
//! | --- | --- |
//! | `POST …/split/list` | [`SplitList`] → [`SplitListed`]; the first list makes the queue, the others are compared |
//! | `POST …/split/pull` | [`SplitPull`] → [`SplitPulled`]; held open up to [`PULL_POLL_MS`]; a repeated request gets the same |
//! | `POST …/split/report` | [`SplitReport`] → [`SplitTaken`]; durable once answered |
//! | `POST …/split/beat` | [`SplitBeat`] → [`SplitOrders`] |
//!
//! All are calls of the attempt, with its token: one whose fence has moved gets 409 `stale_attempt` and changes
//! nothing.

pub mod desk;
mod preset;
pub mod told;

pub use preset::Preset;

use crate::{RequestId, TestChoice, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A worker beats this often.
pub const BEAT_EVERY_MS: u64 = 3_000;
/// How long a pull is held open without work.
pub const PULL_POLL_MS: u64 = 15_000;
/// The longest body of a call in bytes: a list of the most and longest tests that usual suites have.
pub const BODY_MAX: usize = 64 * 1024 * 1024;
/// Lines of reasons that the view of a run has of a split.
pub const REASON_MAX: usize = 4_000;

/// How a job's tests are found, run and told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Tests {
    /// The queue's name in its run: that of the job, which its copies share.
    pub suite: String,
    /// How lists and results are understood.
    pub preset: Preset,
    /// A script that prints the tests and runs none.
    pub discover: String,
    /// A script that runs the tests it is given.
    pub run: String,
    /// Whether that script is started for each batch, or once.
    #[serde(default)]
    pub mode: Mode,
    /// The JUnit file that it leaves, from the workspace's root, where it is not the one that it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub junit: Option<String>,
    /// What a flaky test does to the job.
    #[serde(default)]
    pub on_flaky: OnFlaky,
    /// How often a test that failed is tried again.
    pub max_flaky_retries: u32,
    /// How many of its copies are to work, where that is not for all of them to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<Width>,
    /// Of all that are listed only these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<TestChoice>,
    /// Tests that do not gate, as the commit's own file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<Quarantined>,
}

/// How many copies work, so that all tests are done in some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Width {
    /// Never fewer.
    pub min: u32,
    /// From the queue's beginning to the last result, in milliseconds.
    pub target_ms: u64,
}

/// A test that is still run and does not gate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Quarantined {
    /// What its runner calls it.
    pub id: String,
    /// Who looks after it.
    pub owner: String,
    /// Since when.
    pub since: Timestamp,
    /// It gates again from then on.
    pub expires: Timestamp,
    /// Where it is looked after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
}

/// How often the script that runs tests is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// For each batch.
    #[default]
    Batch,
    /// Once; it reads batches and tells of each test as it goes.
    Stream,
}

/// What a test that fails and then passes does to its job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnFlaky {
    /// Nothing: it is listed.
    #[default]
    Pass,
    /// It makes it red.
    Fail,
}

/// The tests that a worker discovered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitList {
    /// In the order of discovery.
    pub tests: Vec<SplitTest>,
}

/// A test, or a file of tests: the smallest thing that is handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitTest {
    /// What its runner calls it.
    pub id: String,
    /// How large its file is, where somebody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
}

/// What became of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum SplitListed {
    /// It is the queue's.
    Noted,
    /// There is nothing to run, or nothing any more.
    Over(SplitOver),
}

/// How a split ended, as a worker is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitOver {
    /// Every test ran to an end, and none that gates went wrong.
    pub passed: bool,
    /// The sum, and the reasons why it is red.
    pub text: String,
}

/// Asks for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitPull {
    /// A new one for each lease; repeated after a lost answer, it gets the same.
    pub request: RequestId,
}

/// What a worker gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum SplitPulled {
    /// Tests to run, in this order.
    Leased(SplitLease),
    /// Nothing now; ask again, with the same request.
    Wait,
    /// Nothing more.
    Over(SplitOver),
    /// Nothing more for this attempt, while others go on: somebody else needs its runner. It is to end as if there were
    /// nothing more, and its job comes back when there is a runner for it.
    Yield,
}

/// A worker's right to some tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitLease {
    /// The fence of their results.
    pub lease: u64,
    /// Which.
    pub tests: Vec<LeasedTest>,
}

/// A test by its place in the list and its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LeasedTest {
    /// From 0.
    pub no: u32,
    /// What its runner calls it.
    pub id: String,
}

/// What came of the tests of a lease, or of some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitReport {
    /// Which lease.
    pub lease: u64,
    /// Those that began, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub started: Vec<u32>,
    /// Those that ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<SplitResult>,
    /// Nothing more comes under this lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<SplitEnd>,
}

/// How a test ended, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitResult {
    /// Which.
    pub no: u32,
    /// How.
    pub outcome: SplitOutcome,
    /// How long it took.
    pub ms: u64,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SplitOutcome {
    /// It holds.
    Passed,
    /// It does not, or could not be carried out.
    Failed,
    /// It was left out.
    Skipped,
}

/// How the process of a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitEnd {
    /// Its code; none when something killed it.
    pub code: Option<i32>,
    /// What it took beyond its tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_ms: Option<u64>,
}

/// What became of results. All of them are durable, and none is to be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitTaken {
    /// So many count.
    pub counted: usize,
    /// So many were counted before.
    pub already: usize,
    /// So many came too late.
    pub stale: usize,
    /// So many were never this worker's.
    pub foreign: usize,
}

/// "I work on these."
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitBeat {
    /// Every lease that it has.
    pub holds: Vec<u64>,
}

/// What a worker is to let go of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitOrders {
    /// Leases that are no longer its own; their process is to end.
    pub drop: Vec<u64>,
}

/// How a split stands, or ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SplitSum {
    /// The job's name, without what tells its copies apart.
    pub suite: String,
    /// Tests of the list.
    pub total: u64,
    /// Those with a verdict.
    pub settled: u64,
    /// How many have each verdict; none is 0.
    pub counts: BTreeMap<String, u64>,
    /// `1,000 of 1,000 ran once`, and what else there is to say.
    pub told: String,
    /// Whether it is green, once every test has its verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Why it is red, the gravest first, each with the tests it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Some test has no result: the red is not only of tests that failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Tests that failed and then passed, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaky: Vec<String>,
    /// Who works now.
    #[serde(default)]
    pub workers: u64,
    /// So many of them give their runners back, when their batches end: others wait for them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub leaving: u64,
    /// Batches that were handed out.
    #[serde(default)]
    pub batches: u64,
    /// Tests that somebody has.
    #[serde(default)]
    pub out: u64,
    /// How long what nobody has is thought to take, in milliseconds.
    #[serde(default)]
    pub left_ms: u64,
    /// What starting a batch costs in milliseconds: as measured, else as in the run before. None where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_ms: Option<u64>,
    /// Why one batch has all tests, where there are copies for more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_batch: Option<String>,
}

/// Whether a job's name is that of the split job, or of one of its copies: `unit`, or `unit 2/4`.
pub fn is_copy(job: &str, suite: &str) -> bool {
    job.strip_prefix(suite).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn is_none(count: &u64) -> bool {
    *count == 0
}
