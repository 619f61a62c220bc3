//! How something is, told three times: by a sign, a word and a colour, so that none of them is needed.

use sidings_proto::Verdict;
use sidings_proto::api::State;

/// A state as a page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// What people have to look at comes first.
    rank: u8,
    pub(super) sign: &'static str,
    pub(super) word: &'static str,
}

impl Mark {
    /// Of nothing.
    pub(super) const NONE: Mark = Mark { rank: 9, sign: "·", word: "none" };

    /// Of what differs between two things.
    pub(super) const fn of_change(sign: &'static str, word: &'static str) -> Mark {
        Mark { rank: 8, sign, word }
    }

    /// Of a test; the least rank comes first.
    pub(super) fn of_test(rank: u8, sign: &'static str, word: &'static str) -> Mark {
        Mark { rank, sign, word }
    }

    /// Of a runner.
    pub(super) fn of_runner(sign: &'static str, word: &'static str) -> Mark {
        Mark { rank: 8, sign, word }
    }
}

/// The one that people have to look at first.
pub(super) fn worst(marks: impl Iterator<Item = Mark>) -> Option<Mark> {
    marks.min()
}

/// Of a run, a job or a step.
pub(super) fn mark(state: State, verdict: Option<&Verdict>) -> Mark {
    match (verdict, state) {
        (Some(Verdict::Passed), _) => Mark { rank: 6, sign: "✓", word: "passed" },
        (Some(Verdict::Failed(_)), _) => Mark { rank: 0, sign: "✗", word: "failed" },
        (Some(Verdict::Cancelled), _) => Mark { rank: 5, sign: "■", word: "cancelled" },
        (Some(Verdict::Skipped { .. }), _) => Mark { rank: 7, sign: "–", word: "skipped" },
        (None, State::Running) => Mark { rank: 2, sign: "●", word: "running" },
        (None, State::Queued) => Mark { rank: 3, sign: "◌", word: "queued" },
        (None, State::Waiting) => Mark { rank: 4, sign: "○", word: "waiting" },
        (None, State::Ended) => Mark { rank: 1, sign: "?", word: "lost" },
    }
}
