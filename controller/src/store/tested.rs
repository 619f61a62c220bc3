//! What stores remember of single tests, and how the one without a disk does.
//!
//! Results come in batches from an attempt that is out with a runner, and count once its end was accepted: those of
//! the job's newest attempt, if it told of all of them. Of each job of a project the newest attempts are kept.

use super::CommitError;
use super::stored::StoredRun;
use sidings_proto::runner::TestBatch;
use sidings_proto::tested::{PastTest, TEST_ATTEMPTS_KEPT, TestSeries};
use sidings_proto::{AttemptId, JobId, TestCase, TestReport, Timestamp};
use std::collections::BTreeMap;

/// Whose tests they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestsOf {
    pub(crate) attempt: AttemptId,
    pub(crate) project: String,
    /// The job's name.
    pub(crate) job: String,
}

/// Which cases of an attempt are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaseFilter {
    pub(crate) bad_only: bool,
    /// Else the bad ones come first, then the flaky, then all others, each in the order of the report.
    pub(crate) slowest_first: bool,
    pub(crate) limit: usize,
}

impl CaseFilter {
    /// Those of some that stand in the order of their list.
    pub(crate) fn of<'c>(&self, cases: impl IntoIterator<Item = &'c TestCase>) -> Vec<&'c TestCase> {
        let mut some: Vec<&TestCase> =
            cases.into_iter().filter(|case| !self.bad_only || case.outcome.is_bad()).collect();
        if self.slowest_first {
            some.sort_by_key(|case| std::cmp::Reverse(case.took_ms));
        } else {
            some.sort_by_key(|case| case.outcome);
        }
        some.truncate(self.limit);
        some
    }
}

/// The suites and names that a text may mean: `suite::name`, or a name alone.
pub(crate) fn meanings(text: &str) -> Vec<(Option<&str>, &str)> {
    let parted = text.match_indices("::").map(|(at, _)| (Some(&text[..at]), &text[at + 2..]));
    std::iter::once((None, text)).chain(parted).filter(|(_, name)| !name.is_empty()).collect()
}

/// Those that reports told of, and those that were split, as one: of each test the newest, by job and suite.
pub(crate) fn united(reported: Vec<TestSeries>, split: Vec<TestSeries>, limit: usize) -> Vec<TestSeries> {
    let mut all: BTreeMap<(String, String), TestSeries> = BTreeMap::new();
    for TestSeries { job, suite, name, past } in reported.into_iter().chain(split) {
        let new = || TestSeries { job: job.clone(), suite: suite.clone(), name, past: Vec::new() };
        let known = all.entry((job.clone(), suite.clone())).or_insert_with(new);
        known.past.extend(past);
    }
    for series in all.values_mut() {
        // Of one run they keep their order.
        series.past.sort_by_key(|past| std::cmp::Reverse(past.run));
        series.past.truncate(limit);
    }
    all.into_values().filter(|series| !series.past.is_empty()).collect()
}

/// Tests in memory.
#[derive(Debug, Default)]
pub(crate) struct RememberedTests {
    attempts: BTreeMap<AttemptId, Told>,
}

#[derive(Debug)]
struct Told {
    of: TestsOf,
    at: Timestamp,
    reports: Option<Vec<TestReport>>,
    cases: BTreeMap<u32, TestCase>,
}

impl RememberedTests {
    /// Adds a batch; a case that is there already stays as it is. `run` is the job's.
    pub(crate) fn put(
        &mut self,
        run: Option<&StoredRun>,
        of: &TestsOf,
        batch: &TestBatch,
        at: Timestamp,
    ) -> Result<(), CommitError> {
        let AttemptId { job, fence } = of.attempt;
        let known = run.and_then(|run| run.jobs.get(run.place_of(job)?));
        let known = known.ok_or_else(|| CommitError::Unknown(format!("job {job}")))?;
        let out = known.out().is_some_and(|out| out.fence == fence) && known.outcome.is_none();
        if !out {
            return Err(CommitError::StaleFence(job, fence));
        }
        let new = || Told { of: of.clone(), at, reports: None, cases: BTreeMap::new() };
        let told = self.attempts.entry(of.attempt).or_insert_with(new);
        for (no, case) in (batch.first..).zip(&batch.cases) {
            told.cases.entry(no).or_insert_with(|| case.clone());
        }
        if told.reports.is_none() && batch.reports.is_some() {
            told.reports.clone_from(&batch.reports);
            self.forget(of);
        }
        Ok(())
    }

    fn forget(&mut self, of: &TestsOf) {
        let same = self.attempts.values().filter(|told| told.of.project == of.project && told.of.job == of.job);
        let mut kept: Vec<(Timestamp, JobId, u64)> =
            same.map(|told| (told.at, told.of.attempt.job, told.of.attempt.fence)).collect();
        kept.sort_unstable_by(|one, other| other.cmp(one));
        for (_, job, fence) in kept.into_iter().skip(TEST_ATTEMPTS_KEPT as usize) {
            self.attempts.remove(&AttemptId { job, fence });
        }
    }

    /// The reports of the attempts of a run that count, in the plan's order.
    pub(crate) fn reports(&self, run: &StoredRun) -> Vec<(AttemptId, Vec<TestReport>)> {
        let counted = run.job_ids().iter().zip(&run.jobs).filter_map(|(id, job)| {
            let last = job.attempts.last()?;
            let ended = last.ended.as_ref().is_some_and(|end| !end.steps.is_empty());
            let attempt = AttemptId { job: *id, fence: last.fence };
            Some((attempt, self.attempts.get(&attempt).filter(|_| ended)?.reports.clone()?))
        });
        counted.collect()
    }

    /// Cases of an attempt.
    pub(crate) fn cases(&self, attempt: AttemptId, filter: CaseFilter) -> Vec<TestCase> {
        let Some(told) = self.attempts.get(&attempt) else { return Vec::new() };
        filter.of(told.cases.values()).into_iter().cloned().collect()
    }

    /// What became of a test in the newest runs of a project, `newest_first`.
    pub(crate) fn history<'r>(
        &self,
        newest_first: impl Iterator<Item = &'r StoredRun>,
        (suite, name): (Option<&str>, &str),
    ) -> Vec<TestSeries> {
        let mut series: BTreeMap<(String, String), TestSeries> = BTreeMap::new();
        for run in newest_first {
            for (attempt, _) in self.reports(run) {
                let place = run.place_of(attempt.job);
                let outcome = place.and_then(|place| run.jobs[place].outcome.as_ref());
                let (Some(told), Some((at, _))) = (self.attempts.get(&attempt), outcome) else { continue };
                let is_meant = |case: &&TestCase| case.name == name && suite.is_none_or(|suite| case.suite == suite);
                for case in told.cases.values().filter(is_meant) {
                    let known = series.entry((told.of.job.clone(), case.suite.clone())).or_insert_with(|| TestSeries {
                        job: told.of.job.clone(),
                        suite: case.suite.clone(),
                        name: case.name.clone(),
                        past: Vec::new(),
                    });
                    known.past.push(past(run, *at, case));
                }
            }
        }
        series.into_values().collect()
    }
}

/// One case of a run.
pub(super) fn past(run: &StoredRun, at: Timestamp, case: &TestCase) -> PastTest {
    PastTest {
        run: run.spec.id,
        number: run.spec.number,
        at,
        outcome: case.outcome,
        took_ms: case.took_ms,
        message: case.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::meanings;

    #[test]
    fn a_name_may_have_its_suite_before_it() {
        assert_eq!(meanings("test_x"), [(None, "test_x")]);
        let all = [(None, "a::b::c"), (Some("a"), "b::c"), (Some("a::b"), "c")];
        assert_eq!(meanings("a::b::c"), all);
        assert_eq!(meanings("a::"), [(None, "a::")]);
    }
}
