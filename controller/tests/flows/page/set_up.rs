//! What a controller is set up with, and how one test went: what is shown, and to whom.

use super::Browser;
use crate::rig::{Rig, rig};
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;
use sidings_proto::fleet::Machine;
use sidings_proto::runner::{Beat, TestBatch};
use sidings_proto::tested::{TestCounts, TestReport};
use sidings_proto::{FailureClass, Role, TestCase, TestOutcome};

async fn browser_as(rig: &Rig, role: Role) -> Browser {
    let token = rig.controller.api_token_as("ada", role).await.unwrap();
    Browser::signed_in(rig, token.expose_secret()).await
}

const REPORTED: &str = "image: debian:bookworm-slim\njobs:\n  test:\n    reports: { junit: out.xml }\n    steps: [{ name: unit, run: make }]\n";

#[tokio::test]
async fn one_test_is_told_run_after_run() {
    let rig = rig().await;
    let (runner, browser) = (rig.runner().await, browser_as(&rig, Role::Viewer).await);
    let mut last = None;
    for (outcome, took_ms, message) in [(TestOutcome::Passed, 1_000, ""), (TestOutcome::Failed, 4_000, "<1> is not 2")]
    {
        let run = rig.run(REPORTED).await;
        let work = runner.lease(&rig).await;
        let message = message.to_owned();
        let (suite, name) = ("math".to_owned(), "adds & more".to_owned());
        let cases = vec![TestCase { suite, name, outcome, took_ms: Some(took_ms), message, ..TestCase::default() }];
        let mut counts = TestCounts::default();
        counts.add(outcome);
        let reports = Some(vec![TestReport { path: "out.xml".to_owned(), counts, remarks: Vec::new() }]);
        let told = work.post(&rig, "tests", &TestBatch { first: 0, cases, reports }).await;
        assert!(told.status().is_success(), "{}", told.text().await.unwrap());
        let failed = outcome.is_bad();
        let finish = if failed { work.failed(FailureClass::TestsFailed) } else { work.passed(b"") };
        work.finish(&rig, &finish).await;
        last = Some(run.summary.id);
    }
    let address = "/tests?project=web&amp;name=math%3A%3Aadds%20%26%20more";
    let tests = browser.page(&format!("/runs/{}/tests", last.unwrap())).await;
    let escaped = address.replace("&amp;", "&#38;");
    assert!(tests.contains(&escaped), "its run's tests lead there: {tests}");

    let page = browser.page(&address.replace("&amp;", "&")).await;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
    assert!(at("1 failed") < at("1 passed") && page.contains("2 runs"), "{page}");
    assert!(at("#1: passed in 1.0 s") < at("#2: failed in 4.0 s"), "the picture begins with the oldest");
    let (_, rows) = page.split_once("<tbody>").unwrap();
    assert!(rows.find(">#2<") < rows.find(">#1<"), "the rows with the newest");
    assert!(rows.contains("&#60;1&#62; is not 2"));
    assert!(browser.page("/tests?project=web&name=never").await.contains("No run of web told of a test"));
    assert!(browser.page("/tests").await.contains("<form class=\"narrow\""), "it asks for a name");
}

#[tokio::test]
async fn projects_are_shown_and_what_a_viewer_may_not_see_is_not_offered() {
    let rig = rig().await;
    let project = json!({"name": "a/b", "repo_url": "https://git.example.org/b.git", "default_branch": "trunk"});
    let added = rig.post("/api/v1/projects", &project).await;
    assert_eq!(added.status(), StatusCode::CREATED, "{}", added.text().await.unwrap());
    let page = browser_as(&rig, Role::Viewer).await.page("/projects").await;
    assert!(page.contains("/?project=a%2Fb") && page.contains("trunk") && page.contains("/badge/a/b.svg"), "{page}");
    assert!(page.contains("https://git.example.org/b.git"), "{page}");
    assert!(!page.contains("\"/secrets\"") && !page.contains("\"/tokens\""), "{page}");
}

#[tokio::test]
async fn secrets_are_names_and_only_maintainers_see_them() {
    let rig = rig().await;
    let secret = json!({"name": "DEPLOY_KEY", "value": "s3cr3t-value", "scope": {"kind": "project", "name": "web"}, "rules": {"events": [], "branches": ["main"]}});
    let put = rig.post("/api/v1/secrets", &secret).await;
    assert!(put.status().is_success(), "{}", put.text().await.unwrap());
    let page = browser_as(&rig, Role::Maintainer).await.page("/secrets").await;
    assert!(
        page.contains("DEPLOY_KEY") && page.contains("project web") && page.contains("all but pull requests; main")
    );
    assert!(!page.contains("s3cr3t"), "{page}");
    let viewer = browser_as(&rig, Role::Viewer).await.get("/secrets").await;
    assert_eq!(viewer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn tokens_are_for_administrators_and_shown_without_their_text() {
    let rig = rig().await;
    let token = rig.controller.api_token_as("grace", Role::Maintainer).await.unwrap();
    let grace = Browser::signed_in(&rig, token.expose_secret()).await;
    assert_eq!(grace.get("/tokens").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(browser_as(&rig, Role::Viewer).await.get("/tokens").await.status(), StatusCode::FORBIDDEN);
    let page = browser_as(&rig, Role::Admin).await.page("/tokens").await;
    assert!(page.contains(">grace</th><td>maintainer</td>") && page.contains("until it is revoked"), "{page}");
    assert!(!page.contains(token.expose_secret()), "a token's text is never shown");
}

#[tokio::test]
async fn the_fleet_says_how_long_runs_waited() {
    let rig = rig().await;
    let (runner, browser) = (rig.runner().await, browser_as(&rig, Role::Viewer).await);
    assert!(!browser.page("/fleet").await.contains("How long runs waited"), "of nothing nothing is told");
    rig.run(REPORTED).await;
    let _work = runner.lease(&rig).await;
    let page = browser.page("/fleet").await;
    let (_, waits) = page.split_once("How long runs waited").unwrap();
    assert!(waits.contains(">web</th><td class=\"num\">1</td>"), "{page}");
    let told: sidings_proto::api::Runners = rig.get("/api/v1/runners").await;
    assert_eq!(told.waits.iter().map(|of| (&*of.project, of.runs)).collect::<Vec<_>>(), [("web", 1)]);
}

#[tokio::test]
async fn the_fleet_says_what_its_machines_have_and_how_much_work_waits() {
    let rig = rig().await;
    let (runner, browser) = (rig.runner().await, browser_as(&rig, Role::Viewer).await);
    assert!(browser.page("/fleet").await.contains("not told"));
    let machine = Some(Machine { disk_free: 30 << 30, disk_all: 100 << 30, images: 12, image_bytes: 3 << 30 });
    let beat = Beat { life: runner.life, attempts: Vec::new(), draining: false, low_disk: None, machine };
    assert_eq!(runner.post(&rig, "/runner/v1/beat", &beat).await.status(), StatusCode::OK);
    rig.run(REPORTED).await;
    runner.lease(&rig).await.pass(&rig).await;
    rig.run(REPORTED).await;
    rig.run("image: debian:bookworm-slim\njobs:\n  gpu:\n    labels: { gpu: a100 }\n    steps: [{ run: make }]\n")
        .await;
    let page = browser.page("/fleet").await;
    assert!(page.contains("value=\"70\"") && page.contains("12 images, "), "{page}");
    let (_, pools) = page.split_once("Work and slots").unwrap();
    let wanting = "<code>gpu=a100</code> </th><td class=\"num\">0</td><td class=\"num\">0/0</td>\
        <td class=\"num\">1</td><td>unknown</td><td class=\"num\">1</td>";
    assert!(pools.contains(wanting), "{page}");
    let known = "<code>os=linux</code> </th><td class=\"num\">1</td><td class=\"num\">0/4</td><td class=\"num\">1</td>";
    assert!(pools.contains(known), "{page}");
    let told: sidings_proto::api::Runners = rig.get("/api/v1/runners").await;
    assert_eq!(told.pools.iter().map(|pool| pool.wanted).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(told.runners[0].machine, machine);
}
