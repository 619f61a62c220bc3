use super::bench::{Bench, Fault, in_order, of_stages, step};
use expect_test::expect;
use sidings_proto::{Command, Environment, Source, Stage, Step};
use std::sync::atomic::Ordering;

#[tokio::test(start_paused = true)]
async fn steps_run_in_order_and_each_says_what_it_printed() {
    let job = in_order([step(1, "echo one"), step(2, "sleep 5\necho two")]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 passed, code 0, log "one\n"
        step 2 started
        step 2 passed, code 0, log "two\n"
        phase Teardown
        finish: passed
          step 1: passed
          step 2: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_step_ends_the_job() {
    let job = in_order([step(1, "exit 3"), step(2, "echo never")]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 3, log ""
        phase Teardown
        finish: step_failed: step "s1" exited with code 3
          step 1: step_failed: step "s1" exited with code 3
          step 2: skipped: step "s1" exited with code 3
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_may_fail_does_not_end_the_job() {
    let job = in_order([Step { allow_failure: true, ..step(1, "false") }, step(2, "true")]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 1, log ""
        step 2 started
        step 2 passed, code 0, log ""
        phase Teardown
        finish: passed
          step 1: step_failed: step "s1" exited with code 1
          step 2: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn our_own_failure_ends_the_job_also_where_the_step_may_fail() {
    let job = in_order([Step { allow_failure: true, ..step(1, "vanish") }, step(2, "true")]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 engine_failed, log ""
        phase Teardown
        finish: engine_failed: step "s1" left no exit record (the engine says code 0)
          step 1: engine_failed: step "s1" left no exit record (the engine says code 0)
          step 2: skipped: step "s1" left no exit record (the engine says code 0)
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn siblings_run_at_once_and_all_to_their_end() {
    let steps = vec![step(1, "sleep 3"), step(2, "sleep 1\nfalse"), step(3, "sleep 2")];
    let siblings = Stage { parallel: true, steps, ..Stage::default() };
    let after = Stage { steps: vec![step(4, "true")], ..Stage::default() };
    let job = of_stages(vec![siblings, after]);
    let mut bench = Bench::new();
    expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 2 started
        step 3 started
        step 2 step_failed, code 1, log ""
        step 3 passed, code 0, log ""
        step 1 passed, code 0, log ""
        phase Teardown
        finish: step_failed: step "s2" exited with code 1
          step 1: passed
          step 2: step_failed: step "s2" exited with code 1
          step 3: passed
          step 4: skipped: step "s2" exited with code 1
    "#]]
    .assert_eq(&bench.dialogue(&job).await);
    assert_eq!(bench.engine.networks.load(Ordering::Relaxed), 3, "each sibling has a network of its own");
}

#[tokio::test(start_paused = true)]
async fn commands_are_printed_before_they_run() {
    let commands = vec!["echo it's".to_owned(), "false".to_owned(), "echo never".to_owned()];
    let job = in_order([Step { command: Command::Commands { commands }, ..step(1, "") }]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 1, log "$ echo it's\nit's\n$ false\n"
        phase Teardown
        finish: step_failed: step "s1" exited with code 1
          step 1: step_failed: step "s1" exited with code 1
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_image_runs_its_own_command() {
    let job = in_order([Step { command: Command::Image, ..step(1, "") }]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 passed, code 0, log ""
        phase Teardown
        finish: passed
          step 1: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn images_that_are_not_there_fail_the_job_before_its_steps() {
    let missing = Environment::Image { reference: "missing/image:1".to_owned() };
    let job = in_order([step(1, "true"), Step { image: missing, ..step(2, "true") }]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Teardown
        finish: image_build_failed: there is no image missing/image:1
          step 1: skipped: there is no image missing/image:1
          step 2: skipped: there is no image missing/image:1
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_be_had_is_our_failure() {
    let mut bench = Bench::new();
    bench.tools.uses_workspace = true;
    bench
        .check(
            &in_order([step(1, "true")]),
            expect![[r#"
        phase Source
        phase Teardown
        finish: engine_failed: get the source: fetch the snapshot: the snapshot is gone
          step 1: skipped: get the source: fetch the snapshot: the snapshot is gone
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn files_that_cannot_be_taken_are_the_users_failure() {
    const ARCHIVE: &[u8] = b"this is no archive";
    let mut bench = Bench::new();
    bench.serve(ARCHIVE);
    let mut job = in_order([step(1, "true")]);
    job.run.source = Source::Snapshot { blob: blake3::hash(ARCHIVE).to_hex().to_string().try_into().unwrap() };
    bench.check(&job, expect![[r#"
        phase Source
        phase Teardown
        finish: source_refused: the submitted files are not taken: unpack the snapshot: read the archive: Unknown frame descriptor
          step 1: skipped: the submitted files are not taken: unpack the snapshot: read the archive: Unknown frame descriptor
    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn variables_of_ours_cannot_be_set_by_a_pipeline() {
    let mut one = step(1, "env CI_JOB_NAME\nenv CI\nenv OWN\nenv SOURCE_DATE_EPOCH\nenv CI_JOB_ATTEMPT");
    for (name, value) in [("CI_JOB_NAME", "forged"), ("CI", "false"), ("OWN", "kept"), ("CI_NEW", "x")] {
        one.environment.insert(name.to_owned(), value.to_owned());
    }
    Bench::new()
        .check(
            &in_order([one, step(2, "env CI_NEW")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 passed, code 0, log "test\ntrue\nkept\n1700000000\n2\n"
        step 2 started
        step 2 passed, code 0, log "\n"
        phase Teardown
        finish: passed
          step 1: passed
          step 2: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_log_over_its_limit_keeps_its_head_and_its_tail() {
    let mut bench = Bench::new();
    let told = bench.dialogue(&in_order([step(1, "echo head\nfill 5000\necho tail")])).await;
    assert!(told.contains("finish: passed"), "{told}");
    let log = bench.log(1);
    assert!(log.starts_with("head\n") && log.ends_with("tail\n") && log.contains("3010 bytes are left out"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_fails_to_wait_is_asked_again() {
    Bench::with(Fault::FirstWaitFails)
        .check(
            &in_order([step(1, "echo done")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 passed, code 0, log "done\n"
        phase Teardown
        finish: passed
          step 1: passed
    "#]],
        )
        .await;
}
