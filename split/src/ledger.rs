//! One verdict for every test, what they come to, and why a job is red.

use crate::manifest::{Differences, NAMED_MAX, short};
use crate::record::LeaseNo;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What finally came of an atom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    /// It passed, the first time.
    Passed,
    /// It failed and then passed, the same commit in the same image.
    Flaky,
    /// It failed, and was not to be tried again or failed again.
    Failed,
    /// Its runner left it out and said so.
    Skipped,
    /// It went wrong, and somebody has said that this does not gate.
    Quarantined {
        /// What it would have been.
        instead_of: Box<Verdict>,
    },
    /// It ended its container, twice, the second time alone.
    Crashed,
    /// It was still at it when its time was over.
    TimedOut,
    /// Nobody ran it to an end.
    NotRun {
        /// Why.
        why: String,
    },
}

/// A verdict's name, without what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// See [`Verdict::Passed`].
    Passed,
    /// See [`Verdict::Flaky`].
    Flaky,
    /// See [`Verdict::Failed`].
    Failed,
    /// See [`Verdict::Skipped`].
    Skipped,
    /// See [`Verdict::Quarantined`].
    Quarantined,
    /// See [`Verdict::Crashed`].
    Crashed,
    /// See [`Verdict::TimedOut`].
    TimedOut,
    /// See [`Verdict::NotRun`].
    NotRun,
}

impl Verdict {
    /// It ran, and that is why its job would be red.
    pub fn went_wrong(&self) -> bool {
        matches!(self, Verdict::Failed | Verdict::Crashed | Verdict::TimedOut)
    }

    /// Its name.
    pub fn kind(&self) -> Kind {
        match self {
            Verdict::Passed => Kind::Passed,
            Verdict::Flaky => Kind::Flaky,
            Verdict::Failed => Kind::Failed,
            Verdict::Skipped => Kind::Skipped,
            Verdict::Quarantined { .. } => Kind::Quarantined,
            Verdict::Crashed => Kind::Crashed,
            Verdict::TimedOut => Kind::TimedOut,
            Verdict::NotRun { .. } => Kind::NotRun,
        }
    }
}

impl Kind {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Passed => "passed",
            Kind::Flaky => "flaky",
            Kind::Failed => "failed",
            Kind::Skipped => "skipped",
            Kind::Quarantined => "quarantined",
            Kind::Crashed => "crashed",
            Kind::TimedOut => "timed out",
            Kind::NotRun => "not run",
        }
    }
}

/// What the atoms come to. Closed when `settled` is `total`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Atoms of the manifest.
    pub total: usize,
    /// Those with a verdict.
    pub settled: usize,
    /// How many have each verdict; none is 0.
    pub counts: BTreeMap<Kind, usize>,
    /// Atoms of which one result counts.
    pub ran_once: usize,
    /// Atoms of which several results count: they were tried again.
    pub ran_again: usize,
}

impl Ledger {
    /// Nothing is without a verdict.
    pub fn is_closed(&self) -> bool {
        self.settled == self.total
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} ran once", grouped(self.ran_once), grouped(self.total))?;
        if self.ran_again > 0 {
            write!(f, ", {} again", grouped(self.ran_again))?;
        }
        for (kind, count) in self.counts.iter().filter(|(kind, _)| **kind != Kind::Passed) {
            write!(f, ", {} {}", grouped(*count), kind.word())?;
        }
        match self.total - self.settled {
            0 => Ok(()),
            left => write!(f, ", {} left", grouped(left)),
        }
    }
}

/// 1000 as `1,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// How a closed split ends its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Every test ran to an end, and none that gates went wrong.
    Passed,
    /// For every reason there is, the gravest first.
    Red(Vec<Reason>),
}

/// Why a job is red.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Two workers discovered different tests.
    Mismatch(Differences),
    /// It was given up.
    GivenUp(String),
    /// Tests with a verdict that gates, by id.
    Tests(Kind, Vec<String>),
    /// Batches whose process ended with such a code, though none of their tests failed.
    Batches(Vec<(LeaseNo, i32)>),
}

impl Reason {
    /// The result is incomplete, whatever the tests that ran say: no reason of the user's tests.
    pub fn is_incomplete(&self) -> bool {
        match self {
            Reason::Mismatch(_) | Reason::GivenUp(_) | Reason::Tests(Kind::NotRun, _) => true,
            Reason::Tests(..) | Reason::Batches(_) => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Mismatch(differences) => write!(f, "two workers discovered different tests: {differences}"),
            Reason::GivenUp(reason) => write!(f, "given up: {reason}"),
            Reason::Batches(batches) => {
                let (whose, theirs) = if batches.len() == 1 { ("batch", "its") } else { ("batches", "their") };
                write!(f, "{} {whose} went wrong though none of {theirs} tests failed:", grouped(batches.len()))?;
                let mut named = batches.iter().take(NAMED_MAX);
                named.try_for_each(|(lease, code)| write!(f, "\n  batch {} ended with {code}", lease.0))?;
                match batches.len().saturating_sub(NAMED_MAX) {
                    0 => Ok(()),
                    more => write!(f, "\n  and {} more", grouped(more)),
                }
            }
            Reason::Tests(kind, ids) => {
                write!(f, "{} {}:", grouped(ids.len()), kind.word())?;
                ids.iter().take(NAMED_MAX).try_for_each(|id| write!(f, "\n  {}", short(id)))?;
                match ids.len().saturating_sub(NAMED_MAX) {
                    0 => Ok(()),
                    more => write!(f, "\n  and {} more", grouped(more)),
                }
            }
        }
    }
}
