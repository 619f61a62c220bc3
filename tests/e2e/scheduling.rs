//! What a pipeline says of limits and tries, on real containers.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, tree};
use expect_test::expect;
use sidings_proto::api::{RunView, WaitFor};

const PIPELINE: &str = "\
image: debian:bookworm-slim
jobs:
  limits:
    resources: { cpus: 0.5, memory: 96MiB, pids: 321 }
    steps:
      - name: read
        run: |
          cd /sys/fs/cgroup
          cat pids/pids.max memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us 2>/dev/null ||
            cat pids.max memory.max cpu.max
      - name: more
        resources: { memory: 128MiB }
        run: |
          cd /sys/fs/cgroup
          cat pids/pids.max memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us 2>/dev/null ||
            cat pids.max memory.max cpu.max
  flaky:
    retry: 1
    steps:
      - { name: unit, run: 'echo attempt $CI_JOB_ATTEMPT; test $CI_JOB_ATTEMPT = 2' }
";

fn is_limited(log: &str, memory: &str) {
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[..2], ["321", memory], "{log}");
    assert!(lines[2].starts_with("50000"), "{log}");
}

#[tokio::test]
async fn limits_hold_in_the_containers_and_a_failed_job_is_tried_again() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", PIPELINE)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: passed
        limits: passed, attempts 1
          read: passed, code 0
          more: passed, code 0
        flaky: passed, attempts 2
          unit: passed, code 0
    "#]]
    .assert_eq(&verdicts(&view));
    is_limited(&fleet.client.log(job_of(&view, "limits"), 1).await, "100663296");
    is_limited(&fleet.client.log(job_of(&view, "limits"), 2).await, "134217728");
    let words: Vec<_> = job_of(&view, "flaky").attempts.iter().map(|a| a.verdict.as_ref().unwrap().word()).collect();
    assert_eq!(words, ["failed", "passed"]);
    let first = ["logs", "latest", "flaky", "unit", "--attempt", "1", "--project", "test"];
    assert_eq!(fleet.sidings(&tree, &first).1, "attempt 1\n");
    let (_, shown, _) = fleet.sidings(&tree, &["show", "latest", "--project", "test"]);
    assert!(shown.contains("attempt 2 (before: step_failed)"), "{shown}");
}

#[tokio::test]
async fn a_job_that_no_runner_may_have_says_what_is_missing() {
    let fleet = Fleet::start().await;
    let _runner = fleet.warm_runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  huge: { resources: { cpus: 1000 }, steps: [{ run: 'true' }] }
  gpu: { labels: { gpu: true }, steps: [{ run: 'true' }] }
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let run = submit(&fleet, &tree);
    let view = fleet.client.run(run).await;
    let kinds: Vec<_> = view.jobs.iter().map(|job| job.wait.as_ref().unwrap().kind).collect();
    assert_eq!(kinds, [WaitFor::Resources, WaitFor::Labels]);
    let (_, shown, _) = fleet.sidings(&tree, &["show", "latest", "--project", "test"]);
    assert!(shown.contains("no runner has 1000 cpus; the largest has "), "{shown}");
    assert!(shown.contains("no runner with gpu=true"), "{shown}");
    fleet.client.cancel(run).await;
    assert_eq!(fleet.client.until_ended(run).await.summary.verdict.unwrap().word(), "cancelled");
}

#[tokio::test]
async fn a_person_lets_a_job_run() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  test: { steps: [{ run: 'true' }] }
  ship: { needs: test, approval: true, steps: [{ name: go, run: echo shipped }] }
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let run = submit(&fleet, &tree);
    let waits = |view: &RunView| {
        let wait = job_of(view, "ship").wait.as_ref()?;
        (wait.kind == WaitFor::Approval).then_some(())
    };
    fleet.client.until(run, "ship waits for a person", waits).await;
    let (code, told, _) = fleet.sidings(&tree, &["approve", "latest", "ship", "--project", "test"]);
    assert_eq!((code, told.as_str()), (0, "test@1: ship may run\n"));
    let view = fleet.client.until_ended(run).await;
    assert_eq!(view.summary.verdict.as_ref().map(|verdict| verdict.word()), Some("passed"), "{}", verdicts(&view));
    assert_eq!(job_of(&view, "ship").approved.as_ref().unwrap().by, "first");
}
