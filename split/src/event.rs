//! What happens to a split and what it wants done: the whole interface between its decisions and the deeds of others.
//!
//! Every event may come twice, late, or from somebody who was thought dead: then it changes nothing.

use crate::manifest::{AtomNo, Manifest};
use crate::record::{AtomResult, Exit, LeaseNo, Record, WorkerId};
use sidings_proto::{RequestId, Timestamp};
use std::collections::BTreeSet;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker was promised, or is there. Sent before it is set up, so that the first one does not take the share of
    /// those that are on their way.
    Joined {
        /// Who.
        worker: WorkerId,
        /// How fast it is, in thousandths of a usual one.
        speed: u32,
    },
    /// A worker discovered tests as well. Answered by [`Answer::Noted`] or, when they are others, [`Answer::Over`].
    Listed {
        /// Who.
        worker: WorkerId,
        /// Its list.
        manifest: Manifest,
    },
    /// A worker is alive and says which leases it works on. Answered by [`Answer::Orders`].
    Beat {
        /// Who.
        worker: WorkerId,
        /// What it has.
        holds: Vec<LeaseNo>,
    },
    /// A worker wants tests. The same request gets the same lease.
    Pulled {
        /// Who.
        worker: WorkerId,
        /// Which request; for each lease a new one.
        request: RequestId,
    },
    /// A worker of a stream began an atom.
    Started {
        /// Who.
        worker: WorkerId,
        /// Under which lease.
        lease: LeaseNo,
        /// Which.
        atom: AtomNo,
    },
    /// Results, and perhaps the end of the process that made them. Answered by [`Answer::Taken`].
    Reported {
        /// Who.
        worker: WorkerId,
        /// Under which lease.
        lease: LeaseNo,
        /// Of which atoms.
        results: Vec<(AtomNo, AtomResult)>,
        /// Nothing more comes under this lease.
        end: Option<End>,
    },
    /// A worker leaves in order; what it has goes back.
    Left {
        /// Who.
        worker: WorkerId,
    },
    /// A worker's machine is known to be lost.
    Lost {
        /// Who.
        worker: WorkerId,
    },
    /// Somebody else needs a runner: the next worker that is between two batches gives its own back.
    YieldAsked,
    /// Whether others wait for runners of this pool; batches are kept short then.
    Contended(bool),
    /// The caller will not bring what is left to an end.
    GiveUp {
        /// Why.
        reason: String,
    },
    /// Time passed: sent when [`next_wakeup`](crate::Split::next_wakeup) is due.
    Tick,
}

/// The end of a batch's process, or of a stream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub exit: Exit,
    /// What it took beyond the tests, where that was measured.
    pub boot_ms: Option<u64>,
}

/// What came of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "what is not carried out is lost"]
pub struct Effects {
    /// To be made durable, in one transaction and before anything else.
    pub saves: Vec<Record>,
    /// What the sender is told.
    pub answer: Answer,
    /// Workers that were told to wait and should pull again now. A hint: they pull again by themselves as well.
    pub wake: BTreeSet<WorkerId>,
}

/// What the sender of an event is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// It is known now.
    #[default]
    Noted,
    /// Atoms to run, in this order.
    Leased(Lease),
    /// Nothing for you now; there may be something later.
    Wait,
    /// Give the runner back: somebody else needs it.
    Yield,
    /// There is nothing more to do, for this worker or at all.
    Over,
    /// What a beat's sender is to drop: these leases are no longer its own, and their process is to end.
    Orders {
        /// Which.
        drop: Vec<LeaseNo>,
    },
    /// What became of the results. All of them are durable, and none is to be sent again.
    Taken {
        /// So many count.
        counted: usize,
        /// So many were counted before.
        already: usize,
        /// So many came too late: evidence.
        stale: usize,
        /// So many were never this worker's under this lease: forgotten.
        foreign: usize,
    },
    /// This worker is not known, or was thought dead: join again.
    JoinAgain,
}

/// A worker's right to some atoms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its number.
    pub number: LeaseNo,
    /// What to run, in this order. Those of them that came to an end before are left out.
    pub atoms: Vec<AtomNo>,
    /// It is lost when the worker is not heard of until then; every sign of life renews it.
    pub expires: Timestamp,
}
