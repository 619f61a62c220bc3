//! Operators take runners out and let them in again, by the API and the page.

use crate::page::Browser;
use crate::rig::{PIPELINE, Rig, Runner, json, refused, rig};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use sidings_proto::api::{RunView, RunnerState, Runners};
use sidings_proto::{LifeId, RequestId, Role};

async fn change(rig: &Rig, path: &str) -> Runners {
    json(rig.call(Method::POST, path).send().await.unwrap(), StatusCode::OK).await
}

async fn why(rig: &Rig, run: &RunView) -> String {
    rig.view(run).await.jobs[0].wait.clone().expect("it waits").message
}

/// The runner's next process.
async fn restarted(rig: &Rig, runner: Runner) -> Runner {
    let next = Runner { life: LifeId::new(), ..runner };
    next.hello(rig).await;
    next
}

#[tokio::test]
async fn a_drained_runner_gets_nothing_over_restarts_and_work_again_once_resumed() {
    let rig = rig().await;
    let (one, two) = (rig.runner_named("host/one").await, rig.runner_named("two").await);
    rig.run(PIPELINE).await;
    let held = one.lease(&rig).await;
    let drained = change(&rig, "/api/v1/runners/host%2Fone/drain").await.runners.remove(0);
    assert_eq!((drained.state, drained.busy), (RunnerState::Draining, 1));
    assert_eq!(drained.drained.map(|drained| drained.by), Some("first".to_owned()));
    held.pass(&rig).await;

    let rig = rig.restart().await;
    let one = restarted(&rig, one).await;
    two.hello(&rig).await;
    rig.run(PIPELINE).await;
    let request = RequestId::new();
    let (asked, got) = tokio::join!(one.lease_until_answered(&rig, request), async {
        let work = two.lease(&rig).await;
        let next = rig.run(PIPELINE).await;
        assert!(why(&rig, &next).await.contains("; host/one is drained by first since 20"));
        let resumed = change(&rig, "/api/v1/runners/host%2Fone/resume").await.runners.remove(0);
        assert_eq!((resumed.state, resumed.drained), (RunnerState::Up, None));
        (work.assignment.run.number, next.summary.number)
    });
    assert_eq!((got, asked[0].run.number), ((2, 3), 3), "the one that is not drained has the first of both");
}

#[tokio::test]
async fn only_administrators_drain_and_only_what_is_there() {
    let rig = rig().await;
    let _runner = rig.runner_named("two").await;
    let unknown = rig.call(Method::POST, "/api/v1/runners/three/drain").send().await.unwrap();
    assert_eq!(refused(unknown, StatusCode::NOT_FOUND).await, "not_found");
    let token = rig.controller.api_token_as("mia", Role::Maintainer).await.unwrap();
    let answer = rig.call_as(token.expose_secret(), Method::POST, "/api/v1/runners/two/drain").send().await.unwrap();
    assert_eq!(refused(answer, StatusCode::FORBIDDEN).await, "forbidden");
    let maintainer = Browser::signed_in(&rig, token.expose_secret()).await;
    assert!(!maintainer.page("/fleet").await.contains("Drain two"));
    let proof = maintainer.proof().await;
    let sent = maintainer.send("/runners/two/drain", &[("form", &proof)]).await;
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_page_drains_and_resumes_by_a_form_of_its_own() {
    let rig = rig().await;
    let _runner = rig.runner_named("a \"b\"").await;
    let token = rig.controller.api_token_as("anna", Role::Admin).await.unwrap();
    let browser = Browser::signed_in(&rig, token.expose_secret()).await;
    let page = browser.page("/fleet").await;
    assert!(page.contains("action=\"/runners/a%20%22b%22/drain\""), "{page}");
    let forged = browser.send("/runners/a%20%22b%22/drain", &[("form", "0")]).await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    let proof = browser.proof().await;
    let sent = browser.send("/runners/a%20%22b%22/drain", &[("form", &proof)]).await;
    assert_eq!(sent.status(), StatusCode::SEE_OTHER);
    let page = browser.page("/fleet").await;
    assert!(page.contains("s-drained") && page.contains("by anna, "), "{page}");
    browser.send("/runners/a%20%22b%22/resume", &[("form", &proof)]).await;
    assert!(!browser.page("/fleet").await.contains("s-drained"));
}
