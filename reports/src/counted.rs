//! What a suite says it has, against what it has.

use sidings_proto::{TestCounts, TestOutcome};

/// The counts in a suite's attributes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(crate) tests: Option<u64>,
    pub(crate) failures: Option<u64>,
    pub(crate) errors: Option<u64>,
    /// The numbers are of something else than cases: Catch2 counts assertions.
    pub(crate) of_assertions: bool,
}

/// What was found in a suite: all of it, and what does not stand in a suite inside it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Has {
    pub(crate) all: TestCounts,
    pub(crate) own: TestCounts,
}

impl Has {
    pub(crate) fn add_own(&mut self, outcome: TestOutcome) {
        self.own.add(outcome);
        self.all.add(outcome);
    }
}

impl Said {
    /// How the two differ. Tools count the suites inside or do not, and those left out or not; they also mix failures
    /// with errors. None of that is a difference.
    pub(crate) fn differs(&self, has: &Has) -> Option<String> {
        if self.of_assertions {
            return None;
        }
        let tests = |said: &u64| [has.all, has.own].iter().all(|has| *said != has.total() && *said != ran(*has));
        if let Some(said) = self.tests.filter(tests) {
            return Some(format!("says {} and has {}", many(said, "test"), has.all.total()));
        }
        let said = self.failures.unwrap_or(0).checked_add(self.errors.unwrap_or(0))?;
        let bad = [has.all, has.own].iter().all(|has| said != has.bad());
        let says_so = self.failures.is_some() || self.errors.is_some();
        (says_so && bad).then(|| format!("says {} and has {}", many(said, "failure"), has.all.bad()))
    }
}

fn ran(counts: TestCounts) -> u64 {
    counts.total() - counts.skipped
}

fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
