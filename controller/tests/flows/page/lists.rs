//! The list of runs: narrowed, page by page, and with whatever people wrote as text.

use super::Browser;
use crate::rig::{PIPELINE, Rig, json, rig};
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use sidings_proto::api::{RunView, SubmitRun};
use sidings_proto::{Commit, Source, Trigger};

async fn run_by(rig: &Rig, project: &str, branch: &str, author: &str, message: &str) -> RunView {
    let source = Source::Snapshot { blob: rig.upload(&[(".sidings.yml", PIPELINE)]).await };
    let commit = Commit {
        sha: "0".repeat(40),
        reference: format!("refs/heads/{branch}"),
        author: author.to_owned(),
        message: message.to_owned(),
        ..Commit::default()
    };
    let submit = SubmitRun::new(project.to_owned(), Trigger::Manual, source, commit);
    json(rig.post("/api/v1/runs", &submit).await, StatusCode::CREATED).await
}

async fn reader(rig: &Rig) -> Browser {
    let token = rig.controller.api_token_as("ada", sidings_proto::Role::Viewer).await.unwrap();
    Browser::signed_in(rig, token.expose_secret()).await
}

#[tokio::test]
async fn the_list_is_narrowed_by_project_branch_author_and_state() {
    let rig = rig().await;
    let one = run_by(&rig, "web", "main", "Ada <a@x>", "first").await.summary.id.to_string();
    let two = run_by(&rig, "web", "topic", "Bob <b@x>", "second").await.summary.id.to_string();
    let three = run_by(&rig, "api", "main", "Ada <a@x>", "third").await.summary.id.to_string();
    rig.post(&format!("/api/v1/runs/{two}/cancel"), &()).await;
    let browser = reader(&rig).await;
    let cases = [
        ("/", [true, true, true]),
        ("/?project=web", [true, true, false]),
        ("/?branch=main", [true, false, true]),
        ("/?author=Ada", [true, false, true]),
        ("/?project=web&author=Bob&state=", [false, true, false]),
        ("/?state=cancelled", [false, true, false]),
        ("/?state=queued&project=api", [false, false, true]),
        ("/?state=failed", [false, false, false]),
    ];
    for (path, expected) in cases {
        let page = browser.page(path).await;
        let shown = [&one, &two, &three].map(|run| page.contains(&format!("run-{run}")));
        assert_eq!(shown, expected, "{path}");
    }
}

#[tokio::test]
async fn the_list_goes_on_where_the_page_before_ended() {
    let rig = rig().await;
    let mut all = Vec::new();
    for no in 0..32 {
        all.push(run_by(&rig, "web", "main", "", &format!("no {no}")).await.summary.id.to_string());
    }
    let browser = reader(&rig).await;
    let first = browser.page("/?project=web").await;
    let next = first.split('"').find(|text| text.starts_with("/?project=web&#38;before=")).expect("there is more");
    let second = browser.page(&next.replace("&#38;", "&")).await;
    for (no, run) in all.iter().rev().enumerate() {
        let row = format!("id=\"run-{run}\"");
        assert_eq!((first.contains(&row), second.contains(&row)), (no < 30, no >= 30), "{no}");
    }
    assert!(!second.contains("rel=\"next\""));
}

#[tokio::test]
async fn what_people_wrote_is_text() {
    let rig = rig().await;
    let hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&";
    run_by(&rig, "web", "a\"><script>b", &format!("{hostile} <m@x>"), hostile).await;
    let browser = reader(&rig).await;
    for path in ["/", "/?project=%3Cscript%3E%22"] {
        let page = browser.page(path).await;
        assert!(!page.contains("<script>") && !page.contains("<img"), "{path}: {page}");
    }
    assert!(browser.page("/").await.contains("&#60;script&#62;alert(1)"));
}
