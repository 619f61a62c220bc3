//! What waits for something newer, older, or a person, over HTTP and over restarts.

use crate::rig::{Rig, json, refused, rig};
use reqwest::{Method, Response, StatusCode};
use sidings_proto::StopReason;
use sidings_proto::api::{RunView, State, WaitFor};

fn pipeline(top: &str, jobs: &str) -> String {
    format!("image: debian:bookworm-slim\n{top}jobs:\n{jobs}")
}

fn wait(view: &RunView, job: usize) -> (WaitFor, String) {
    let wait = view.jobs[job].wait.clone().unwrap();
    (wait.kind, wait.message)
}

async fn approve(rig: &Rig, view: &RunView, job: usize) -> Response {
    rig.call(Method::POST, &format!("/api/v1/jobs/{}/approval", view.jobs[job].id)).send().await.unwrap()
}

#[tokio::test]
async fn runs_of_a_group_wait_for_one_another_also_over_a_restart() {
    let rig = rig().await;
    let runner = rig.runner().await;
    // `main` is the default branch, so nothing is cancelled.
    let text = pipeline(
        "concurrency: { group: \"on ${CI_COMMIT_BRANCH}\", cancel: running }\n",
        "  a: { steps: [{ run: make }] }\n",
    );
    let (first, second) = (rig.run(&text).await, rig.run(&text).await);
    assert_eq!(second.jobs[0].state, State::Waiting);
    assert_eq!(wait(&second, 0), (WaitFor::Group, "group \"on main\" is held by run 1".to_owned()));

    let work = runner.lease(&rig).await;
    assert_eq!(work.assignment.run.id, first.summary.id);
    let rig = rig.restart().await;
    runner.hello(&rig).await;
    assert_eq!(wait(&rig.view(&second).await, 0).0, WaitFor::Group);
    work.pass(&rig).await;
    assert_eq!(rig.view(&first).await.summary.state, State::Ended);
    assert_eq!(runner.lease(&rig).await.assignment.run.id, second.summary.id);
}

#[tokio::test]
async fn a_newer_run_of_a_branch_takes_the_place_of_an_older_one() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let text = pipeline("concurrency: { group: web, cancel: running }\n", "  a: { steps: [{ run: make }] }\n");
    let first = rig.run_of("refs/heads/topic", &text).await;
    let work = runner.lease(&rig).await;
    let second = rig.run_of("refs/heads/topic", &text).await;
    assert_eq!(rig.view(&first).await.stopped, Some(StopReason::Superseded { by: 2 }));
    work.finish(&rig, &work.cancelled()).await;
    assert_eq!(rig.view(&first).await.summary.verdict.unwrap().word(), "cancelled");
    assert_eq!(runner.lease(&rig).await.assignment.run.id, second.summary.id);
}

#[tokio::test]
async fn a_newer_job_takes_the_place_of_an_older_one_and_says_so() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let jobs = "  preview: { concurrency: { group: preview, cancel: running }, steps: [{ run: make }] }\n  \
        test: { steps: [{ run: make test }] }\n";
    let first = rig.run_of("refs/heads/topic", &pipeline("", jobs)).await;
    let work = runner.lease(&rig).await;
    assert_eq!(work.assignment.job_name, "preview");
    rig.run_of("refs/heads/other", &pipeline("", jobs)).await;
    let rig = rig.restart().await;
    runner.hello(&rig).await;
    work.finish(&rig, &work.cancelled()).await;
    let view = rig.view(&first).await;
    assert_eq!(view.jobs[0].stopped, Some(StopReason::Superseded { by: 2 }));
    assert_eq!(view.jobs[0].verdict.as_ref().unwrap().word(), "cancelled");
    assert_eq!((view.jobs[1].state, view.stopped), (State::Queued, None));
}

#[tokio::test]
async fn a_job_waits_for_a_person_who_may() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let jobs = "  test: { steps: [{ run: make test }] }\n  \
        ship: { needs: test, approval: { from: [first] }, steps: [{ run: make ship }] }\n  \
        other: { approval: { from: [release] }, steps: [{ run: make other }] }\n  \
        any: { approval: true, steps: [{ run: make any }] }\n";
    let run = rig.run(&pipeline("", jobs)).await;
    assert_eq!(wait(&run, 1), (WaitFor::Needs, "needs test".to_owned()));
    assert_eq!(wait(&run, 2), (WaitFor::Approval, "needs the approval of release".to_owned()));
    assert_eq!(refused(approve(&rig, &run, 0).await, StatusCode::CONFLICT).await, "conflict");
    assert_eq!(refused(approve(&rig, &run, 1).await, StatusCode::CONFLICT).await, "conflict");
    assert_eq!(refused(approve(&rig, &run, 2).await, StatusCode::FORBIDDEN).await, "forbidden");

    runner.lease(&rig).await.pass(&rig).await;
    assert_eq!(wait(&rig.view(&run).await, 1).0, WaitFor::Approval);
    let rig = rig.restart().await;
    runner.hello(&rig).await;
    let view: RunView = json(approve(&rig, &run, 1).await, StatusCode::OK).await;
    assert_eq!((view.jobs[1].state, &*view.jobs[1].approved.as_ref().unwrap().by), (State::Queued, "first"));
    let again: RunView = json(approve(&rig, &run, 1).await, StatusCode::OK).await;
    assert_eq!(again.jobs[1].approved, view.jobs[1].approved);
    let rig = rig.restart().await;
    runner.hello(&rig).await;
    assert_eq!(runner.lease(&rig).await.assignment.job_name, "ship");
}
