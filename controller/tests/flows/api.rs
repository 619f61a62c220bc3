//! What clients do: submit, push, list, follow, retry, and what they are told when it cannot be done.

use crate::rig::{PIPELINE, Rig, TWO_JOBS, json, refused, rig, snapshot};
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sidings_proto::api::{
    ErrorBody, NewProject, ProjectView, Projects, Push, PushAnswer, RetryRun, RunView, Runs, State, SubmitRun,
};
use sidings_proto::{Commit, Source, Trigger, Verdict};
use sqlx::{Connection, Executor};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[tokio::test]
async fn a_wrong_pipeline_is_a_run_that_people_can_read() {
    let rig = rig().await;
    let run = rig.run("jobs:\n  test:\n    stepps: []\n").await;
    assert_eq!((run.summary.state, run.jobs.len()), (State::Ended, 0));
    assert_eq!(run.summary.verdict.as_ref().map(Verdict::word), Some("failed"));
    let diagnostics = run.diagnostics.unwrap();
    assert!(diagnostics.contains(".sidings.yml:3") && diagnostics.contains("stepps"), "{diagnostics}");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_reason() {
    let rig = rig().await;
    assert_eq!(refused(rig.submit(&[("README", "")]).await, StatusCode::UNPROCESSABLE_ENTITY).await, "no_pipeline");

    let submit = |source: Source| {
        let (project, trigger, commit) = ("web".to_owned(), Trigger::Manual, Commit::default());
        SubmitRun::new(project, trigger, source, commit)
    };
    let blob = "0".repeat(64).try_into().unwrap();
    let answer = rig.post("/api/v1/runs", &submit(Source::Snapshot { blob })).await;
    assert_eq!(refused(answer, StatusCode::UNPROCESSABLE_ENTITY).await, "source_not_found");

    let url = "file:///nowhere/at/all".to_owned();
    let answer = rig.post("/api/v1/runs", &submit(Source::Git { url, commit: "1".repeat(40) })).await;
    assert_eq!(refused(answer, StatusCode::UNPROCESSABLE_ENTITY).await, "source_not_found");

    let garbage = b"this is no archive".to_vec();
    let id = blake3::hash(&garbage).to_hex().to_string();
    rig.call(Method::PUT, &format!("/api/v1/blobs/{id}")).body(garbage).send().await.unwrap();
    let answer = rig.post("/api/v1/runs", &submit(Source::Snapshot { blob: id.try_into().unwrap() })).await;
    assert_eq!(refused(answer, StatusCode::UNPROCESSABLE_ENTITY).await, "bad_snapshot");
}

#[tokio::test]
async fn a_blob_is_kept_under_its_own_hash_only() {
    let rig = rig().await;
    let bytes = snapshot(&[("a", "b")]);
    let (right, wrong) = (blake3::hash(&bytes).to_hex().to_string(), "0".repeat(64));
    let put = |id: &str| rig.call(Method::PUT, &format!("/api/v1/blobs/{id}")).body(bytes.clone()).send();
    let head = |id: &str| rig.call(Method::HEAD, &format!("/api/v1/blobs/{id}")).send();
    assert_eq!(refused(put(&wrong).await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY).await, "hash_differs");
    assert_eq!(put(&right).await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(put(&right).await.unwrap().status(), StatusCode::OK);
    assert_eq!(head(&right).await.unwrap().status(), StatusCode::OK);
    assert_eq!(head(&wrong).await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(put("../etc/passwd").await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(std::fs::read_dir(rig.data.path().join("blobs/incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_runner_gets_the_snapshot_of_its_attempt() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let call = rig.call_as(&work.assignment.token, Method::GET, &work.path("source"));
    let bytes = call.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap();
    assert_eq!(bytes, snapshot(&[(".sidings.yml", PIPELINE)]));
}

fn git(at: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(at)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with one commit that has a pipeline and a Dockerfile; gives its address and the commit.
fn repository(at: &Path) -> (String, String) {
    git(at, &["init", "--quiet"]);
    std::fs::write(at.join(".sidings.yml"), PIPELINE.replace("image: debian:bookworm-slim", "build: .")).unwrap();
    std::fs::write(at.join("Dockerfile"), "FROM debian:bookworm-slim\n").unwrap();
    git(at, &["add", "."]);
    git(at, &["commit", "--quiet", "--message", "first\n\nwith a body"]);
    (format!("file://{}", at.display()), git(at, &["rev-parse", "HEAD"]))
}

async fn push(rig: &Rig, reference: &str, after: &str) -> PushAnswer {
    let push = Push { reference: reference.to_owned(), before: "0".repeat(40), after: after.to_owned() };
    json(rig.post("/api/v1/projects/team%2Fweb/pushes", &push).await, StatusCode::ACCEPTED).await
}

#[tokio::test]
async fn a_push_makes_a_run_of_the_commit() {
    let (rig, repo) = (rig().await, tempfile::tempdir().unwrap());
    let (url, commit) = repository(repo.path());
    let new = NewProject { name: "team/web".to_owned(), repo_url: url.clone(), default_branch: String::new() };
    let made: ProjectView = json(rig.post("/api/v1/projects", &new).await, StatusCode::CREATED).await;
    assert_eq!(made.default_branch, "main");
    assert_eq!(rig.get::<Projects>("/api/v1/projects").await.projects, [made]);

    let run = push(&rig, "refs/heads/main", &commit).await.runs.remove(0);
    let of = &run.summary.commit;
    assert_eq!((&*of.author, &*of.message, &of.sha), ("Ada <ada@example.org>", "first\n\nwith a body", &commit));
    assert_eq!((run.summary.trigger, of.branch(), of.before.as_deref()), (Trigger::Push, Some("main"), None));
    assert_eq!(run.summary.state, State::Queued);

    git(repo.path(), &["tag", "--annotate", "v1", "--message", "one"]);
    let tag = git(repo.path(), &["rev-parse", "v1"]);
    let run = push(&rig, "refs/tags/v1", &tag).await.runs.remove(0);
    assert_eq!((run.summary.trigger, &run.summary.commit.sha), (Trigger::Tag, &commit));

    let none = push(&rig, "refs/heads/main", &"0".repeat(40)).await;
    assert_eq!(none.reasons, ["refs/heads/main was removed"]);
    let none = push(&rig, "refs/notes/x", &commit).await;
    assert_eq!(none.reasons, ["refs/notes/x is neither a branch nor a tag"]);

    git(repo.path(), &["rm", "--quiet", ".sidings.yml"]);
    git(repo.path(), &["commit", "--quiet", "--message", "no pipeline"]);
    let none = push(&rig, "refs/heads/main", &git(repo.path(), &["rev-parse", "HEAD"])).await;
    assert!(none.runs.is_empty() && none.reasons[0].contains("sidings init"));
}

#[tokio::test]
async fn a_commit_that_cannot_be_reached_is_said() {
    let (rig, repo) = (rig().await, tempfile::tempdir().unwrap());
    let (url, _) = repository(repo.path());
    let source = Source::Git { url, commit: "1".repeat(40) };
    let (project, trigger, commit) = ("web".to_owned(), Trigger::Manual, Commit::default());
    let answer = rig.post("/api/v1/runs", &SubmitRun::new(project, trigger, source, commit)).await;
    let error = json::<ErrorBody>(answer, StatusCode::UNPROCESSABLE_ENTITY).await.error;
    assert!(error.message.contains(&"1".repeat(40)), "{}", error.message);
}

#[tokio::test]
async fn runs_are_listed_newest_first_by_pages_and_addressed_by_number() {
    let rig = rig().await;
    let runs = [rig.run(PIPELINE).await, rig.run(PIPELINE).await, rig.run(PIPELINE).await];
    let ids = |page: &Runs| page.runs.iter().map(|run| run.number).collect::<Vec<_>>();
    let first: Runs = rig.get("/api/v1/runs?limit=2&project=web").await;
    assert_eq!((ids(&first), first.next), (vec![3, 2], Some(runs[1].summary.id)));
    let second: Runs = rig.get(&format!("/api/v1/runs?limit=2&before={}", first.next.unwrap())).await;
    assert_eq!((ids(&second), second.next), (vec![1], None));
    assert!(ids(&rig.get("/api/v1/runs?project=other").await).is_empty());

    assert_eq!(rig.get::<RunView>("/api/v1/runs/web%402").await, runs[1]);
    let answer = rig.call(Method::GET, "/api/v1/runs/web%409").send().await.unwrap();
    assert_eq!(refused(answer, StatusCode::NOT_FOUND).await, "not_found");
    let answer = rig.call(Method::GET, "/api/v1/runs/web").send().await.unwrap();
    assert_eq!(refused(answer, StatusCode::BAD_REQUEST).await, "bad_request");
}

#[tokio::test]
async fn who_follows_a_run_sees_it_to_its_end() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let path = format!("/api/v1/runs/{}/events", run.summary.id);
    let answer = rig.call(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut events = answer.bytes_stream();
    let mut text = String::new();
    while !text.contains("\n\n") {
        text += std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap();
    }
    assert!(text.starts_with("event: run\ndata: "), "{text}");

    runner.lease(&rig).await.pass(&rig).await;
    while let Some(piece) = events.next().await {
        text += std::str::from_utf8(&piece.unwrap()).unwrap();
    }
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    assert_eq!(serde_json::from_str::<RunView>(last).unwrap(), rig.view(&run).await);
    assert_eq!(rig.view(&run).await.summary.state, State::Ended);
}

#[tokio::test]
async fn a_retry_runs_what_did_not_pass() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(TWO_JOBS).await;
    let retry = |run: &RunView| format!("/api/v1/runs/{}/retry", run.summary.id);
    let failed_only = RetryRun { failed_only: true, exact: false };
    let early = rig.post(&retry(&run), &failed_only).await;
    assert_eq!(refused(early, StatusCode::CONFLICT).await, "conflict");

    runner.lease(&rig).await.pass(&rig).await;
    json::<RunView>(rig.post(&format!("/api/v1/runs/{}/cancel", run.summary.id), &()).await, StatusCode::ACCEPTED)
        .await;
    let again: RunView = json(rig.post(&retry(&run), &failed_only).await, StatusCode::CREATED).await;
    assert_eq!((again.retry_of, again.summary.number), (Some(run.summary.id), 2));
    let Some(Verdict::Skipped { reason, .. }) = &again.jobs[0].verdict else { panic!("it runs again") };
    assert_eq!(reason, "passed in run 1");

    let work = runner.lease(&rig).await;
    assert_eq!(work.assignment.job_name, "test");
    work.pass(&rig).await;
    assert_eq!(rig.view(&again).await.summary.verdict, Some(Verdict::Passed));
    let whole: RunView = json(rig.post(&retry(&again), &RetryRun::default()).await, StatusCode::CREATED).await;
    assert_eq!(whole.jobs[0].state, State::Queued);
}

#[tokio::test]
async fn what_the_api_does_not_know_it_says() {
    let rig = rig().await;
    let unknown = rig.post("/api/v1/projects", &serde_json::json!({ "name": "a", "what": 1 })).await;
    assert_eq!(refused(unknown, StatusCode::BAD_REQUEST).await, "bad_request");
    for name in ["", "Web", "-a", "a b"] {
        let new = NewProject { name: name.to_owned(), repo_url: String::new(), default_branch: String::new() };
        assert_eq!(refused(rig.post("/api/v1/projects", &new).await, StatusCode::BAD_REQUEST).await, "bad_request");
    }
    let nowhere = rig.call(Method::GET, "/api/v1/nothing").send().await.unwrap();
    assert_eq!(refused(nowhere, StatusCode::NOT_FOUND).await, "not_found");
    let method = rig.call(Method::DELETE, "/api/v1/runs").send().await.unwrap();
    assert_eq!(refused(method, StatusCode::METHOD_NOT_ALLOWED).await, "method_not_allowed");
    let long = rig.post("/api/v1/projects", &"x".repeat(1024 * 1024)).await;
    assert_eq!(refused(long, StatusCode::PAYLOAD_TOO_LARGE).await, "too_large");
}

#[tokio::test]
async fn a_controller_that_cannot_read_its_store_is_not_healthy() {
    let rig = rig().await;
    let healthz = async || rig.call(Method::GET, "/healthz").send().await.unwrap();
    assert_eq!(healthz().await.status(), StatusCode::OK);
    let database = format!("sqlite://{}", rig.data.path().join("sidings.db").display());
    let mut connection = sqlx::AnyConnection::connect(&database).await.unwrap();
    connection.execute("ALTER TABLE projects RENAME TO elsewhere").await.unwrap();
    assert_eq!(refused(healthz().await, StatusCode::SERVICE_UNAVAILABLE).await, "unhealthy");
    connection.execute("ALTER TABLE elsewhere RENAME TO projects").await.unwrap();
    assert_eq!(healthz().await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_first_page_health_metrics_and_description_need_no_token() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    runner.lease(&rig).await.pass(&rig).await;
    rig.run(PIPELINE).await;
    let bare = crate::rig::client();
    let get = async |path: &str| {
        bare.get(format!("{}{path}", rig.controller.url())).send().await.unwrap().text().await.unwrap()
    };
    assert!(get("/").await.contains("API token"));
    assert_eq!(get("/healthz").await, "ok\n");
    assert_eq!(get("/api/v1/openapi.json").await, sidings_controller::openapi());
    let metrics = get("/metrics").await;
    for line in [
        "sidings_runs_ended_total{verdict=\"passed\"} 1",
        "sidings_jobs_ended_total{verdict=\"passed\"} 1",
        "sidings_jobs{state=\"queued\"} 1",
        "sidings_runners{state=\"up\"} 1",
        "sidings_wanted_slots{labels=\"os=linux\"} 1",
        "sidings_queue_seconds_count 1",
    ] {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
}

#[test]
fn the_checked_in_description_is_the_one_that_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let served = sidings_controller::openapi();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &served).unwrap();
    }
    assert!(std::fs::read_to_string(file).unwrap() == served, "docs/openapi.json is old: run with UPDATE_OPENAPI=1");
}

#[tokio::test]
async fn runs_are_found_by_all_that_is_said_of_them() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let blob = rig.upload(&[(".sidings.yml", PIPELINE)]).await;
    for (branch, author) in [("main", "Ada <ada@example.org>"), ("topic", "Ada <ada@example.org>"), ("main", "Bo")] {
        let (reference, author) = (format!("refs/heads/{branch}"), author.to_owned());
        let commit = Commit { sha: "0".repeat(40), reference, author, ..Commit::default() };
        let source = Source::Snapshot { blob: blob.clone() };
        let asked = SubmitRun::new("web".to_owned(), Trigger::Manual, source, commit);
        json::<RunView>(rig.post("/api/v1/runs", &asked).await, StatusCode::CREATED).await;
    }
    runner.lease(&rig).await.pass(&rig).await;
    let numbers = async |query: &str| {
        let runs: Runs = rig.get(&format!("/api/v1/runs?{query}")).await;
        runs.runs.iter().map(|run| run.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers("project=web").await, [3, 2, 1]);
    assert_eq!(numbers("branch=main").await, [3, 1]);
    assert_eq!(numbers("branch=main&author=Ada").await, [1]);
    assert_eq!(numbers("branch=refs/heads/topic&author=A").await, [2]);
    assert_eq!(numbers("state=passed").await, [1]);
    assert_eq!(numbers("state=queued&branch=main").await, [3]);
    assert_eq!(numbers("image=00").await, [0; 0]);
    for (wrong, said) in [("state=gone", "bad_request"), ("image=%25", "bad_key"), ("branches=main", "bad_request")] {
        let answer = rig.call(Method::GET, &format!("/api/v1/runs?{wrong}")).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_client_error(), "{wrong}: {status}");
        assert_eq!(refused(answer, status).await, said, "{wrong}");
    }
}

/// The names of all shapes that a part of the description leads to.
fn reached(part: &Value, shapes: &Value, found: &mut BTreeSet<String>) {
    let name = part["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/schemas/"));
    if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
        reached(&shapes[name], shapes, found);
    }
    let fields = part.as_object().into_iter().flat_map(|fields| fields.values());
    fields.chain(part.as_array().into_iter().flatten()).for_each(|part| reached(part, shapes, found));
}

/// An older `sidings` reads what a newer controller answers; what somebody asks for by a wrong name is refused.
#[test]
fn answers_may_have_fields_that_nobody_knows_and_questions_may_not() {
    let all: Value = serde_json::from_str(&sidings_controller::openapi()).unwrap();
    let shapes = &all["components"]["schemas"];
    let (mut answered, mut asked) = (BTreeSet::new(), BTreeSet::new());
    let operations = all["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for operation in operations.filter(|operation| operation["tags"][0] == "api") {
        reached(&operation["responses"], shapes, &mut answered);
        reached(&operation["requestBody"], shapes, &mut asked);
    }
    let is_strict = |name: &&String| shapes[name.as_str()].to_string().contains(r#""additionalProperties":false"#);
    assert!(asked.iter().filter(is_strict).count() > 10, "{asked:?}");
    assert!(answered.len() > 60, "{answered:?}");
    let strict: Vec<&String> = answered.difference(&asked).filter(is_strict).collect();
    assert!(strict.is_empty(), "an older client cannot read these when they get another field: {strict:?}");
}

#[tokio::test]
async fn a_run_is_of_a_ref_that_may_be_one_or_of_none() {
    let rig = rig().await;
    let blob = rig.upload(&[(".sidings.yml", PIPELINE)]).await;
    let submit = async |reference: &str, project: &str| {
        let commit = Commit { sha: "0".repeat(40), reference: reference.to_owned(), ..Commit::default() };
        let source = Source::Snapshot { blob: blob.clone() };
        let asked = SubmitRun::new(project.to_owned(), Trigger::Manual, source, commit);
        rig.post("/api/v1/runs", &asked).await
    };
    let odd =
        ["main", "--upload-pack=x", "refs/heads/../x", "refs/heads/a b", "refs//x", "refs/heads/\u{1b}[2J", "x.lock"];
    for reference in odd {
        let answer = submit(reference, "odd").await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{reference}");
        let text = answer.text().await.unwrap();
        assert!(text.contains("expected a full ref such as refs/heads/main") && !text.contains('\u{1b}'), "{text}");
    }
    let projects: Projects = rig.get("/api/v1/projects").await;
    assert!(projects.projects.is_empty(), "nothing is made of what was refused");
    for reference in ["", "refs/heads/feature/x", "refs/pull/7/head", "HEAD"] {
        assert_eq!(submit(reference, "web").await.status(), StatusCode::CREATED, "{reference}");
    }
}
