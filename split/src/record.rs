//! Durable facts of a split: all that its state is made of. Replaying them gives the same state.
//!
//! The records of one event are written in one transaction, in their order, before its answer is sent.

use crate::ledger::Verdict;
use crate::manifest::{AtomNo, Differences};
use serde::{Deserialize, Serialize};
use sidings_proto::{RequestId, Timestamp};

/// Somebody who runs tests of the job: an attempt's place, numbered by the caller, the same in all it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub u64);

/// A lease's number, from 1, never used again: the fence of every result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseNo(pub u64);

/// What a worker says came of an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtomResult {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub ms: u64,
}

/// How an atom ended, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold, or could not be carried out.
    Failed,
    /// It was left out, and its runner says so.
    Skipped,
}

/// How a batch's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// Its container was seen to die.
    Died,
}

/// Why a worker is no longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// It left in order.
    Left,
    /// It was asked to give its runner back, and did.
    Yielded,
    /// It fell silent, or its machine is known to be lost. It may come back.
    Lost,
    /// It failed whatever it was given. It gets nothing more.
    Sick,
}

/// Where an atom goes that comes back without a result, or is to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// Among the others, as if nothing had been.
    Pool,
    /// Soon, by somebody else: it failed.
    Retry,
    /// By itself: it ran when a worker died.
    Alone,
    /// With those of the same number and nobody else: one of them may have ended its worker.
    Part(u64),
}

/// A durable fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// A worker is there, again or for the first time.
    WorkerJoined {
        /// Which.
        worker: WorkerId,
        /// How fast it is, in thousandths of a usual one.
        speed: u32,
        /// When.
        at: Timestamp,
    },
    /// A worker gets nothing more, unless it joins again.
    WorkerGone {
        /// Which.
        worker: WorkerId,
        /// Why.
        why: Gone,
        /// When.
        at: Timestamp,
    },
    /// A worker failed without any result.
    WorkerStruck {
        /// Which.
        worker: WorkerId,
    },
    /// Atoms were handed out.
    Leased {
        /// The fence of their results.
        lease: LeaseNo,
        /// To whom.
        worker: WorkerId,
        /// For which request.
        request: RequestId,
        /// Which, in the order they are to run.
        atoms: Vec<AtomNo>,
        /// When.
        at: Timestamp,
    },
    /// An atom was begun.
    Started {
        /// Under which lease.
        lease: LeaseNo,
        /// Which.
        atom: AtomNo,
        /// When.
        at: Timestamp,
    },
    /// A result counts.
    Counted {
        /// Under which lease.
        lease: LeaseNo,
        /// Of which atom.
        atom: AtomNo,
        /// What came of it.
        result: AtomResult,
        /// When.
        at: Timestamp,
    },
    /// A result came when the atom was no longer its worker's: evidence, never counted.
    Stale {
        /// Under which lease.
        lease: LeaseNo,
        /// Of which atom.
        atom: AtomNo,
        /// What came of it.
        result: AtomResult,
        /// When.
        at: Timestamp,
    },
    /// A batch's process ended.
    Ended {
        /// Which.
        lease: LeaseNo,
        /// How.
        exit: Exit,
        /// What starting it cost, where that was measured.
        boot_ms: Option<u64>,
        /// When.
        at: Timestamp,
    },
    /// An atom is no longer anybody's.
    Returned {
        /// Which.
        atom: AtomNo,
        /// Where to.
        to: Back,
        /// It counts as an observed death of its worker.
        blamed: bool,
    },
    /// An atom's one verdict.
    Settled {
        /// Which.
        atom: AtomNo,
        /// What.
        verdict: Verdict,
        /// When.
        at: Timestamp,
    },
    /// A worker discovered other tests. All that has no verdict gets it now: it did not run.
    Mismatched {
        /// Who.
        worker: WorkerId,
        /// How the lists differ.
        differences: Differences,
        /// When.
        at: Timestamp,
    },
    /// Nobody will run what is left. All that has no verdict gets it now.
    GivenUp {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Every atom has its verdict.
    Closed {
        /// When.
        at: Timestamp,
    },
}
