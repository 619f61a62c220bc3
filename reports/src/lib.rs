//! Reads reports of tests: a JUnit file of whatever tool -> its cases, their counts, and what is wrong with the file.
//!
//! There is no standard for these files, only habits, and a job may have put anything into one. Reading is a stream:
//! no file, however long, takes more memory than a few buffers; depth, names, texts and the number of cases are
//! bounded. Nothing is expanded (no document type, no entity of its own), nothing is fetched, and no input panics.
//! What cannot be understood is remarked on and counts for nothing; no remark is ever a verdict.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod attributes;
mod case;
mod counted;
mod duration;
mod junit;
mod tame;
mod text;
mod utf8;

#[cfg(test)]
mod tests;

pub use case::named;
pub use junit::read;

use sidings_proto::tested::TEST_CASES_MAX;
use sidings_proto::{TestCase, TestCounts};

/// What may still be kept of an attempt's reports; every file that is read takes from it.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Cases; those beyond are counted and not kept.
    pub cases: u64,
    /// Bytes of messages and outputs; beyond them a message is one short line.
    pub text: u64,
}

impl Default for Room {
    fn default() -> Self {
        Room { cases: TEST_CASES_MAX, text: 32 * 1024 * 1024 }
    }
}

/// What one file came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its cases, also those that were not kept.
    pub counts: TestCounts,
    /// What is wrong with it, as sentence fragments.
    pub remarks: Vec<String>,
}

/// Where kept cases go.
pub type Keep<'a> = &'a mut dyn FnMut(TestCase);
