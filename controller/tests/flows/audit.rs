//! Who changed what, as the audit log tells it: each deed done once, and its line read.

use crate::page::Browser;
use crate::rig::{Rig, json, refused, rig};
use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::json as body;
use sidings_proto::Role;
use sidings_proto::api::MadeToken;
use sidings_proto::audit::{AuditEntry, AuditLog};

async fn lines(rig: &Rig, query: &str) -> AuditLog {
    rig.get(&format!("/api/v1/audit{query}")).await
}

/// `first token.create grace: done`, the oldest first, without what the rig itself does at its start.
async fn told(rig: &Rig) -> Vec<String> {
    let one = |entry: AuditEntry| {
        let AuditEntry { by, what, about, outcome, .. } = entry;
        format!("{by} {what} {about}: {}", outcome.as_str())
    };
    let mut told: Vec<_> = lines(rig, "?limit=500").await.entries.into_iter().map(one).collect();
    told.reverse();
    told
}

async fn change(rig: &Rig, method: Method, path: &str) -> Response {
    rig.call(method, path).send().await.unwrap()
}

const GATED: &str = "image: debian:bookworm-slim\njobs:\n  ship:\n    approval: true\n    steps: [{ run: make }]\n";

#[tokio::test]
async fn each_deed_of_the_api_is_told_with_who_did_it_and_of_what() {
    let rig = rig().await;
    let token = body!({"name": "grace", "kind": "push", "project": "web", "expires_in_ms": null, "single_use": false});
    let made: MadeToken = json(rig.post("/api/v1/tokens", &token).await, StatusCode::CREATED).await;
    let secret = body!({"name": "DEPLOY_KEY", "value": "s3cr3t-value", "scope": {"kind": "project", "name": "web"}, "rules": {"events": [], "branches": []}});
    assert!(rig.post("/api/v1/secrets", &secret).await.status().is_success());
    change(&rig, Method::DELETE, "/api/v1/secrets/DEPLOY_KEY?project=web").await;
    let project = body!({"name": "a/b", "repo_url": "file:///nowhere", "default_branch": "main"});
    rig.post("/api/v1/projects", &project).await;
    let push = rig.call_as(&made.token, Method::POST, "/api/v1/projects/web/pushes").json(&body!([])).send().await;
    assert!(push.unwrap().status().is_client_error());
    let _runner = rig.runner_named("host/one").await;
    change(&rig, Method::POST, "/api/v1/runners/host%2Fone/drain").await;
    change(&rig, Method::POST, "/api/v1/runners/host%2Fone/resume").await;
    let run = rig.run(GATED).await;
    let (id, job) = (run.summary.id, run.jobs[0].id);
    change(&rig, Method::POST, &format!("/api/v1/jobs/{job}/approval")).await;
    change(&rig, Method::POST, &format!("/api/v1/runs/{id}/cancel")).await;
    rig.post(&format!("/api/v1/runs/{id}/retry"), &body!({"failed_only": false})).await;
    change(&rig, Method::DELETE, &format!("/api/v1/tokens/{}", made.id)).await;

    let told = told(&rig).await;
    let expected = [
        "bootstrap token.create first (API, admin): done".to_owned(),
        format!("first token.create grace (push of web) {}: done", made.id),
        "first secret.set DEPLOY_KEY of project web: done".to_owned(),
        "first secret.remove DEPLOY_KEY of project web: done".to_owned(),
        "first project.set a/b: done".to_owned(),
        "push token of web project.push web: refused".to_owned(),
        "bootstrap token.create r (registration): done".to_owned(),
        "registration token r runner.enrol host/one: done".to_owned(),
        "first runner.drain host/one: done".to_owned(),
        "first runner.resume host/one: done".to_owned(),
        "first run.submit web #1: done".to_owned(),
        format!("first job.approve {job}: done"),
        format!("first run.cancel {id}: done"),
        format!("first run.retry {id}: done"),
        format!("first token.revoke grace {}: done", made.id),
    ];
    assert_eq!(told, expected);
    assert!(!told.join(" ").contains("s3cr3t") && !told.join(" ").contains(&made.token));
}

#[tokio::test]
async fn who_signs_in_and_who_may_not_is_told_and_no_token_is() {
    let rig = rig().await;
    let token = rig.controller.api_token_as("mia", Role::Maintainer).await.unwrap();
    let stranger = Browser::stranger(&rig);
    stranger.send("/sign-in", &[("token", "sat_guessed"), ("to", "/")]).await;
    stranger.send("/runners/x/drain", &[]).await;
    let browser = Browser::signed_in(&rig, token.expose_secret()).await;
    let proof = browser.proof().await;
    browser.send("/runners/x/drain", &[("form", &proof)]).await;
    rig.call_as("sat_guessed", Method::DELETE, "/api/v1/secrets/KEY").send().await.unwrap();
    browser.send("/sign-out", &[("form", &proof)]).await;
    let told = told(&rig).await;
    let expected = [
        "unknown session.begin : refused",
        "unknown runner.drain x: refused",
        "mia session.begin : done",
        "mia runner.drain x: refused",
        "unknown secret.remove KEY: refused",
        "mia session.end : done",
    ];
    assert_eq!(told[2..], expected);
    assert!(!told.join(" ").contains("sat_"));
}

#[tokio::test]
async fn it_is_read_page_by_page_by_administrators_alone_and_outlives_the_process() {
    let rig = rig().await;
    for name in ["a", "b", "c"] {
        rig.controller.api_token(name).await.unwrap();
    }
    let first = lines(&rig, "?limit=3").await;
    let about = |log: &AuditLog| log.entries.iter().map(|entry| entry.about.clone()).collect::<Vec<_>>();
    assert_eq!(about(&first), ["c (API, admin)", "b (API, admin)", "a (API, admin)"]);
    let rest = lines(&rig, &format!("?before={}", first.next.unwrap())).await;
    assert_eq!((about(&rest), rest.next), (vec!["first (API, admin)".to_owned()], None));
    assert_eq!(lines(&rig, "?since=9999999999999").await.entries, []);

    let viewer = rig.controller.api_token_as("vic", Role::Maintainer).await.unwrap();
    let answer = rig.call_as(viewer.expose_secret(), Method::GET, "/api/v1/audit").send().await.unwrap();
    assert_eq!(refused(answer, StatusCode::FORBIDDEN).await, "forbidden");
    let browser = Browser::signed_in(&rig, viewer.expose_secret()).await;
    assert_eq!(browser.get("/audit").await.status(), StatusCode::FORBIDDEN);
    let rig = rig.restart().await;
    let admin = rig.controller.api_token_as("<b>ada", Role::Admin).await.unwrap();
    let page = Browser::signed_in(&rig, admin.expose_secret()).await.page("/audit").await;
    assert!(page.contains("&#60;b&#62;ada (API, admin)") && page.contains("session.begin"), "{page}");
    assert!(page.contains("first (API, admin)"), "{page}");
}

#[tokio::test]
async fn a_tokens_last_use_is_shown() {
    let rig = rig().await;
    let token = rig.controller.api_token_as("mia", Role::Viewer).await.unwrap();
    let used = async || {
        let tokens: sidings_proto::api::Tokens = rig.get("/api/v1/tokens").await;
        tokens.tokens.into_iter().map(|token| (token.name, token.used.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(used().await, [("first".to_owned(), true), ("mia".to_owned(), false)]);
    rig.call_as(token.expose_secret(), Method::GET, "/api/v1/runs").send().await.unwrap();
    assert_eq!(used().await, [("first".to_owned(), true), ("mia".to_owned(), true)]);
}
