use super::bench::{Bench, Fault, in_order, step};
use expect_test::expect;
use sidings_proto::Step;
use std::sync::atomic::Ordering;

#[tokio::test(start_paused = true)]
async fn a_step_that_takes_too_long_is_stopped() {
    let job = in_order([Step { timeout_ms: Some(1500), ..step(1, "sleep 60") }, step(2, "true")]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 timed_out, code 143, log ""
        phase Teardown
        finish: timed_out: step "s1" took longer than 1500 ms
          step 1: timed_out: step "s1" took longer than 1500 ms
          step 2: skipped: step "s1" took longer than 1500 ms
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_does_not_listen_is_killed() {
    let job = in_order([Step { timeout_ms: Some(60_000), ..step(1, "deaf\nsleep 600") }]);
    Bench::new()
        .check(
            &job,
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 timed_out, code 137, log ""
        phase Teardown
        finish: timed_out: step "s1" took longer than 1 min
          step 1: timed_out: step "s1" took longer than 1 min
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_too_long_is_stopped() {
    let mut job = in_order([step(1, "sleep 50"), step(2, "sleep 50"), step(3, "true")]);
    job.spec.timeout_ms = 90_000;
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
        step 2 timed_out, code 143, log ""
        phase Teardown
        finish: timed_out: the job took longer than 90 s
          step 1: passed
          step 2: timed_out: the job took longer than 90 s
          step 3: skipped: the job took longer than 90 s
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_is_stopped_and_reported() {
    let bench = Bench::new();
    bench.after(5, |orders| orders.cancel.cancel());
    bench
        .check(
            &in_order([step(1, "sleep 60"), step(2, "true")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 cancelled, code 143, log ""
        phase Teardown
        finish: cancelled
          step 1: cancelled
          step 2: skipped: the job was cancelled
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_job_cancelled_before_it_began_runs_nothing() {
    let bench = Bench::new();
    bench.channel.orders.cancel.cancel();
    bench
        .check(
            &in_order([step(1, "true")]),
            expect![[r#"
        phase Teardown
        finish: cancelled
          step 1: skipped: the job was cancelled
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_job_is_torn_down_and_not_reported() {
    let bench = Bench::new();
    bench.after(5, |orders| orders.drop.cancel());
    bench
        .check(
            &in_order([step(1, "deaf\nsleep 60")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 cancelled, log ""
        phase Teardown
        nothing to report
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_step_without_an_exit_record_never_passes() {
    Bench::new()
        .check(
            &in_order([step(1, "echo ok\nvanish")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 engine_failed, log "ok\n"
        phase Teardown
        finish: engine_failed: step "s1" left no exit record (the engine says code 0)
          step 1: engine_failed: step "s1" left no exit record (the engine says code 0)
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_forges_its_exit_record_does_not_live_on() {
    let mut bench = Bench::new();
    let dialogue = bench.dialogue(&in_order([step(1, "forge\nsleep 3600"), step(2, "sleep 1")])).await;
    assert!(dialogue.ends_with("finish: passed\n  step 1: passed\n  step 2: passed\n"), "{dialogue}");
    assert_eq!(bench.engine.kills.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_honest_step_is_not_killed() {
    let mut bench = Bench::new();
    let dialogue = bench.dialogue(&in_order([step(1, "echo ok"), step(2, "sleep 1")])).await;
    assert!(dialogue.contains("finish: passed"), "{dialogue}");
    assert_eq!(bench.engine.kills.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_strange_exit_record_is_the_steps_failure() {
    Bench::new()
        .check(
            &in_order([step(1, "litter")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, log ""
        phase Teardown
        finish: step_failed: the exit record of step "s1" does not count: it is not a regular file
          step 1: step_failed: the exit record of step "s1" does not count: it is not a regular file
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_strange_log_is_the_steps_failure() {
    Bench::new().check(&in_order([step(1, "echo ok\ngarble")]), expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 0, log "ok\n"
        phase Teardown
        finish: step_failed: the log of step "s1" is not what its exit record says: there are bytes in it that are no frame
          step 1: step_failed: the log of step "s1" is not what its exit record says: there are bytes in it that are no frame
    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_does_not_fit_the_log_never_passes() {
    Bench::new().check(&in_order([step(1, "echo ok\nlie")]), expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 engine_failed, code 0, log "ok\n"
        phase Teardown
        finish: engine_failed: the log of step "s1" is not what its exit record says: 19 bytes were read and 20 written
          step 1: engine_failed: the log of step "s1" is not what its exit record says: 19 bytes were read and 20 written
    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_start_a_step_is_our_failure() {
    Bench::with(Fault::StartFails)
        .check(
            &in_order([step(1, "true"), step(2, "true")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 engine_failed, log ""
        phase Teardown
        finish: engine_failed: step "s1" was lost: start the container: no space is left on the device
          step 1: engine_failed: step "s1" was lost: start the container: no space is left on the device
          step 2: skipped: step "s1" was lost: start the container: no space is left on the device
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_has_no_network_is_our_failure() {
    Bench::with(Fault::NetworkFails)
        .check(
            &in_order([step(1, "true")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Teardown
        finish: engine_failed: make the job's network: no address is left
          step 1: skipped: make the job's network: no address is left
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_gone_does_not_hide_what_the_step_recorded() {
    Bench::with(Fault::WaitFails)
        .check(
            &in_order([step(1, "exit 4")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 4, log ""
        phase Teardown
        finish: step_failed: step "s1" exited with code 4
          step 1: step_failed: step "s1" exited with code 4
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_ours_is_a_verdict_and_is_torn_down() {
    Bench::with(Fault::StartPanics)
        .check(
            &in_order([step(1, "true")]),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        phase Teardown
        finish: engine_failed: the runner failed: a bug
          step 1: skipped: the runner failed: a bug
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_fails_is_tried_again() {
    let mut bench = Bench::with(Fault::TeardownFailsOnce);
    let told = bench.dialogue(&in_order([step(1, "true")])).await;
    assert!(told.contains("finish: passed"), "{told}");
    assert_eq!(bench.engine.teardowns.load(Ordering::Relaxed), 2);
}
