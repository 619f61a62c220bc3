//! Single tests: told by a runner, shown by run and by name.

use crate::rig::{PIPELINE, Rig, json, refused, rig, rig_in};
use reqwest::StatusCode;
use sidings_controller::StoreKind;
use sidings_proto::runner::{TEST_BATCH_CASES, TestBatch};
use sidings_proto::tested::{RunTests, TestHistory};
use sidings_proto::{FailureClass, LifeId, TestCase, TestCounts, TestOutcome, TestReport};

const TESTED: &str = "image: debian:bookworm-slim\n\
    jobs:\n  unit:\n    reports: { junit: report.xml }\n    steps: [{ run: make test }]\n";

fn case(name: &str, outcome: TestOutcome, took_ms: u64) -> TestCase {
    let output = if outcome.is_bad() { "a trace".to_owned() } else { String::new() };
    let (suite, name, took_ms) = ("board".to_owned(), name.to_owned(), Some(took_ms));
    TestCase { suite, name, outcome, took_ms, message: "m".repeat(400), output, ..TestCase::default() }
}

fn batch() -> TestBatch {
    let counts = TestCounts { failed: 1, passed: 1, ..TestCounts::default() };
    let remarks = vec!["it ends in the middle".to_owned()];
    let reports = Some(vec![TestReport { path: "report.xml".to_owned(), counts, remarks }]);
    let cases = vec![case("next", TestOutcome::Passed, 900), case("delay", TestOutcome::Failed, 5)];
    TestBatch { first: 0, cases, reports }
}

async fn told_and_shown(rig: &Rig) {
    let runner = rig.runner().await;
    let run = rig.run(TESTED).await;
    let work = runner.lease(rig).await;
    assert_eq!(work.assignment.spec.reports.junit, ["report.xml"]);
    for _ in 0..2 {
        assert_eq!(work.post(rig, "tests", &batch()).await.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(rig.view(&run).await.jobs[0].tests, None);
    assert_eq!(work.finish(rig, &work.failed(FailureClass::TestsFailed)).await["answer"], "accepted");
    assert_eq!(refused(work.post(rig, "tests", &batch()).await, StatusCode::CONFLICT).await, "stale_attempt");

    let sum = rig.view(&run).await.jobs.remove(0).tests.unwrap();
    assert_eq!((sum.counts, sum.reports), (batch().reports.unwrap()[0].counts, batch().reports.unwrap()));
    assert_eq!((sum.bad.len(), sum.bad[0].message.len(), sum.bad[0].output.as_str()), (1, 300, ""));

    let id = run.summary.id;
    let tests: RunTests = rig.get(&format!("/api/v1/runs/{id}/tests")).await;
    let [next, delay] = &batch().cases[..] else { unreachable!() };
    assert_eq!((tests.jobs[0].name.as_str(), tests.jobs[0].attempt), ("unit", 1));
    assert_eq!(tests.jobs[0].cases, [delay.clone(), next.clone()]);
    let slowest: RunTests = rig.get(&format!("/api/v1/runs/{id}/tests?order=slowest&limit=1&job=unit")).await;
    assert_eq!(slowest.jobs[0].cases, std::slice::from_ref(next));
    let bad: RunTests = rig.get(&format!("/api/v1/runs/{id}/tests?bad=true")).await;
    assert_eq!(bad.jobs[0].cases, std::slice::from_ref(delay));
    let other: RunTests = rig.get(&format!("/api/v1/runs/{id}/tests?job=lint")).await;
    assert_eq!(other.jobs, []);

    let project = &run.summary.project;
    for name in ["delay", "board::delay"] {
        let history: TestHistory = rig.get(&format!("/api/v1/projects/{project}/tests?name={name}")).await;
        let series = &history.tests[0];
        assert_eq!((history.tests.len(), series.job.as_str(), series.past.len()), (1, "unit", 1));
        assert_eq!((series.past[0].run, series.past[0].outcome), (id, TestOutcome::Failed));
    }
}

#[tokio::test]
async fn tests_are_told_and_shown() {
    told_and_shown(&rig().await).await;
}

#[tokio::test]
async fn tests_are_told_and_shown_in_memory() {
    told_and_shown(&rig_in(tempfile::tempdir().unwrap(), StoreKind::Memory).await).await;
}

#[tokio::test]
async fn tests_of_a_stale_attempt_change_nothing() {
    let rig = rig().await;
    let mut runner = rig.runner().await;
    let run = rig.run(TESTED).await;
    let old = runner.lease(&rig).await;
    runner.life = LifeId::new();
    runner.hello(&rig).await;
    let new = runner.lease(&rig).await;
    assert_eq!(refused(old.post(&rig, "tests", &batch()).await, StatusCode::CONFLICT).await, "stale_attempt");
    new.pass(&rig).await;
    assert_eq!(rig.view(&run).await.jobs[0].tests, None);
}

#[tokio::test]
async fn tests_that_nobody_asked_for_and_too_many_of_them_are_refused() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    assert_eq!(refused(work.post(&rig, "tests", &batch()).await, StatusCode::BAD_REQUEST).await, "bad_request");
    work.pass(&rig).await;

    rig.run(TESTED).await;
    let work = runner.lease(&rig).await;
    let many = TestBatch { cases: vec![TestCase::default(); TEST_BATCH_CASES + 1], ..TestBatch::default() };
    let late = TestBatch { first: u32::MAX, ..batch() };
    let long = TestBatch { cases: vec![TestCase { name: "n".repeat(501), ..TestCase::default() }], ..batch() };
    for batch in [many, late, long] {
        assert_eq!(refused(work.post(&rig, "tests", &batch).await, StatusCode::BAD_REQUEST).await, "bad_request");
    }
    let unknown: serde_json::Value = json(
        rig.call(reqwest::Method::GET, "/api/v1/runs/nobody@9/tests").send().await.unwrap(),
        StatusCode::NOT_FOUND,
    )
    .await;
    assert_eq!(unknown["error"]["code"], "not_found");
}
