//! Which images a run's references mean: the first job's word counts, and is there to be repeated.

use crate::rig::{json, refused, rig};
use reqwest::StatusCode;
use sidings_proto::api::{RetryRun, RunView};
use sidings_proto::digest::{DigestsKept, DigestsTold};
use std::collections::{BTreeMap, BTreeSet};

const TWO: &str = "image: debian:bookworm-slim\njobs:\n  a: { steps: [{ run: a }] }\n  b: { steps: [{ run: b }] }\n";

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

fn found(reference: &str, digit: char) -> DigestsTold {
    DigestsTold { found: BTreeMap::from([(reference.to_owned(), digest(digit))]), ..DigestsTold::default() }
}

#[tokio::test]
async fn the_first_word_counts_for_the_run_and_for_those_that_repeat_it() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(TWO).await;
    let (a, b) = (runner.lease(&rig).await, runner.lease(&rig).await);
    assert_eq!(a.assignment.run.locked, BTreeMap::new());
    let wanted = DigestsTold { wanted: BTreeSet::from(["debian:12".to_owned()]), ..DigestsTold::default() };
    let nothing: DigestsKept = json(b.post(&rig, "digests", &wanted).await, StatusCode::OK).await;
    assert_eq!(nothing, DigestsKept::default());

    let first: DigestsKept = json(a.post(&rig, "digests", &found("debian:12", '1')).await, StatusCode::OK).await;
    assert_eq!((first.digests["debian:12"].clone(), first.new.len()), (digest('1'), 1));
    for again in [a.post(&rig, "digests", &found("debian:12", '1')).await, b.post(&rig, "digests", &wanted).await] {
        let again: DigestsKept = json(again, StatusCode::OK).await;
        assert_eq!((again.digests.clone(), again.new.len()), (first.digests.clone(), 0));
    }
    let late: DigestsKept = json(b.post(&rig, "digests", &found("debian:12", '2')).await, StatusCode::OK).await;
    assert_eq!((late.digests["debian:12"].clone(), late.new.len()), (digest('1'), 0));
    assert_eq!(rig.view(&run).await.digests, BTreeMap::from([("debian:12".to_owned(), digest('1'))]));

    for wrong in [found("", '1'), DigestsTold { found: BTreeMap::from([("a".into(), "b".into())]), ..wanted.clone() }] {
        let answer = b.post(&rig, "digests", &wrong).await;
        assert_eq!(refused(answer, StatusCode::UNPROCESSABLE_ENTITY).await, "bad_digests");
    }
    a.pass(&rig).await;
    let stale = a.post(&rig, "digests", &found("redis:7", '3')).await;
    assert_eq!(refused(stale, StatusCode::CONFLICT).await, "stale_attempt");
    b.pass(&rig).await;
    assert_eq!(rig.view(&run).await.digests.len(), 1);

    let exact = RetryRun { exact: true, ..RetryRun::default() };
    let retry = format!("/api/v1/runs/{}/retry", run.summary.id);
    let again: RunView = json(rig.post(&retry, &exact).await, StatusCode::CREATED).await;
    assert_eq!(again.retry_of, Some(run.summary.id));
    let (a, b) = (runner.lease(&rig).await, runner.lease(&rig).await);
    assert_eq!(a.assignment.run.locked, BTreeMap::from([("debian:12".to_owned(), digest('1'))]));
    a.pass(&rig).await;
    b.pass(&rig).await;
    // It used none by its digest itself.
    let answer = rig.post(&format!("/api/v1/runs/{}/retry", again.summary.id), &exact).await;
    assert_eq!(refused(answer, StatusCode::CONFLICT).await, "conflict");
}
