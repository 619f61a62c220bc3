//! The atoms that nobody has: most in one order, longest first, and those apart that may not run with everybody.

use crate::estimate::Estimates;
use crate::manifest::AtomNo;
use crate::record::Back;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Where an atom stands among the others: what failed last goes first, then the longest.
type Turn = (bool, Reverse<u64>, AtomNo);

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pool {
    open: BTreeSet<Turn>,
    pub(super) retries: BTreeSet<AtomNo>,
    pub(super) alone: BTreeSet<AtomNo>,
    pub(super) parts: BTreeMap<u64, BTreeSet<AtomNo>>,
    work_ms: u64,
}

impl Pool {
    /// Work that nobody has, at p50.
    pub(super) fn work_ms(&self) -> u64 {
        self.work_ms
    }

    pub(super) fn insert(&mut self, atom: AtomNo, to: Back, early: bool, estimates: &Estimates) {
        let estimate = estimates.of(atom);
        let is_new = match to {
            Back::Pool => self.open.insert((!early, Reverse(estimate.p90_ms), atom)),
            Back::Retry => self.retries.insert(atom),
            Back::Alone => self.alone.insert(atom),
            Back::Part(number) => self.parts.entry(number).or_default().insert(atom),
        };
        if is_new {
            self.work_ms += estimate.p50_ms;
        }
    }

    pub(super) fn remove(&mut self, atom: AtomNo, from: Back, early: bool, estimates: &Estimates) {
        let estimate = estimates.of(atom);
        let was_there = match from {
            Back::Pool => self.open.remove(&(!early, Reverse(estimate.p90_ms), atom)),
            Back::Retry => self.retries.remove(&atom),
            Back::Alone => self.alone.remove(&atom),
            Back::Part(number) => self.remove_of_part(number, atom),
        };
        if was_there {
            self.work_ms -= estimate.p50_ms;
        }
    }

    fn remove_of_part(&mut self, number: u64, atom: AtomNo) -> bool {
        let Some(part) = self.parts.get_mut(&number) else { return false };
        let was_there = part.remove(&atom);
        if part.is_empty() {
            self.parts.remove(&number);
        }
        was_there
    }

    /// The atoms for about so much work: the longest whatever it takes, then each time the longest that still fits.
    pub(super) fn choose(&self, target_ms: u64, estimates: &Estimates) -> Vec<AtomNo> {
        let mut chosen = Vec::new();
        let mut room = target_ms;
        let Some(first) = self.open.first() else { return chosen };
        let mut next = Some(*first);
        while let Some(turn) = next {
            chosen.push(turn.2);
            room = room.saturating_sub(estimates.of(turn.2).p50_ms);
            next = self.next_that_fits(turn, room);
        }
        chosen
    }

    /// By its p90, so that a batch is not over-full when it is unlucky.
    fn next_that_fits(&self, after: Turn, room: u64) -> Option<Turn> {
        let fits = (after.0, Reverse(room), AtomNo(0));
        let from = if after < fits { self.open.range(fits..).next() } else { beyond(&self.open, after) };
        from.copied().filter(|turn| turn.1.0 <= room).or_else(|| {
            let others = (true, Reverse(room), AtomNo(0));
            if after < others { self.open.range(others..).next().copied() } else { None }
        })
    }
}

fn beyond(open: &BTreeSet<Turn>, after: Turn) -> Option<&Turn> {
    use std::ops::Bound::{Excluded, Unbounded};
    open.range((Excluded(after), Unbounded)).next()
}
