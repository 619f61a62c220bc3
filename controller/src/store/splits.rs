//! What stores remember of split jobs, and how the one without a disk does.
//!
//! A split is what it is about and its records, in order; once it is over, also its sum. The rows of one event are
//! written in one transaction; writing the same again changes nothing.

use super::stored::StoredRun;
use super::tested::past;
use serde::{Deserialize, Serialize};
use sidings_proto::split::{SplitSum, Tests};
use sidings_proto::tested::{TEST_ATTEMPTS_KEPT, TestSeries};
use sidings_proto::{RunId, TestCase, Timestamp};
use sidings_split::estimate::RUNS_KEPT;
use sidings_split::manifest::Atom;
use sidings_split::{AtomNo, Record};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Which split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SplitKey {
    pub(crate) run: RunId,
    pub(crate) suite: String,
}

/// What a split is about; it stays the same in all its life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SplitSetup {
    /// What the job says.
    pub(crate) tests: Tests,
    /// How many workers there may be.
    pub(crate) workers: u32,
    /// The tests, in order.
    pub(crate) atoms: Vec<Atom>,
    /// How long their passing runs took, oldest first, of those that have any.
    pub(crate) passed_ms: BTreeMap<String, Vec<u64>>,
    /// Those that failed the last time.
    pub(crate) failed_last: Vec<AtomNo>,
    /// Tests of the whole list, of which only some may be asked for.
    #[serde(default)]
    pub(crate) listed: Option<u64>,
    /// What starting a batch cost in the run before, for those who ask how long it takes. Batches are not made by it:
    /// it is measured anew, as machines differ.
    #[serde(default)]
    pub(crate) boot_ms: Option<u64>,
}

/// A split as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredSplit {
    pub(crate) project: String,
    pub(crate) setup: SplitSetup,
    /// What each event had saved.
    pub(crate) rows: Vec<Vec<Record>>,
    /// What it came to, once it is over.
    pub(crate) sum: Option<SplitSum>,
}

/// What is known of a test of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestPast {
    /// How long its last passing runs took, oldest first.
    pub(crate) passed_ms: Vec<u64>,
    /// It failed the last time.
    pub(crate) failed: bool,
}

impl TestPast {
    /// With one more run.
    pub(crate) fn add(&mut self, ran: Ran) {
        self.failed = ran == Ran::Failed;
        if let Ran::Passed(ms) = ran {
            self.passed_ms.push(ms);
            let old = self.passed_ms.len().saturating_sub(RUNS_KEPT);
            self.passed_ms.drain(..old);
        }
    }
}

/// What came of a test in a run, for those who estimate the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It passed at once, in so many milliseconds.
    Passed(u64),
    /// It went wrong, once at least.
    Failed,
}

/// What became of a test of a split that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndedTest {
    /// Its name is what its runner calls it; it has no suite.
    pub(crate) case: TestCase,
    /// None of what says nothing about the next time.
    pub(crate) ran: Option<Ran>,
}

/// The past of a suite, by test.
pub(crate) type Past = BTreeMap<String, TestPast>;

/// The least id that a run of that time may have: they begin with the time, in milliseconds.
pub(crate) fn first_run_at(at: Timestamp) -> Uuid {
    let at = u128::try_from(at.0).unwrap_or(0);
    Uuid::from_u128(at << 80)
}

/// Splits in memory.
#[derive(Debug, Default)]
pub(crate) struct RememberedSplits {
    splits: BTreeMap<SplitKey, StoredSplit>,
    past: BTreeMap<(String, String), Past>,
    ended: BTreeMap<SplitKey, (Timestamp, Vec<TestCase>)>,
}

impl RememberedSplits {
    pub(crate) fn add(&mut self, key: &SplitKey, project: &str, setup: &SplitSetup) {
        let new = || StoredSplit { project: project.to_owned(), setup: setup.clone(), ..StoredSplit::default() };
        self.splits.entry(key.clone()).or_insert_with(new);
    }

    pub(crate) fn put(&mut self, key: &SplitKey, no: u64, records: &[Record]) {
        let rows = self.splits.get_mut(key).map(|split| &mut split.rows);
        if let Some(rows) = rows.filter(|rows| rows.len() as u64 == no) {
            rows.push(records.to_vec());
        }
    }

    pub(crate) fn end(&mut self, key: &SplitKey, sum: &SplitSum, tests: &[EndedTest], at: Timestamp) {
        let Some(split) = self.splits.get_mut(key).filter(|split| split.sum.is_none()) else { return };
        split.sum = Some(sum.clone());
        let project = split.project.clone();
        let past = self.past.entry((project.clone(), key.suite.clone())).or_default();
        for test in tests {
            test.ran.into_iter().for_each(|ran| past.entry(test.case.name.clone()).or_default().add(ran));
        }
        self.ended.insert(key.clone(), (at, tests.iter().map(|test| test.case.clone()).collect()));
        let of_suite = self.ended.keys().rev().filter(|known| known.suite == key.suite);
        let of_suite = of_suite.filter(|known| self.splits.get(known).is_some_and(|split| split.project == project));
        let old: Vec<SplitKey> = of_suite.skip(TEST_ATTEMPTS_KEPT as usize).cloned().collect();
        old.iter().for_each(|old| drop(self.ended.remove(old)));
    }

    /// What became of a test in splits of the newest runs of a project, `newest_first`.
    pub(crate) fn history<'r>(
        &self,
        newest_first: impl Iterator<Item = &'r StoredRun>,
        (suite, name): (Option<&str>, &str),
    ) -> Vec<TestSeries> {
        let mut series: BTreeMap<String, TestSeries> = BTreeMap::new();
        for run in newest_first {
            for (key, (at, cases)) in self.ended.iter().filter(|(key, _)| key.run == run.spec.id) {
                let meant =
                    cases.iter().find(|case| case.name == name && suite.is_none_or(|suite| case.suite == suite));
                let Some(case) = meant else { continue };
                let known = series.entry(key.suite.clone()).or_insert_with(|| TestSeries {
                    job: key.suite.clone(),
                    name: name.to_owned(),
                    ..TestSeries::default()
                });
                known.past.push(past(run, *at, case));
            }
        }
        series.into_values().collect()
    }

    pub(crate) fn forget(&mut self, before: Timestamp) -> u64 {
        let first = first_run_at(before);
        let over = self.splits.iter_mut().filter(|(key, split)| key.run.0 < first && split.sum.is_some());
        let over = over.filter(|(_, split)| !split.rows.is_empty());
        over.map(|(_, split)| (split.rows, split.setup) = Default::default()).count() as u64
    }

    pub(crate) fn get(&self, key: &SplitKey) -> Option<StoredSplit> {
        self.splits.get(key).cloned()
    }

    pub(crate) fn sums(&self, run: RunId) -> Vec<(String, Option<SplitSum>)> {
        let of_run = self.splits.iter().filter(|(key, _)| key.run == run);
        of_run.map(|(key, split)| (key.suite.clone(), split.sum.clone())).collect()
    }

    pub(crate) fn open(&self) -> Vec<SplitKey> {
        self.splits.iter().filter(|(_, split)| split.sum.is_none()).map(|(key, _)| key.clone()).collect()
    }

    pub(crate) fn boot(&self, project: &str, suite: &str) -> Option<u64> {
        let mut newest = self.splits.iter().rev();
        let is_of = |key: &SplitKey, split: &StoredSplit| key.suite == suite && split.project == project;
        newest.find_map(|(key, split)| split.sum.as_ref().filter(|_| is_of(key, split)))?.boot_ms
    }

    pub(crate) fn past(&self, project: &str, suite: &str) -> Past {
        self.past.get(&(project.to_owned(), suite.to_owned())).cloned().unwrap_or_default()
    }
}
