//! Remembers the attempts that reported their end, so that a repeat is told "already" and not "stale".
//!
//! It forgets the oldest: a runner that repeats itself after that is told "stale", which makes it let go as well.

use sidings_proto::AttemptId;
use std::collections::{BTreeSet, VecDeque};

/// Repeats come within minutes; this many attempts end in more than that.
const REMEMBERED: usize = 16_384;

/// Attempts whose finish was accepted, the newest ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Finished {
    known: BTreeSet<AttemptId>,
    oldest_first: VecDeque<AttemptId>,
}

impl Finished {
    pub(super) fn remember(&mut self, attempt: AttemptId) {
        if !self.known.insert(attempt) {
            return;
        }
        self.oldest_first.push_back(attempt);
        if self.oldest_first.len() > REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, attempt: AttemptId) -> bool {
        self.known.contains(&attempt)
    }
}
