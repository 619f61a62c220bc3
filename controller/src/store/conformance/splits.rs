//! Split jobs, the same from every store.

use super::*;
use crate::store::splits::{Past, Ran, SplitKey, SplitSetup, TestPast};
use sidings_proto::split::SplitSum;
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
            let ran = [("a".to_owned(), Ran::Passed(10 + u64::from(run))), ("b".to_owned(), Ran::Failed)];
            for _ in 0..2 {
                store.end_split(&unit, &sum("unit"), &ran).await.unwrap();
            }
            assert_eq!(store.split_sums(run_id(run)).await.unwrap(), [("unit".to_owned(), Some(sum("unit")))]);
        }
        let known = Past::from([
            ("a".to_owned(), TestPast { passed_ms: vec![10, 11], failed: false }),
            ("b".to_owned(), TestPast { passed_ms: Vec::new(), failed: true }),
        ]);
        assert_eq!(past("unit").await, known);
        assert_eq!(past("web").await, Past::new());
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
        store.end_split(&over, &sum("over"), &[("a".to_owned(), Ran::Passed(10))]).await.unwrap();
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
