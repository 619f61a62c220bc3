//! Steps that run after others failed, or either way.

use super::bench::{Bench, in_order, step};
use expect_test::expect;
use sidings_proto::{RunsOn, Stage, Step};

fn after_failure(step: Step) -> Step {
    Step { runs_on: RunsOn::Failure, ..step }
}

fn always(step: Step) -> Step {
    Step { runs_on: RunsOn::Always, ..step }
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_cleans_up_and_stays_failed() {
    let group =
        Stage { parallel: true, steps: vec![step(4, "echo no"), always(step(5, "echo yes"))], ..Stage::default() };
    let mut job = in_order([step(1, "exit 3"), step(2, "echo never"), after_failure(step(3, "echo save the logs"))]);
    job.spec.stages.push(group);
    job.spec.stages.extend(in_order([after_failure(step(6, "exit 9")), after_failure(step(7, "true"))]).spec.stages);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 3, log ""
        step 3 started
        step 3 passed, code 0, log "save the logs\n"
        step 5 started
        step 5 passed, code 0, log "yes\n"
        step 6 started
        step 6 step_failed, code 9, log ""
        step 7 started
        step 7 passed, code 0, log ""
        phase Teardown
        finish: step_failed: step "s1" exited with code 3
          step 1: step_failed: step "s1" exited with code 3
          step 2: skipped: step "s1" exited with code 3
          step 3: passed
          step 4: skipped: step "s1" exited with code 3
          step 5: passed
          step 6: step_failed: step "s6" exited with code 9
          step 7: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_passed_job_has_nothing_to_clean_up_and_what_always_runs_counts() {
    let job = in_order([step(1, "true"), after_failure(step(2, "echo never")), always(step(3, "true"))]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 passed, code 0, log ""
        step 3 started
        step 3 passed, code 0, log ""
        phase Teardown
        finish: passed
          step 1: passed
          step 2: skipped: no step before it failed
          step 3: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_step_that_always_runs_fails_the_job() {
    let job = in_order([step(1, "true"), always(step(2, "exit 4")), after_failure(step(3, "true"))]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 passed, code 0, log ""
        step 2 started
        step 2 step_failed, code 4, log ""
        step 3 started
        step 3 passed, code 0, log ""
        phase Teardown
        finish: step_failed: step "s2" exited with code 4
          step 1: passed
          step 2: step_failed: step "s2" exited with code 4
          step 3: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_cleans_up_after_our_own_failure() {
    let job = in_order([step(1, "vanish"), always(step(2, "true"))]);
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
async fn a_job_whose_time_is_over_while_it_cleans_up_failed_for_its_first_reason() {
    let mut job = in_order([step(1, "exit 3"), always(step(2, "sleep 60")), always(step(3, "true"))]);
    job.spec.timeout_ms = 5_000;
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 3, log ""
        step 2 started
        step 2 timed_out, code 143, log ""
        phase Teardown
        finish: step_failed: step "s1" exited with code 3
          step 1: step_failed: step "s1" exited with code 3
          step 2: timed_out: the job took longer than 5 s
          step 3: skipped: step "s1" exited with code 3
    "#]],
        )
        .await;
}
