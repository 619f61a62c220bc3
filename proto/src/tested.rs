//! What came of single tests: one shape for every source that tells of them, a job's report today; and how people see
//! them.

use crate::{JobId, RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// Characters kept of the name of a test, a suite or a file.
pub const TEST_NAME_MAX: usize = 500;
/// Characters kept of a test's message.
pub const TEST_MESSAGE_MAX: usize = 2_000;
/// Characters kept of what a failed test wrote, in all.
pub const TEST_OUTPUT_MAX: usize = 16_000;
/// Bad tests that the view of a run names of each job.
pub const TEST_BAD_SHOWN: usize = 10;
/// Attempts with tests that are kept of each job of a project, the newest ones.
pub const TEST_ATTEMPTS_KEPT: u32 = 100;
/// Test cases kept of one attempt.
pub const TEST_CASES_MAX: u64 = 100_000;

/// One test, once: of a report, it is one `testcase`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestCase {
    /// Its class, else the suite it stands in; empty when nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suite: String,
    /// Its name in the suite.
    pub name: String,
    /// The file it is written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// How it ended.
    pub outcome: TestOutcome,
    /// How long it took; none where that was not said, or was no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// Why it failed or was skipped, in short.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The trace of a failure and the last of what the test wrote.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// What it claims does not hold.
    Failed,
    /// It could not be carried out to its end.
    Errored,
    /// It passed, after it had failed in the same attempt.
    Flaky,
    /// It passed at once.
    #[default]
    Passed,
    /// It was left out.
    Skipped,
}

impl TestOutcome {
    /// The word that wire, database and pages use.
    pub fn as_str(self) -> &'static str {
        match self {
            TestOutcome::Failed => "failed",
            TestOutcome::Errored => "errored",
            TestOutcome::Flaky => "flaky",
            TestOutcome::Passed => "passed",
            TestOutcome::Skipped => "skipped",
        }
    }

    /// Whether people have to look at it.
    pub fn is_bad(self) -> bool {
        match self {
            TestOutcome::Failed | TestOutcome::Errored => true,
            TestOutcome::Flaky | TestOutcome::Passed | TestOutcome::Skipped => false,
        }
    }
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct TestCounts {
    /// What they claim does not hold.
    pub failed: u64,
    /// They could not be carried out.
    pub errored: u64,
    /// They passed in the end.
    pub flaky: u64,
    /// They passed.
    pub passed: u64,
    /// They were left out.
    pub skipped: u64,
}

impl TestCounts {
    /// One more.
    pub fn add(&mut self, outcome: TestOutcome) {
        self.add_many(outcome, 1);
    }

    /// So many more.
    pub fn add_many(&mut self, outcome: TestOutcome, many: u64) {
        let count = match outcome {
            TestOutcome::Failed => &mut self.failed,
            TestOutcome::Errored => &mut self.errored,
            TestOutcome::Flaky => &mut self.flaky,
            TestOutcome::Passed => &mut self.passed,
            TestOutcome::Skipped => &mut self.skipped,
        };
        *count = count.saturating_add(many);
    }

    /// Those of another, too.
    pub fn add_all(&mut self, other: TestCounts) {
        let TestCounts { failed, errored, flaky, passed, skipped } = other;
        let many = [
            (TestOutcome::Failed, failed),
            (TestOutcome::Errored, errored),
            (TestOutcome::Flaky, flaky),
            (TestOutcome::Passed, passed),
            (TestOutcome::Skipped, skipped),
        ];
        many.into_iter().for_each(|(outcome, many)| self.add_many(outcome, many));
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        let TestCounts { failed, errored, flaky, passed, skipped } = self;
        [failed, errored, flaky, passed, skipped].into_iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Those that failed or could not be carried out.
    pub fn bad(&self) -> u64 {
        self.failed.saturating_add(self.errored)
    }
}

/// One file that tells of tests, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestReport {
    /// Where it is in the workspace.
    pub path: String,
    /// What is in it.
    pub counts: TestCounts,
    /// What is wrong with it, as sentence fragments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// A job's tests, in short: of the attempt that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestSum {
    /// How many ended how.
    pub counts: TestCounts,
    /// The first bad ones, [`TEST_BAD_SHOWN`] at most, without what they wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<TestCase>,
    /// The files that tell of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<TestReport>,
}

/// The tests of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunTests {
    /// Of each job whose reports tell of any, in the order of the file.
    pub jobs: Vec<JobTests>,
    /// Of each job whose tests are split, by its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<SplitTests>,
}

/// The tests of a split job, so far as they have their verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SplitTests {
    /// The job's name, without what tells its copies apart.
    pub suite: String,
    /// How many ended how, of all.
    pub counts: TestCounts,
    /// Those that were asked for, as [`JobTests::cases`]; their names are what their runner calls them.
    pub cases: Vec<TestCase>,
}

/// The tests of a job's attempt that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobTests {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// The attempt.
    pub attempt: u64,
    /// How many ended how, of all.
    pub counts: TestCounts,
    /// The files that tell of them.
    pub reports: Vec<TestReport>,
    /// Those that were asked for: failed, errored, flaky, then the others; or the slowest first.
    pub cases: Vec<TestCase>,
}

/// What became of tests of one name, run after run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestHistory {
    /// Each test that has the name, in some job.
    pub tests: Vec<TestSeries>,
}

/// One test of one job, run after run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestSeries {
    /// The job's name.
    pub job: String,
    /// The test's suite.
    pub suite: String,
    /// The test's name in it.
    pub name: String,
    /// Newest first.
    pub past: Vec<PastTest>,
}

/// What became of a test in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PastTest {
    /// The run.
    pub run: RunId,
    /// Its number in the project.
    pub number: u64,
    /// When the outcome was told.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: TestOutcome,
    /// How long it took.
    pub took_ms: Option<u64>,
    /// Why it failed or was skipped, in short.
    pub message: String,
}
