//! What the split client in a step's container and its runner tell each other, over a socket in the step's folder.
//!
//! One JSON text a line; an ask with `bytes` is followed by so many bytes as they are. The client asks, the runner
//! tells, once for each ask. A runner takes what comes here as it takes all that a step writes: it may do with its own
//! tests what it likes, and nothing else.

use super::{Mode, Preset};
use serde::{Deserialize, Serialize};

/// The socket's name in the step's folder.
pub const SOCKET: &str = "split.sock";
/// The longest line that a client may send.
pub const LINE_MAX: u64 = 64 * 1024;
/// The most that discovery may print.
pub const LIST_MAX: u64 = 256 * 1024 * 1024;
/// The most that is told of the sizes of files, in bytes and in files: three may be a test's. More is not told at all.
pub const SIZES_MAX: u64 = 32 * 1024 * 1024;
/// See [`SIZES_MAX`].
pub const SIZED_FILES_MAX: usize = 600_000;
/// The longest file of results, and of all files of a batch together.
pub const RESULTS_MAX: u64 = 512 * 1024 * 1024;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// What is to be done. Told [`Told::Work`].
    Work,
    /// Here is what discovery printed. Told [`Told::Noted`], [`Told::Over`] or [`Told::Refused`].
    List {
        /// So many bytes follow.
        bytes: u64,
    },
    /// Here is how large files are in which tests may be, as [`Sizes`]. Told [`Told::Noted`]; the list comes next.
    Sizes {
        /// So many bytes follow.
        bytes: u64,
    },
    /// Discovery failed, and the step ends. Told [`Told::Noted`].
    Unlisted {
        /// Of all that it said, the line that tells most.
        why: String,
    },
    /// Tests are wanted. Told [`Told::Batch`], [`Told::Over`] or [`Told::Yield`], whenever that is.
    Next,
    /// Here is a file of results. Told [`Told::Read`].
    Results {
        /// Of which lease.
        lease: u64,
        /// How it is written.
        form: Form,
        /// So many bytes follow.
        bytes: u64,
    },
    /// Here is what happened since the last such ask, as events; the queue has it when this is told [`Told::Read`].
    Happened {
        /// Of which lease.
        lease: u64,
        /// So many bytes follow.
        bytes: u64,
    },
    /// The process of a batch ended. Told [`Told::Taken`].
    Done {
        /// Which.
        lease: u64,
        /// Its code; none when it was killed.
        code: Option<i32>,
        /// How long it took.
        took_ms: u64,
    },
    /// Told [`Told::Dropped`] when the lease is no longer this worker's, and nothing otherwise.
    Watch {
        /// Which.
        lease: u64,
    },
}

/// How large files are, by their names.
pub type Sizes = std::collections::BTreeMap<String, u64>;

/// What may be the file of a test that is called so, the likeliest last: `a.py::b` and `a.rb[1:2]` name theirs.
pub fn files_of(test: &str) -> impl Iterator<Item = &str> {
    let before = |part: Option<(&'_ str, &'_ str)>| part.map(|(file, _)| file.len());
    let ends = [before(test.rsplit_once('[')), before(test.split_once("::")), Some(test.len())];
    ends.into_iter().flatten().filter_map(|end| test.get(..end)).filter(|file| !file.is_empty())
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// JUnit.
    Junit,
    /// An [`Happened`] a line.
    Events,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case", deny_unknown_fields)]
pub enum Told {
    /// What is to be done.
    Work(Work),
    /// The list is taken.
    Noted,
    /// Tests to run, in this order.
    Batch {
        /// Its number.
        lease: u64,
        /// Their ids.
        tests: Vec<String>,
    },
    /// There is nothing more to do.
    Over {
        /// Whether that is green.
        passed: bool,
        /// The sum and the reasons.
        text: String,
    },
    /// There is nothing more to do here, while others go on: the runner is given back.
    Yield,
    /// A file was read.
    Read {
        /// Results of tests of the batch that were in it.
        results: usize,
        /// Results of other tests.
        others: usize,
        /// What is wrong with it.
        remarks: Vec<String>,
    },
    /// The results of a batch are durable.
    Taken {
        /// So many count.
        counted: usize,
        /// Tests of the batch without a result.
        missing: usize,
        /// Tests of it that failed.
        failed: usize,
    },
    /// The lease is no longer this worker's.
    Dropped,
    /// That cannot be taken.
    Refused {
        /// Why.
        why: String,
    },
}

/// What a worker does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// What is known of the test runner.
    pub preset: Preset,
    /// Prints the tests.
    pub discover: String,
    /// Runs tests.
    pub run: String,
    /// Whether that is started for each batch.
    pub mode: Mode,
    /// What both are given to: a shell and its arguments.
    pub shell: Vec<String>,
    /// A file that `run` leaves.
    pub junit: Option<String>,
    /// How often each batch is run; 0 is once.
    #[serde(default)]
    pub times: u32,
}

/// A line of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// The test that began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The test that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<super::SplitOutcome>,
    /// How long it took.
    #[serde(default)]
    pub ms: f64,
}
