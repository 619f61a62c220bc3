//! Conditions, matrices and copies on real containers: what cleans up, what is counted, what is told.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, tree};
use expect_test::expect;

#[tokio::test]
async fn steps_clean_up_after_a_failure_and_jobs_tell_of_it() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 2).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  test:
    steps:
      - { name: server, run: echo started > state }
      - { name: unit, run: exit 7 }
      - { name: report, run: echo never }
      - { name: save, run: cat state; echo saved >> state, when: { status: failure } }
      - { name: stop, run: cat state, when: { status: always } }
  tell:
    needs: test
    when: { status: failure }
    steps: [{ name: page, run: echo it failed }]
  celebrate:
    needs: tell
    when: { status: failure }
    steps: [{ name: cheer, run: echo never }]
  fine:
    steps:
      - { name: work, run: 'true' }
      - { name: save, run: echo never, when: { status: failure } }
  publish:
    needs: [test, { job: docs, optional: true }]
    steps: [{ name: push, run: echo never }]
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: failed (step_failed)
        test: failed (step_failed), attempts 1
          server: passed, code 0
          unit: failed (step_failed), code 7
          report: skipped
          save: passed, code 0
          stop: passed, code 0
        tell: passed, attempts 1
          page: passed, code 0
        celebrate: skipped, attempts 0
          cheer: none
        fine: passed, attempts 1
          work: passed, code 0
          save: skipped
        publish: skipped, attempts 0
          push: none
    "#]]
    .assert_eq(&verdicts(&view));
    assert_eq!(fleet.client.log(job_of(&view, "test"), 4).await, "started\n");
    assert_eq!(fleet.client.log(job_of(&view, "test"), 5).await, "started\nsaved\n");
    runner.until_tidy().await;
}

#[tokio::test]
async fn every_job_of_a_matrix_has_its_values_and_knows_which_copy_it_is() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 4).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  test:
    matrix:
      db: ['15', '16']
      exclude: [{ db: '15', when: { event: manual } }]
      include: [{ db: 9.10 }]
    parallelism: 2
    environment: { DB: '${matrix.db}' }
    steps:
      - { name: 'with ${matrix.db}', run: 'echo ${matrix.db} $DB $CI_NODE_INDEX/$CI_NODE_TOTAL $CI_JOB_NAME' }
  after:
    needs: test
    steps: [{ name: all, run: 'echo $CI_NODE_INDEX/$CI_NODE_TOTAL' }]
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: passed
        test (16) 1/2: passed, attempts 1
          with 16: passed, code 0
        test (16) 2/2: passed, attempts 1
          with 16: passed, code 0
        test (9.10) 1/2: passed, attempts 1
          with 9.10: passed, code 0
        test (9.10) 2/2: passed, attempts 1
          with 9.10: passed, code 0
        after: passed, attempts 1
          all: passed, code 0
    "#]]
    .assert_eq(&verdicts(&view));
    assert_eq!(fleet.client.log(job_of(&view, "test (16) 1/2"), 1).await, "16 16 1/2 test (16) 1/2\n");
    assert_eq!(fleet.client.log(job_of(&view, "test (9.10) 2/2"), 1).await, "9.10 9.10 2/2 test (9.10) 2/2\n");
    assert_eq!(fleet.client.log(job_of(&view, "after"), 1).await, "1/1\n");
    let (code, stdout, stderr) = fleet.sidings(&tree, &["logs", "test@1", "test (16) 2/2"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("16 16 2/2 test (16) 2/2"), "{stdout}");
}
