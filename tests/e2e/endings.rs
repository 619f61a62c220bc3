//! How jobs end: a failing step, a timeout, a cancel, a Dockerfile that does not build.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, tree};
use expect_test::expect;

#[tokio::test]
async fn a_failing_step_ends_its_job_and_holds_back_those_that_need_it() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  test:
    steps:
      - { name: tolerated, run: exit 3, allow_failure: true }
      - { name: unit, run: echo before; exit 7 }
      - { name: report, run: echo never }
  publish:
    needs: test
    steps: [{ name: push, run: echo never }]
  apart:
    steps: [{ name: fine, run: 'true' }]
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: failed (step_failed)
        test: failed (step_failed), attempts 1
          tolerated: failed (step_failed), code 3
          unit: failed (step_failed), code 7
          report: skipped
        publish: skipped, attempts 0
          push: none
        apart: passed, attempts 1
          fine: passed, code 0
    "#]]
    .assert_eq(&verdicts(&view));
    assert_eq!(fleet.client.log(job_of(&view, "test"), 2).await, "before\n");
    let (code, stdout, _) = fleet.sidings(&tree, &["logs", "latest", "--follow", "--project", "test"]);
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("unit") && stdout.contains("code 7"), "{stdout}");
}

#[tokio::test]
async fn a_run_that_takes_longer_than_it_may_has_failed() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let pipeline = "\
image: debian:bookworm-slim
timeout: 20s
jobs:
  quick: { steps: [{ name: fine, run: 'true' }] }
  slow: { steps: [{ name: hang, run: sleep 600 }] }
  after: { needs: slow, steps: [{ name: never, run: 'true' }] }
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: failed (timed_out)
        quick: passed, attempts 1
          fine: passed, code 0
        slow: cancelled, attempts 1
          hang: cancelled, code 143
        after: cancelled, attempts 0
          never: none
    "#]]
    .assert_eq(&verdicts(&view));
    let (code, stdout, _) = fleet.sidings(&tree, &["show", "test@1"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("the run took longer than 20 s"), "{stdout}");
}

#[tokio::test]
async fn a_script_is_given_to_the_shell_that_its_job_or_step_names() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  test:
    shell: bash -eo pipefail -c
    steps:
      - { name: array, run: 'words=(one two); echo ${words[1]}' }
      - { name: commands, commands: ['[[ x == x ]]', 'echo ${BASH_VERSION:+bash}'] }
      - { name: perl, shell: perl -e, run: 'print \"pearl\\n\"' }
      - { name: pipe, run: false | cat }
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: failed (step_failed)
        test: failed (step_failed), attempts 1
          array: passed, code 0
          commands: passed, code 0
          perl: passed, code 0
          pipe: failed (step_failed), code 1
    "#]]
    .assert_eq(&verdicts(&view));
    let mut logs = String::new();
    for step in 1..=3 {
        logs += &fleet.client.log(job_of(&view, "test"), step).await;
    }
    assert_eq!(logs, "two\n$ [[ x == x ]]\n$ echo ${BASH_VERSION:+bash}\nbash\npearl\n");
}

#[tokio::test]
async fn a_step_over_its_time_is_killed() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  slow:
    steps:
      - { name: hang, run: echo hanging; sleep 600, timeout: 1s }
      - { name: after, run: echo never }
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: failed (timed_out)
        slow: failed (timed_out), attempts 1
          hang: failed (timed_out), code 143
          after: skipped
    "#]]
    .assert_eq(&verdicts(&view));
    assert_eq!(fleet.client.log(job_of(&view, "slow"), 1).await, "hanging\n");
    runner.until_tidy().await;
}

#[tokio::test]
async fn a_cancelled_run_stops_what_runs_and_starts_nothing_more() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  long:
    steps: [{ name: hang, run: sleep 600 }]
  later:
    needs: long
    steps: [{ name: never, run: 'true' }]
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let run = submit(&fleet, &tree);
    fleet.client.until_running(run, "long", 1).await;
    fleet.client.cancel(run).await;
    let view = fleet.client.until_ended(run).await;
    assert_eq!(view.summary.verdict.as_ref().map(|v| v.word()), Some("cancelled"), "{}", verdicts(&view));
    assert_eq!(job_of(&view, "long").verdict.as_ref().map(|v| v.word()), Some("cancelled"));
    assert_eq!(job_of(&view, "later").attempts.len(), 0);
    runner.until_tidy().await;
}

#[tokio::test]
async fn a_dockerfile_that_does_not_build_shows_its_line_and_output() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let dockerfile = "FROM debian:bookworm-slim\nRUN echo fetching the compiler\nRUN echo no such package; exit 9\n";
    let pipeline = "build: .\njobs:\n  test:\n    steps: [{ name: unit, run: 'true' }]\n";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline), ("Dockerfile", dockerfile)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    let job = job_of(&view, "test");
    let Some(sidings_proto::Verdict::Failed(failure)) = &job.verdict else { panic!("{}", verdicts(&view)) };
    assert_eq!(failure.class.as_str(), "image_build_failed");
    assert!(failure.message.contains("Dockerfile:3"), "{}", failure.message);
    let setup = fleet.client.log(job, 0).await;
    assert!(setup.contains("no such package"), "{setup}");
}

#[tokio::test]
async fn an_image_that_is_larger_than_the_policy_allows_is_not_used() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let files = [
        (".sidings.yml", "build: .\njobs: { look: { steps: [{ run: 'true' }] } }\n"),
        (".sidings/policy.yml", "image_size: { warn: 1MiB, deny: 2MiB }\n"),
        ("Dockerfile", "FROM debian:bookworm-slim\nRUN mkdir /opt/large\n"),
    ];
    let view = fleet.client.until_ended(submit(&fleet, &tree(fleet.path("tree"), &files))).await;
    let Some(sidings_proto::Verdict::Failed(failure)) = &view.jobs[0].verdict else { panic!("{view:#?}") };
    assert_eq!(failure.class.as_str(), "image_build_failed");
    assert!(
        failure.message.contains("more than the 2.1 MB that the policy allows (`image_size`)"),
        "{}",
        failure.message
    );
}
