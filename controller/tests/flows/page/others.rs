//! Tests of a run, the fleet, badges, and that pages are told when something changed.

use super::{Browser, plain_get};
use crate::rig::{PIPELINE, Rig, TWO_JOBS, rig};
use futures::StreamExt;
use reqwest::{StatusCode, header};
use secrecy::ExposeSecret;
use sidings_proto::runner::TestBatch;
use sidings_proto::tested::{TestCounts, TestReport};
use sidings_proto::{FailureClass, Role, TestCase, TestOutcome};

async fn reader(rig: &Rig) -> Browser {
    let token = rig.controller.api_token_as("ada", Role::Viewer).await.unwrap();
    Browser::signed_in(rig, token.expose_secret()).await
}

const REPORTED: &str = "image: debian:bookworm-slim\njobs:\n  test:\n    reports: { junit: out.xml }\n    steps: [{ name: unit, run: make }]\n";

#[tokio::test]
async fn tests_that_failed_come_first_with_what_they_wrote() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(REPORTED).await;
    let work = runner.lease(&rig).await;
    let case = |name: &str, outcome, took_ms, output: &str| TestCase {
        suite: "math".to_owned(),
        name: name.to_owned(),
        outcome,
        took_ms: Some(took_ms),
        output: output.to_owned(),
        ..TestCase::default()
    };
    let cases = vec![
        case("adds", TestOutcome::Passed, 3_000, ""),
        case("divides", TestOutcome::Failed, 10, "<b>1/0</b>"),
        case("waits", TestOutcome::Flaky, 20, ""),
    ];
    let counts = TestCounts { failed: 1, flaky: 1, passed: 1, ..TestCounts::default() };
    let reports = Some(vec![TestReport { path: "out.xml".to_owned(), counts, remarks: Vec::new() }]);
    let told = work.post(&rig, "tests", &TestBatch { first: 0, cases, reports }).await;
    assert!(told.status().is_success(), "{}", told.text().await.unwrap());
    work.finish(&rig, &work.failed(FailureClass::TestsFailed)).await;

    let browser = reader(&rig).await;
    let page = browser.page(&format!("/runs/{}/tests", run.summary.id)).await;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
    assert!(at("divides") < at("Flaky") && at("Flaky") < at("Slowest"));
    assert!(page.contains("&#60;b&#62;1/0&#60;/b&#62;") && page.contains("3 tests") && page.contains("1 flaky"));
    assert!(page[at("Slowest")..].find("adds") < page[at("Slowest")..].find("waits"));
    let of_run = browser.page(&format!("/runs/{}", run.summary.id)).await;
    assert!(of_run.find("divides") < of_run.find("<h2>Jobs</h2>"), "the cause names them");
}

#[tokio::test]
async fn the_fleet_says_who_works_and_who_waits_for_what() {
    let rig = rig().await;
    let browser = reader(&rig).await;
    assert!(browser.page("/fleet").await.contains("No runners yet"));
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let _work = runner.lease(&rig).await;
    rig.run("image: debian:bookworm-slim\njobs:\n  gpu:\n    labels: { gpu: a100 }\n    steps: [{ run: make }]\n")
        .await;
    let page = browser.page("/fleet").await;
    assert!(page.contains(&format!("id=\"runner-{}\"", runner.id)) && page.contains("web #1 test"), "{page}");
    assert!(page.contains("web #2 <b>gpu</b>") && page.contains("gpu=a100"), "{page}");
}

#[tokio::test]
async fn a_badge_is_for_everybody_and_tells_a_word() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    runner.lease(&rig).await.pass(&rig).await;
    let badge = plain_get(&rig, "/badge/web.svg").await;
    assert_eq!(badge.status(), StatusCode::OK);
    assert_eq!(badge.headers()[header::CONTENT_TYPE], "image/svg+xml");
    assert!(badge.text().await.unwrap().contains("passing"));
    let work_of = rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    work.finish(&rig, &work.failed(FailureClass::StepFailed)).await;
    assert!(rig.view(&work_of).await.summary.ended.is_some());
    for (path, word) in
        [("/badge/web.svg", "failing"), ("/badge/web.svg?branch=other", "unknown"), ("/badge/a/b.svg", "unknown")]
    {
        assert!(plain_get(&rig, path).await.text().await.unwrap().contains(word), "{path}");
    }
}

#[tokio::test]
async fn pages_are_told_that_something_changed() {
    let rig = rig().await;
    let browser = reader(&rig).await;
    let mut all = browser.get("/feed").await.bytes_stream();
    let run = rig.run(TWO_JOBS).await;
    let told = async |stream: &mut (dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin), word: &str| {
        let mut text = String::new();
        while !text.contains(word) {
            text += str::from_utf8(&stream.next().await.expect("it goes on").unwrap()).unwrap();
        }
    };
    told(&mut all, "event: changed").await;
    let mut one = browser.get(&format!("/runs/{}/feed", run.summary.id)).await.bytes_stream();
    rig.post(&format!("/api/v1/runs/{}/cancel", run.summary.id), &()).await;
    told(&mut one, "event: ended").await;
    assert!(one.next().await.is_none(), "and that is all");
}
