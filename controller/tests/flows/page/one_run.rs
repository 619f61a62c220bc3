//! The page of a run: why it failed comes first; who may do something to it is offered that, and nobody else can.

use super::Browser;
use crate::rig::{PIPELINE, Rig, TWO_JOBS, frames, rig};
use reqwest::{StatusCode, header};
use secrecy::ExposeSecret;
use sidings_proto::api::RunView;
use sidings_proto::runner::{Finish, StepResult};
use sidings_proto::{Failure, FailureClass, Role, Verdict};

async fn browser_as(rig: &Rig, role: Role) -> Browser {
    let token = rig.controller.api_token_as("ada", role).await.unwrap();
    Browser::signed_in(rig, token.expose_secret()).await
}

/// A run whose only step failed, after it had written this.
async fn failed(rig: &Rig, pipeline: &str, log: &str) -> RunView {
    let runner = rig.runner().await;
    let run = rig.run(pipeline).await;
    let work = runner.lease(rig).await;
    let log = frames(log);
    work.log(rig, 1, 0, &log).await;
    let verdict =
        |message: &str| Verdict::Failed(Failure { class: FailureClass::StepFailed, message: message.to_owned() });
    let passed = work.passed(&log);
    let steps = passed.steps.iter().map(|step| StepResult {
        verdict: verdict("it exited with code 2"),
        code: Some(2),
        ..step.clone()
    });
    let finish =
        Finish { verdict: verdict("step \"unit\" exited with code 2"), steps: steps.collect(), ..passed.clone() };
    assert_eq!(work.finish(rig, &finish).await["answer"], "accepted");
    rig.view(&run).await
}

#[tokio::test]
async fn a_failed_run_says_why_before_anything_else() {
    let rig = rig().await;
    let run = failed(&rig, PIPELINE, "compiling\n\x1b[31merror\x1b[0m: <b>bad</b> & worse\n").await;
    let page = browser_as(&rig, Role::Viewer).await.page(&format!("/runs/{}", run.summary.id)).await;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
    let cause = at("<section class=\"cause\"");
    assert!(cause < at("<h2>Jobs</h2>"), "it comes first");
    assert!(at("step &#34;unit&#34; exited with code 2") > cause);
    assert!(at("the project’s code") > cause);
    assert!(at("<span class=\"f1\">error</span>: &#60;b&#62;bad&#60;/b&#62; &#38; worse") > cause, "text stays text");
    assert!(page.contains("<title>✗ web #1 failed · Sidings</title>"));
    assert!(!page.contains("data-live"), "what is over does not change");
}

#[tokio::test]
async fn a_wrong_pipeline_is_told_with_its_place() {
    let rig = rig().await;
    let run = rig.run("jobs:\n  a:\n    stepz: []\n").await;
    let page = browser_as(&rig, Role::Viewer).await.page(&format!("/runs/{}", run.summary.id)).await;
    assert!(page.contains("The pipeline is wrong") && page.contains("stepz"), "{page}");
}

#[tokio::test]
async fn a_waiting_job_says_what_it_waits_for() {
    let rig = rig().await;
    let run = rig.run(TWO_JOBS).await;
    let page = browser_as(&rig, Role::Viewer).await.page(&format!("/runs/{}", run.summary.id)).await;
    assert!(page.contains("no runner is up") && page.contains("needs build"), "{page}");
    assert!(page.contains("<svg class=\"graph\""), "who needs whom is drawn");
    assert!(page.contains(&format!("data-live=\"/runs/{}/feed\"", run.summary.id)));
}

#[tokio::test]
async fn maintainers_cancel_and_retry_and_viewers_cannot() {
    let rig = rig().await;
    let run = rig.run(TWO_JOBS).await;
    let path = format!("/runs/{}", run.summary.id);
    let (cancel, retry) = (format!("{path}/cancel"), format!("{path}/retry"));

    let viewer = browser_as(&rig, Role::Viewer).await;
    assert!(!viewer.page(&path).await.contains("/cancel\""), "it is not offered");
    let proof = viewer.proof().await;
    assert_eq!(viewer.send(&cancel, &[("form", &proof)]).await.status(), StatusCode::FORBIDDEN);
    assert!(rig.view(&run).await.summary.ended.is_none());

    let maintainer = browser_as(&rig, Role::Maintainer).await;
    let proof = maintainer.proof().await;
    assert!(maintainer.page(&path).await.contains("/cancel\""));
    assert_eq!(maintainer.send(&cancel, &[]).await.status(), StatusCode::FORBIDDEN, "no proof");
    assert_eq!(maintainer.send(&retry, &[("form", &proof)]).await.status(), StatusCode::CONFLICT, "it still goes on");
    let answer = maintainer.send(&cancel, &[("form", &proof)]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], *path);
    assert_eq!(rig.view(&run).await.summary.verdict, Some(Verdict::Cancelled));

    assert_eq!(viewer.send(&retry, &[("form", &viewer.proof().await)]).await.status(), StatusCode::FORBIDDEN);
    let again = maintainer.send(&retry, &[("form", &proof)]).await;
    let again = again.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert_ne!(again, path);
    assert!(maintainer.page(&again).await.contains(&format!("retry of <a href=\"{path}\">")));
}

#[tokio::test]
async fn only_who_is_named_lets_a_job_run() {
    let rig = rig().await;
    let pipeline =
        "image: debian:bookworm-slim\njobs:\n  deploy:\n    approval: { from: [ada] }\n    steps: [{ run: make }]\n";
    let run = rig.run(pipeline).await;
    let approve = format!("/jobs/{}/approval", run.jobs[0].id);
    let viewer = browser_as(&rig, Role::Viewer).await;
    assert_eq!(viewer.send(&approve, &[("form", &viewer.proof().await)]).await.status(), StatusCode::FORBIDDEN);
    let bob = rig.controller.api_token_as("bob", Role::Maintainer).await.unwrap();
    let bob = Browser::signed_in(&rig, bob.expose_secret()).await;
    let refused = bob.send(&approve, &[("form", &bob.proof().await)]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().await.unwrap().contains("needs the approval of ada"));
    let ada = browser_as(&rig, Role::Maintainer).await;
    assert!(ada.page(&format!("/runs/{}", run.summary.id)).await.contains("Approve deploy"));
    assert_eq!(ada.send(&approve, &[("form", &ada.proof().await)]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(rig.view(&run).await.jobs[0].approved.as_ref().unwrap().by, "ada");
}

#[tokio::test]
async fn a_run_that_is_not_there_is_a_page_that_says_so() {
    let rig = rig().await;
    let browser = browser_as(&rig, Role::Viewer).await;
    for path in ["/runs/00000000-0000-0000-0000-000000000000", "/runs/%3Cscript%3E", "/runs/web@9"] {
        let answer = browser.get(path).await;
        assert!(answer.status().is_client_error());
        let page = answer.text().await.unwrap();
        assert!(page.starts_with("<!doctype html>") && !page.contains("<script>"), "{page}");
    }
}
