//! Single tests, the same from every store.

use super::*;
use crate::store::tested::{CaseFilter, TestsOf};
use sidings_proto::runner::TestBatch;
use sidings_proto::tested::TEST_ATTEMPTS_KEPT;
use sidings_proto::{TestCase, TestOutcome, TestReport};

const ALL: CaseFilter = CaseFilter { bad_only: false, slowest_first: false, limit: 100 };

fn case(suite: &str, name: &str, outcome: TestOutcome, took_ms: Option<u64>) -> TestCase {
    let (suite, name) = (suite.to_owned(), name.to_owned());
    TestCase { suite, name, outcome, took_ms, message: format!("it {}", outcome.as_str()), ..TestCase::default() }
}

fn of(run: u8, job: u8, fence: u64) -> TestsOf {
    let project = if run == 0 { "one" } else { "two" };
    let attempt = AttemptId { job: job_id(run, job), fence };
    TestsOf { attempt, project: project.to_owned(), job: "a".to_owned() }
}

fn report() -> TestReport {
    TestReport { path: "report.xml".to_owned(), ..TestReport::default() }
}

fn last(first: u32, cases: Vec<TestCase>) -> TestBatch {
    TestBatch { first, cases, reports: Some(vec![report()]) }
}

/// Takes a run to where its first job is out with a runner.
async fn out(store: &dyn Store, run: u8) {
    let records: Vec<_> =
        [(0, 0), (2, 1)].map(|(what, fence)| record(Step { what, run, job: 0, fence, value: 0 })).into();
    store.commit(&records).await.unwrap();
}

/// Ends that attempt with what its runner said of it; `value` is odd for one that was lost.
async fn ended(store: &dyn Store, run: u8, value: u8) {
    store.commit(&[record(Step { what: 4, run, job: 0, fence: 1, value })]).await.unwrap();
}

async fn outcome(store: &dyn Store, run: u8) {
    store.commit(&[record(Step { what: 5, run, job: 0, fence: 1, value: 0 })]).await.unwrap();
}

fn names(cases: &[TestCase]) -> Vec<&str> {
    cases.iter().map(|case| case.name.as_str()).collect()
}

#[tokio::test]
async fn tests_count_once_all_were_told_and_the_attempts_end_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        out(&*store, 0).await;
        let cases = [
            case("s", "slow", TestOutcome::Passed, Some(900)),
            case("s", "bad", TestOutcome::Failed, Some(5)),
            case("", "untimed", TestOutcome::Skipped, None),
            case("s", "wobbly", TestOutcome::Flaky, Some(20)),
            case("s", "worse", TestOutcome::Errored, None),
        ];
        let first = TestBatch { first: 0, cases: cases[..3].to_vec(), reports: None };
        for _ in 0..2 {
            store.put_tests(&of(0, 0, 1), &first, Timestamp(1)).await.unwrap();
        }
        ended(&*store, 0, 0).await;
        assert_eq!(store.test_reports(run_id(0)).await.unwrap(), [], "there was more to come");

        out(&*store, 1).await;
        store.put_tests(&of(1, 0, 1), &first, Timestamp(1)).await.unwrap();
        let changed = vec![TestCase { message: "changed".to_owned(), ..cases[2].clone() }];
        store
            .put_tests(&of(1, 0, 1), &TestBatch { first: 2, cases: changed, reports: None }, Timestamp(2))
            .await
            .unwrap();
        store.put_tests(&of(1, 0, 1), &last(3, cases[3..].to_vec()), Timestamp(3)).await.unwrap();
        assert_eq!(store.test_reports(run_id(1)).await.unwrap(), [], "its end is not known");
        ended(&*store, 1, 0).await;
        let attempt = of(1, 0, 1).attempt;
        assert_eq!(store.test_reports(run_id(1)).await.unwrap(), [(attempt, vec![report()])]);

        let all = store.test_cases(attempt, ALL).await.unwrap();
        assert_eq!(names(&all), ["bad", "worse", "wobbly", "slow", "untimed"]);
        assert_eq!((&all[4], &all[0]), (&cases[2], &cases[1]), "they are as they were told first");
        let slowest = store.test_cases(attempt, CaseFilter { slowest_first: true, limit: 2, ..ALL }).await.unwrap();
        assert_eq!(names(&slowest), ["slow", "wobbly"]);
        let bad = store.test_cases(attempt, CaseFilter { bad_only: true, ..ALL }).await.unwrap();
        assert_eq!(names(&bad), ["bad", "worse"]);
    }
}

#[tokio::test]
async fn tests_of_an_attempt_that_is_over_or_is_not_the_newest_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        out(&*store, 0).await;
        let batch = last(0, vec![case("s", "a", TestOutcome::Passed, None)]);
        let put = async |fence| match store.put_tests(&of(0, 0, fence), &batch, Timestamp(1)).await {
            Ok(()) => "written".to_owned(),
            Err(refused) => refused.to_string(),
        };
        let stale = |fence| format!("fence {fence} of job {} is stale", job_id(0, 0));
        assert_eq!(put(2).await, stale(2), "nobody was given it");
        store.commit(&[started(2, 1)]).await.unwrap();
        assert_eq!((put(1).await, put(2).await), (stale(1), "written".to_owned()));
        store.commit(&[record(Step { what: 4, run: 0, job: 0, fence: 2, value: 1 })]).await.unwrap();
        assert_eq!(put(2).await, stale(2), "it is over");
        assert_eq!(store.test_reports(run_id(0)).await.unwrap(), [], "its runner was lost");
        store.commit(&[started(3, 2)]).await.unwrap();
        outcome(&*store, 0).await;
        assert_eq!(put(3).await, stale(3), "the job has its outcome");
        let unknown = store.put_tests(&of(7, 0, 1), &batch, Timestamp(1)).await;
        assert!(matches!(unknown, Err(CommitError::Unknown(_))));
    }
}

#[tokio::test]
async fn a_test_is_followed_from_run_to_run() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        for (run, ending) in [(1, TestOutcome::Failed), (3, TestOutcome::Passed), (4, TestOutcome::Flaky)] {
            out(&*store, run).await;
            let cases = vec![case("s", "t", ending, Some(u64::from(run))), case("other", "t", ending, None)];
            store.put_tests(&of(run, 0, 1), &last(0, cases), Timestamp(1)).await.unwrap();
            ended(&*store, run, 0).await;
        }
        outcome(&*store, 1).await;
        outcome(&*store, 3).await;
        let history = async |project, named, limit| {
            let found = store.test_history(project, named, limit).await.unwrap();
            let past = |series: &sidings_proto::tested::TestSeries| {
                let past = series.past.iter().map(|past| format!(" {}:{}", past.number, past.outcome.as_str()));
                format!("{} {}::{}{}", series.job, series.suite, series.name, past.collect::<String>())
            };
            found.iter().map(past).collect::<Vec<_>>()
        };
        let both = ["a other::t 4:passed 2:failed", "a s::t 4:passed 2:failed"];
        assert_eq!(history("two", (None, "t"), 9).await, both, "a run without an outcome does not count yet");
        assert_eq!(history("two", (Some("s"), "t"), 1).await, ["a s::t 4:passed"]);
        assert_eq!(history("two", (Some("t"), "t"), 9).await, [""; 0]);
        assert_eq!(history("one", (None, "t"), 9).await, [""; 0]);
        let newest = store.test_history("two", (Some("s"), "t"), 1).await.unwrap().remove(0).past.remove(0);
        assert_eq!((newest.run, newest.at, newest.took_ms), (run_id(3), Timestamp(100), Some(3)));
        assert_eq!(newest.message, "it passed");
    }
}

#[tokio::test]
async fn the_newest_attempts_of_a_job_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        let runs = 3..3 + u8::try_from(TEST_ATTEMPTS_KEPT).unwrap() + 2;
        for run in runs.clone() {
            out(&*store, run).await;
            let name = if run == 3 { "gone" } else { "stays" };
            let batch = last(0, vec![case("s", name, TestOutcome::Passed, None)]);
            store.put_tests(&of(run, 0, 1), &batch, Timestamp(i64::from(run))).await.unwrap();
            ended(&*store, run, 0).await;
            outcome(&*store, run).await;
        }
        let mut kept = Vec::new();
        for run in runs.clone() {
            kept.push(!store.test_reports(run_id(run)).await.unwrap().is_empty());
        }
        assert_eq!(kept.iter().filter(|kept| **kept).count(), TEST_ATTEMPTS_KEPT as usize);
        assert_eq!(kept[..3], [false, false, true]);
        assert_eq!(store.test_cases(of(3, 0, 1).attempt, ALL).await.unwrap(), []);
        assert_eq!(store.test_history("two", (None, "gone"), 9).await.unwrap(), []);
        let stays = store.test_history("two", (None, "stays"), 200).await.unwrap();
        assert_eq!(stays[0].past.len(), TEST_ATTEMPTS_KEPT as usize);
    }
}
