//! Split jobs, the same from every store.

use super::*;
use crate::store::splits::{EndedTest, Past, Ran, SplitKey, SplitSetup, TestPast};
use sidings_proto::split::SplitSum;
use sidings_proto::tested::TEST_ATTEMPTS_KEPT;
use sidings_proto::{TestCase, TestOutcome};
use sidings_split::manifest::Atom;
use sidings_split::{AtomNo, Record as SplitRecord, WorkerId};

fn key(run: u8, suite: &str) -> SplitKey {
    SplitKey { run: run_id(run), suite: suite.to_owned() }
}

fn setup(ids: &[&str]) -> SplitSetup {
    let atoms = ids.iter().map(|id| Atom { id: (*id).to_owned(), file_bytes: Some(7) });
    let passed_ms = ids.iter().map(|id| ((*id).to_owned(), vec![5, 6])).collect();
    SplitSetup { workers: 2, atoms: atoms.collect(), passed_ms, failed_last: vec![AtomNo(1)], ..SplitSetup::default() }
}

fn joined(worker: u64) -> SplitRecord {
    SplitRecord::WorkerJoined { worker: WorkerId(worker), speed: 1000, at: Timestamp(worker as i64) }
}

fn sum(suite: &str) -> SplitSum {
    SplitSum { suite: suite.to_owned(), total: 2, passed: Some(true), ..SplitSum::default() }
}

fn ended(name: &str, outcome: TestOutcome, ran: Option<Ran>) -> EndedTest {
    let took_ms = ran.and_then(|ran| match ran {
        Ran::Passed(ms) => Some(ms),
        Ran::Failed => None,
    });
    let case = TestCase { name: name.to_owned(), outcome, took_ms, ..TestCase::default() };
    EndedTest { case, ran }
}

#[tokio::test]
async fn a_split_is_read_as_it_was_written_and_writing_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        store.commit(&[record(Step { what: 0, run: 0, job: 0, fence: 0, value: 0 })]).await.unwrap();
        let unit = key(0, "unit");
        assert_eq!(store.split(&unit).await.unwrap(), None);
        store.add_split(&unit, "one", &setup(&["a", "b\n'\""])).await.unwrap();
        store.add_split(&unit, "one", &setup(&["other"])).await.unwrap();
        store.add_split(&key(0, "web"), "one", &setup(&["c"])).await.unwrap();
        for _ in 0..2 {
            store.put_split(&unit, 0, &[joined(1), joined(2)]).await.unwrap();
            store.put_split(&unit, 1, &[joined(3)]).await.unwrap();
        }
        let read = store.split(&unit).await.unwrap().unwrap();
        assert_eq!((read.project.as_str(), &read.setup), ("one", &setup(&["a", "b\n'\""])));
        assert_eq!(read.rows, [vec![joined(1), joined(2)], vec![joined(3)]]);
        assert_eq!(store.open_splits().await.unwrap(), [unit.clone(), key(0, "web")]);
        let of_run = [("unit".to_owned(), None), ("web".to_owned(), None)];
        assert_eq!(store.split_sums(run_id(0)).await.unwrap(), of_run);
        assert_eq!(store.split_sums(run_id(1)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn the_past_of_a_suites_tests_grows_once_with_each_split_that_is_over() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        let past = async |suite| store.split_past("one", suite).await.unwrap();
        for run in 0..2 {
            store.commit(&[record(Step { what: 0, run, job: 0, fence: 0, value: 0 })]).await.unwrap();
            let unit = key(run, "unit");
            store.add_split(&unit, "one", &setup(&["a", "b"])).await.unwrap();
            let passed = ended("a", TestOutcome::Passed, Some(Ran::Passed(10 + u64::from(run))));
            let tests =
                [passed, ended("b", TestOutcome::Failed, Some(Ran::Failed)), ended("c", TestOutcome::Skipped, None)];
            for _ in 0..2 {
                store.end_split(&unit, &sum("unit"), &tests, Timestamp(5)).await.unwrap();
            }
            assert_eq!(store.split_sums(run_id(run)).await.unwrap(), [("unit".to_owned(), Some(sum("unit")))]);
        }
        let known = Past::from([
            ("a".to_owned(), TestPast { passed_ms: vec![10, 11], failed: false }),
            ("b".to_owned(), TestPast { passed_ms: Vec::new(), failed: true }),
        ]);
        assert_eq!(past("unit").await, known);
        assert_eq!(past("web").await, Past::new());
        let unmeasured = key(2, "unit");
        store.commit(&[record(Step { what: 0, run: 2, job: 0, fence: 0, value: 0 })]).await.unwrap();
        store.add_split(&unmeasured, "two", &setup(&["a"])).await.unwrap();
        store.end_split(&unmeasured, &sum("unit"), &[], Timestamp(6)).await.unwrap();
        for (project, boot) in [("one", None), ("two", None), ("three", None)] {
            assert_eq!(store.split_boot(project, "unit").await.unwrap(), boot);
        }
        let measured = key(3, "unit");
        store.commit(&[record(Step { what: 0, run: 3, job: 0, fence: 0, value: 0 })]).await.unwrap();
        store.add_split(&measured, "one", &setup(&["a"])).await.unwrap();
        assert_eq!(store.split_boot("one", "unit").await.unwrap(), None, "it is not over");
        let with_boot = SplitSum { boot_ms: Some(700), ..sum("unit") };
        store.end_split(&measured, &with_boot, &[], Timestamp(7)).await.unwrap();
        assert_eq!(store.split_boot("one", "unit").await.unwrap(), Some(700));
        assert_eq!(store.split_boot("two", "unit").await.unwrap(), None, "another's");
        assert_eq!(store.open_splits().await.unwrap(), []);
    }
}

#[tokio::test]
async fn how_a_split_came_to_its_end_is_forgotten_and_what_it_came_to_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        store.commit(&[record(Step { what: 0, run: 0, job: 0, fence: 0, value: 0 })]).await.unwrap();
        let (over, open) = (key(0, "over"), key(0, "open"));
        for split in [&over, &open] {
            store.add_split(split, "one", &setup(&["a"])).await.unwrap();
            store.put_split(split, 0, &[joined(1)]).await.unwrap();
        }
        let tests = [ended("a", TestOutcome::Passed, Some(Ran::Passed(10)))];
        store.end_split(&over, &sum("over"), &tests, Timestamp(5)).await.unwrap();
        let of_run = Timestamp((run_id(0).0.as_u128() >> 80) as i64);
        assert_eq!(store.forget_splits(of_run).await.unwrap(), 0, "it is not that old");
        assert_eq!(store.split(&over).await.unwrap().unwrap().rows.len(), 1);
        let later = Timestamp(of_run.0 + 1);
        assert_eq!(store.forget_splits(later).await.unwrap(), 1);
        assert_eq!(store.forget_splits(later).await.unwrap(), 0, "once");
        let left = store.split(&over).await.unwrap().unwrap();
        assert_eq!((left.rows, left.setup, left.sum), (Vec::new(), SplitSetup::default(), Some(sum("over"))));
        assert_eq!(store.split(&open).await.unwrap().unwrap().rows.len(), 1, "it goes on");
        assert_eq!(store.split_past("one", "over").await.unwrap()["a"].passed_ms, [10]);
    }
}

/// What is known of a test, in words.
async fn history(store: &dyn Store, project: &str, named: (Option<&str>, &str), limit: usize) -> Vec<String> {
    let found = store.test_history(project, named, limit).await.unwrap();
    let told = found.iter().map(|series| {
        let took = |ms: Option<u64>| ms.map(|ms| format!(" {ms}ms")).unwrap_or_default();
        let past = series
            .past
            .iter()
            .map(|past| format!(" #{} {}{} at {}", past.number, past.outcome.as_str(), took(past.took_ms), past.at.0));
        format!("{} {}::{}{}", series.job, series.suite, series.name, past.collect::<String>())
    });
    told.collect()
}

#[tokio::test]
async fn a_test_that_was_split_is_followed_from_run_to_run() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        for run in 1..4 {
            store.commit(&[record(Step { what: 0, run, job: 0, fence: 0, value: 0 })]).await.unwrap();
            for suite in ["unit", "web"] {
                store.add_split(&key(run, suite), "two", &setup(&["t.py::a", "b"])).await.unwrap();
            }
        }
        let at = |run: u8| Timestamp(i64::from(run));
        for run in [3, 1] {
            let passed = ended("t.py::a", TestOutcome::Passed, Some(Ran::Passed(u64::from(run))));
            let tests = [passed, ended("b", TestOutcome::Errored, Some(Ran::Failed))];
            store.end_split(&key(run, "unit"), &sum("unit"), &tests, at(run)).await.unwrap();
        }
        store.end_split(&key(2, "web"), &sum("web"), &[ended("b", TestOutcome::Skipped, None)], at(2)).await.unwrap();

        let of_a = ["unit ::t.py::a #4 passed 3ms at 3 #2 passed 1ms at 1"];
        assert_eq!(history(&*store, "two", (None, "t.py::a"), 9).await, of_a);
        assert_eq!(history(&*store, "two", (Some("t.py"), "a"), 9).await, [""; 0], "it has no suite");
        assert_eq!(history(&*store, "one", (None, "t.py::a"), 9).await, [""; 0]);
        let of_b = ["unit ::b #4 errored at 3 #2 errored at 1", "web ::b #3 skipped at 2"];
        assert_eq!(history(&*store, "two", (None, "b"), 9).await, of_b);
        assert_eq!(
            history(&*store, "two", (None, "b"), 1).await,
            ["unit ::b #4 errored at 3", "web ::b #3 skipped at 2"]
        );
    }
}

#[tokio::test]
async fn of_a_suite_the_results_of_the_newest_runs_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        let last = u8::try_from(TEST_ATTEMPTS_KEPT).unwrap() + 2;
        for run in 1..=last {
            store.commit(&[record(Step { what: 0, run, job: 0, fence: 0, value: 0 })]).await.unwrap();
            let unit = key(run, "unit");
            store.add_split(&unit, "two", &setup(&["a"])).await.unwrap();
            let name = if run == 1 { "gone" } else { "stays" };
            let tests = [ended(name, TestOutcome::Passed, Some(Ran::Passed(1)))];
            store.end_split(&unit, &sum("unit"), &tests, Timestamp(1)).await.unwrap();
        }
        assert_eq!(store.test_history("two", (None, "gone"), 9).await.unwrap(), []);
        let stays = store.test_history("two", (None, "stays"), 200).await.unwrap();
        let numbers: Vec<u64> = stays[0].past.iter().map(|past| past.number).collect();
        let newest: Vec<u64> = (4..=u64::from(last) + 1).rev().collect();
        assert_eq!(numbers, newest);
    }
}
