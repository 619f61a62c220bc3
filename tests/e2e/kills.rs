//! What must survive `kill -9`, and a runner that is asked to go.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, tree};
use std::path::Path;

/// A step that says it is there, waits for the file `go`, and counts.
const PATIENT: &str = "\
image: debian:bookworm-slim
jobs:
  patient:
    steps:
      - name: wait
        run: |
          echo started as attempt $CI_JOB_ATTEMPT
          until [ -e go ]; do sleep 0.05; done
          for i in $(seq 1 2000); do echo line $i; done
";

fn let_go(workspace: &Path) {
    std::fs::write(workspace.join("go"), "").unwrap();
}

fn whole_log(attempt: u64) -> String {
    let lines: String = (1..=2000).map(|i| format!("line {i}\n")).collect();
    format!("started as attempt {attempt}\n{lines}")
}

#[tokio::test]
async fn the_job_of_a_killed_runner_runs_again_and_leaves_no_container() {
    let fleet = Fleet::start().await;
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", PATIENT)]);
    let first = fleet.runner("a", 1).await;
    let run = submit(&fleet, &tree);
    let attempt = fleet.client.until_running(run, "patient", 1).await;
    assert_eq!(attempt.fence, 1);
    first.process.kill();

    let second = fleet.runner("a", 1).await;
    let again = fleet
        .client
        .until(run, "attempt 2", |view| {
            let job = job_of(view, "patient");
            let last = job.attempts.last()?;
            let running = job.steps[0].started.is_some() && job.steps[0].ended.is_none();
            (last.fence == 2 && running).then_some(sidings_proto::AttemptId { job: job.id, fence: 2 })
        })
        .await;
    // Its own may not be up yet.
    assert!(second.step_containers().len() <= 1, "the first life's container is gone");
    let_go(&second.workspace(again));
    let view = fleet.client.until_ended(run).await;
    assert_eq!(verdicts(&view), "run: passed\npatient: passed, attempts 2\n  wait: passed, code 0\n");
    assert_eq!(fleet.client.log(job_of(&view, "patient"), 1).await, whole_log(2));
    second.until_tidy().await;
}

#[tokio::test]
async fn a_job_outlives_its_killed_controller_with_its_log_whole() {
    let mut fleet = Fleet::start().await;
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", PATIENT)]);
    let runner = fleet.runner("a", 1).await;
    let run = submit(&fleet, &tree);
    let attempt = fleet.client.until_running(run, "patient", 1).await;
    fleet.kill_controller();
    let_go(&runner.workspace(attempt));
    // The step ends while nobody listens: its record appears beside its log.
    let record = runner.workspace(attempt).with_file_name("steps").join("1").join("exit.json");
    while !record.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    fleet.start_controller().await;
    let view = fleet.client.until_ended(run).await;
    assert_eq!(verdicts(&view), "run: passed\npatient: passed, attempts 1\n  wait: passed, code 0\n");
    assert_eq!(fleet.client.log(job_of(&view, "patient"), 1).await, whole_log(1));
}

#[tokio::test]
async fn a_runner_that_is_asked_to_go_finishes_its_job_first() {
    let fleet = Fleet::start().await;
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", PATIENT)]);
    let mut runner = fleet.runner("a", 1).await;
    let run = submit(&fleet, &tree);
    let attempt = fleet.client.until_running(run, "patient", 1).await;
    runner.process.terminate();
    let_go(&runner.workspace(attempt));
    assert!(runner.process.wait().success());
    let view = fleet.client.until_ended(run).await;
    assert_eq!(verdicts(&view), "run: passed\npatient: passed, attempts 1\n  wait: passed, code 0\n");
}

#[tokio::test]
async fn two_runners_share_the_jobs_of_one_run() {
    let fleet = Fleet::start().await;
    // Each job waits until the other one has been started, which needs both runners at once.
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  left:
    steps: [{ name: meet, run: 'until [ -e go ]; do sleep 0.05; done' }]
  right:
    steps: [{ name: meet, run: 'until [ -e go ]; do sleep 0.05; done' }]
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let runners = [fleet.runner("a", 1).await, fleet.runner("b", 1).await];
    let run = submit(&fleet, &tree);
    for job in ["left", "right"] {
        fleet.client.until_running(run, job, 1).await;
    }
    let view = fleet.client.run(run).await;
    let names: std::collections::BTreeSet<_> =
        view.jobs.iter().map(|job| job.attempts[0].runner_name.clone()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    for job in &view.jobs {
        let attempt = sidings_proto::AttemptId { job: job.id, fence: 1 };
        let workspace = runners.iter().map(|runner| runner.workspace(attempt)).find(|path| path.exists());
        let_go(&workspace.expect("one runner has it"));
    }
    let view = fleet.client.until_ended(run).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}", verdicts(&view));
}
