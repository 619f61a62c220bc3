//! Logs as pages: any part of them, found in and followed, with hostile bytes as text.

use super::Browser;
use crate::rig::{PIPELINE, Rig, Work, frames, rig};
use futures::StreamExt;
use reqwest::{StatusCode, header};
use secrecy::ExposeSecret;
use sidings_proto::Role;

async fn reader(rig: &Rig) -> Browser {
    let token = rig.controller.api_token_as("ada", Role::Viewer).await.unwrap();
    Browser::signed_in(rig, token.expose_secret()).await
}

/// A job that is with a runner and has written this.
async fn wrote(rig: &Rig, text: &str) -> (Work, String) {
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let work = runner.lease(rig).await;
    assert_eq!(work.log(rig, 1, 0, &frames(text)).await.status(), StatusCode::OK);
    (work, format!("/jobs/{}/logs/1", run.jobs[0].id))
}

fn text(lines: usize) -> String {
    (1..=lines).map(|no| if no == 700 { "Error: no such thing\n".to_owned() } else { format!("line {no}\n") }).collect()
}

#[tokio::test]
async fn a_log_opens_at_its_end_and_anywhere_else_if_asked() {
    let rig = rig().await;
    let (_work, path) = wrote(&rig, &text(1_000)).await;
    let browser = reader(&rig).await;
    let end = browser.page(&path).await;
    assert!(end.contains("1000 lines") && end.contains("id=\"L1000\"") && end.contains("id=\"L601\""));
    assert!(!end.contains("id=\"L600\"") && end.contains("rel=\"prev\"") && !end.contains("rel=\"next\""));
    let start = browser.page(&format!("{path}?from=1")).await;
    assert!(start.contains("id=\"L1\"") && start.contains("id=\"L400\"") && !start.contains("id=\"L401\""));
    assert!(start.contains("rel=\"next\"") && !start.contains("rel=\"prev\""));
    let part = browser.page(&format!("{path}/lines?from=500&count=2")).await;
    assert!(part.contains("data-total=\"1000\"") && part.contains("id=\"L500\"") && part.contains("id=\"L501\""));
    assert!(!part.contains("id=\"L499\"") && !part.contains("id=\"L502\""));
    assert!(browser.page(&format!("{path}?from=999999999")).await.contains("id=\"L1000\""));
}

#[tokio::test]
async fn a_log_is_searched_whole_and_leads_to_its_first_error() {
    let rig = rig().await;
    let (_work, path) = wrote(&rig, &text(1_000)).await;
    let browser = reader(&rig).await;
    let found = browser.page(&format!("{path}?q=LINE%2099")).await;
    assert!(found.contains("0 lines hold"), "capital letters count where there are any");
    let found = browser.page(&format!("{path}?q=line%2099")).await;
    assert!(found.contains("11 lines hold") && found.contains("from=970#L990"), "{found}");
    let answer = browser.get(&format!("{path}/error")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], format!("{path}?attempt=1&from=680#L700"));
}

#[tokio::test]
async fn a_log_is_followed_line_by_line_to_its_end() {
    let rig = rig().await;
    let (work, path) = wrote(&rig, "one\ntw").await;
    let browser = reader(&rig).await;
    assert!(browser.page(&path).await.contains("data-growing"));
    let mut tail = browser.get(&format!("{path}/tail?attempt=1&from=1")).await.bytes_stream();
    let mut told = String::new();
    let mut until = async |wanted: &str| {
        while !told.contains(wanted) {
            told += str::from_utf8(&tail.next().await.expect(wanted).unwrap()).unwrap();
        }
        told.clone()
    };
    assert!(!until("id=\"L1\"").await.contains("id=\"L2\""), "what has not ended is not told");
    let first = frames("one\ntw");
    work.log(&rig, 1, first.len(), &frames("o\n<script>alert(1)</script>\n")).await;
    let rows = until("id=\"L3\"").await;
    assert!(rows.contains(">two</span>") && rows.contains("&#60;script&#62;") && !rows.contains("<script"), "{rows}");
    let all = [first, frames("o\n<script>alert(1)</script>\n")].concat();
    assert_eq!(work.finish(&rig, &work.passed(&all)).await["answer"], "accepted");
    until("event: ended").await;
    assert!(!browser.page(&path).await.contains("data-growing"));
}

#[tokio::test]
async fn whatever_a_job_writes_is_text() {
    let rig = rig().await;
    let hostile = "<script>alert(1)</script>\n\x1b]0;title\x07<img src=x onerror=alert(1)>\n\x1b[31m\"red\"\x1b[0m\n\u{202e}evil\n\0\x08\n";
    let (_work, path) = wrote(&rig, hostile).await;
    let browser = reader(&rig).await;
    for path in [path.clone(), format!("{path}/lines?from=1&count=9"), format!("{path}?q=%3Cscript%3E")] {
        let page = browser.page(&path).await;
        let (before, after) = page.split_once("id=\"L1\"").expect("there are lines");
        assert!(!after.contains("<script") && !after.contains("<img") && !before.contains("<script>"), "{page}");
        assert!(!page.contains('\u{202e}') && !page.contains('\0') && !page.contains('\x1b'));
        assert!(after.contains("<span class=\"f1\">&#34;red&#34;</span>"), "{after}");
    }
    let raw = browser.get(&format!("/api/v1{path}?format=text")).await;
    assert_eq!(raw.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(raw.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
}

#[tokio::test]
async fn a_log_that_is_not_there_is_said_to_be_none() {
    let rig = rig().await;
    let (_work, path) = wrote(&rig, "").await;
    let browser = reader(&rig).await;
    assert!(browser.page(&path).await.contains("Nothing was written yet"));
    for path in [format!("{path}?attempt=7"), "/jobs/00000000-0000-0000-0000-000000000000/logs/1".to_owned()] {
        assert_eq!(browser.get(&path).await.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(browser.get(&path.replace("?attempt", "/lines?attempt")).await.status(), StatusCode::NOT_FOUND);
    }
}
