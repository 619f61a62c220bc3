//! How long each test will take: from its last passing runs, else from what is known of the suite.
//!
//! A test that is not in the history counts as a slow one of the suite, so that it is not met last. A suite without
//! any history goes by the size of files; and where nobody looked at those, all tests are taken as equal.

use crate::manifest::{Atom, AtomNo, Manifest};
use std::collections::BTreeMap;

/// Passing runs that count, the newest ones.
pub const RUNS_KEPT: usize = 20;
/// What a test of a suite without history counts as, on average.
pub const GUESS_MS: u64 = 1_000;

/// How long one atom takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Half of the time it is done by then.
    pub p50_ms: u64,
    /// Nine times of ten it is done by then.
    pub p90_ms: u64,
    /// It was seen to pass before; otherwise these are guesses, and nothing may be ended because of them.
    pub seen: bool,
}

/// How long complete passing runs of each id took, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// In milliseconds, by id.
    pub passed_ms: BTreeMap<String, Vec<u64>>,
}

/// One for each atom of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimates {
    each: Vec<Estimate>,
    guessed: bool,
}

impl Estimates {
    /// What `history` says about these tests.
    pub fn new(manifest: &Manifest, history: &History) -> Estimates {
        let known: Vec<_> = manifest.atoms().iter().map(|atom| of_runs(history, &atom.id)).collect();
        let mut usual: Vec<u64> = known.iter().flatten().map(|estimate| estimate.p50_ms).collect();
        if usual.is_empty() {
            return Estimates { each: by_size(manifest.atoms()), guessed: true };
        }
        usual.sort_unstable();
        let slow = percentile(&usual, 90);
        let unknown = Estimate { p50_ms: slow, p90_ms: slow, seen: false };
        Estimates { each: known.into_iter().map(|found| found.unwrap_or(unknown)).collect(), guessed: false }
    }

    /// Of one atom. Never 0, so that work which is left is never nothing.
    pub fn of(&self, atom: AtomNo) -> Estimate {
        self.each.get(atom.index()).copied().unwrap_or(Estimate { p50_ms: GUESS_MS, p90_ms: GUESS_MS, seen: false })
    }

    /// All of them one after the other, at p50.
    pub fn work_ms(&self) -> u64 {
        self.each.iter().map(|estimate| estimate.p50_ms).sum()
    }

    /// No duration of this suite was ever seen: only the relations mean something.
    pub fn are_guesses(&self) -> bool {
        self.guessed
    }
}

fn of_runs(history: &History, id: &str) -> Option<Estimate> {
    let runs = history.passed_ms.get(id).filter(|runs| !runs.is_empty())?;
    let mut last: Vec<u64> = runs.iter().rev().take(RUNS_KEPT).copied().collect();
    last.sort_unstable();
    Some(Estimate { p50_ms: percentile(&last, 50).max(1), p90_ms: percentile(&last, 90).max(1), seen: true })
}

fn by_size(atoms: &[Atom]) -> Vec<Estimate> {
    let sizes: Vec<u64> = atoms.iter().filter_map(|atom| atom.file_bytes).collect();
    let mean = (sizes.iter().sum::<u64>() / (sizes.len() as u64).max(1)).max(1);
    let guess = |atom: &Atom| atom.file_bytes.map_or(GUESS_MS, |bytes| (bytes.saturating_mul(GUESS_MS) / mean).max(1));
    atoms.iter().map(guess).map(|guess| Estimate { p50_ms: guess, p90_ms: guess, seen: false }).collect()
}

/// The nearest rank of sorted values, of which there is at least one.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}
