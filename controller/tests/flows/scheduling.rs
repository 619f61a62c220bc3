//! What people see of where, how often and after whom jobs run.

use crate::rig::{Rig, json, rig};
use reqwest::{Method, StatusCode};
use sidings_proto::api::{RunView, State, WaitFor};
use sidings_proto::{FailureClass, LifeId, Resources, StopReason, Verdict};

fn pipeline(jobs: &str) -> String {
    format!("image: debian:bookworm-slim\n{jobs}")
}

async fn waits(rig: &Rig, run: &RunView) -> Vec<String> {
    let jobs = rig.view(run).await.jobs;
    jobs.into_iter().filter_map(|job| Some(format!("{}: {}", job.name, job.wait?.message))).collect()
}

#[tokio::test]
async fn a_job_waits_for_a_runner_with_its_labels_and_says_so() {
    let rig = rig().await;
    let plain = rig.runner().await;
    let text = "labels: { os: linux }\njobs:\n  train: { labels: { gpu: true }, steps: [{ run: make }] }\n  \
        lint: { steps: [{ run: make lint }] }\n  ship: { needs: train, steps: [{ run: make ship }] }\n";
    let run = rig.run(&pipeline(text)).await;
    assert_eq!(plain.lease(&rig).await.assignment.job_name, "lint");
    assert_eq!(waits(&rig, &run).await, ["train: no runner with gpu=true", "ship: needs train"]);
    let view = rig.view(&run).await;
    assert_eq!(view.jobs[0].wait.as_ref().map(|wait| wait.kind), Some(WaitFor::Labels));

    let mut gpu = rig.runner().await;
    gpu.life = LifeId::new();
    gpu.hello_with(&rig, &[("os", "linux"), ("gpu", "true")], Resources::default()).await;
    let work = gpu.lease(&rig).await;
    assert_eq!(work.assignment.job_name, "train");
    assert_eq!(waits(&rig, &run).await, ["ship: needs train"]);
}

#[tokio::test]
async fn a_job_that_is_larger_than_every_runner_says_so() {
    let rig = rig().await;
    let mut small = rig.runner().await;
    small.life = LifeId::new();
    let has = Resources { milli_cpus: Some(2000), memory: Some(4 << 30), pids: None };
    small.hello_with(&rig, &[], has).await;
    let text = "jobs:\n  big: { resources: { cpus: 16 }, steps: [{ run: make }] }\n  \
        fits: { resources: { cpus: 2, memory: 4GiB, pids: 99 }, steps: [{ run: make }] }\n";
    let run = rig.run(&pipeline(text)).await;
    let work = small.lease(&rig).await;
    assert_eq!(work.assignment.job_name, "fits");
    let told = work.assignment.spec.stages[0].steps[0].resources;
    assert_eq!(told, Resources { milli_cpus: Some(2000), memory: Some(4 << 30), pids: Some(99) });
    let waits = waits(&rig, &run).await;
    assert_eq!(waits, ["big: no runner has 16 cpus; the largest has 2 cpus and 4 GiB of memory"]);
    let runners: serde_json::Value = rig.get("/api/v1/runners").await;
    assert_eq!(runners["runners"][0]["resources"]["milli_cpus"], 2000);
}

#[tokio::test]
async fn tries_are_counted_over_a_restart_and_each_is_kept() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run =
        rig.run(&pipeline("jobs:\n  flaky: { retry: { max: 1, on: step_failed }, steps: [{ run: make }] }\n")).await;
    let first = runner.lease(&rig).await;
    assert_eq!(first.finish(&rig, &first.failed(FailureClass::StepFailed)).await["answer"], "accepted");
    let job = rig.view(&run).await.jobs.remove(0);
    assert_eq!((job.state, job.attempts.len(), job.verdict), (State::Queued, 1, None));

    let rig = rig.restart().await;
    runner.hello(&rig).await;
    let second = runner.lease(&rig).await;
    assert_eq!(second.assignment.attempt.fence, 2);
    second.finish(&rig, &second.failed(FailureClass::StepFailed)).await;
    let ended = rig.view(&run).await;
    let Some(Verdict::Failed(failure)) = ended.summary.verdict else { panic!("it failed twice") };
    assert_eq!((failure.class, ended.jobs[0].attempts.len()), (FailureClass::StepFailed, 2));
    let verdicts: Vec<_> =
        ended.jobs[0].attempts.iter().map(|attempt| attempt.verdict.as_ref().unwrap().word()).collect();
    assert_eq!(verdicts, ["failed", "failed"]);
}

#[tokio::test]
async fn where_failing_is_fast_the_run_says_why_it_stopped() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let text = "fail_fast: true\njobs:\n  lint: { steps: [{ run: make lint }] }\n  \
        unit: { steps: [{ run: make unit }] }\n  docs: { steps: [{ run: make docs }] }\n";
    let run = rig.run(&pipeline(text)).await;
    let (lint, unit) = (runner.lease(&rig).await, runner.lease(&rig).await);
    lint.finish(&rig, &lint.failed(FailureClass::StepFailed)).await;
    unit.finish(&rig, &unit.cancelled()).await;
    let rig = rig.restart().await;
    let ended = rig.view(&run).await;
    assert_eq!(ended.stopped, Some(StopReason::FailFast { job: "lint".to_owned() }));
    let words: Vec<_> = ended.jobs.iter().map(|job| job.verdict.as_ref().unwrap().word()).collect();
    assert_eq!(words, ["failed", "cancelled", "skipped"]);
    assert_eq!(ended.summary.verdict.unwrap().word(), "failed");
}

#[tokio::test]
async fn a_run_that_somebody_cancelled_says_so() {
    let rig = rig().await;
    let run = rig.run(&pipeline("jobs:\n  unit: { steps: [{ run: make unit }] }\n")).await;
    let answer = rig.call(Method::POST, &format!("/api/v1/runs/{}/cancel", run.summary.id)).send().await.unwrap();
    let view: RunView = json(answer, StatusCode::ACCEPTED).await;
    assert_eq!(view.stopped, Some(StopReason::Asked));
}
