//! What is tried again, and what a failure ends.

use super::story::{
    ask, beat, cancel, check, failed, finish, finished, job, needing, passed, restart, stored, submit, submitted,
};
use crate::core::event::{ActiveJob, ActiveRun, StoredState};
use crate::core::tests::story::{at, run_spec, up};
use expect_test::expect;
use sidings_proto::{FailureClass, PlannedJob, Retry, Scheduling, Verdict};
use std::sync::Arc;

fn retried<const N: usize>(name: &str, max: u32, on: [FailureClass; N]) -> PlannedJob {
    let retry = Retry { max, on: on.into() };
    PlannedJob { scheduling: Scheduling { retry, ..Scheduling::default() }, ..job(name) }
}

fn broke() -> sidings_proto::runner::Finish {
    failed(FailureClass::StepFailed, "step \"unit\" exited with code 1")
}

fn fail_fast<const N: usize>(run: &str, jobs: [PlannedJob; N]) -> super::story::Line {
    let mut spec = Arc::unwrap_or_clone(run_spec("shop", run, jobs.into()));
    if let crate::core::event::RunContent::Plan { plan, .. } = &mut spec.content {
        plan.fail_fast = true;
    }
    submitted(Arc::new(spec))
}

#[test]
fn a_failed_job_is_tried_again_as_often_as_its_pipeline_says_and_the_last_attempt_counts() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [retried("unit", 2, [FailureClass::StepFailed]), needing("ship", ["unit"])])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("unit/1", broke())),
            (1, ask("ann.1", "q2", 1)),
            (2, finish("unit/2", broke())),
            (2, ask("ann.1", "q3", 1)),
            (3, finish("unit/3", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save unit queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save unit/1 started by ann.1 for q1
                tell #3: yours is unit/1
            1s #4 unit/1 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/1 over: failed, step_failed: step "unit" exited with code 1
                save unit queued
                tell #4: accepted
            1s #5 ann.1 asks q2 for 1
                save unit/2 started by ann.1 for q2
                tell #5: yours is unit/2
            2s #6 unit/2 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/2 over: failed, step_failed: step "unit" exited with code 1
                save unit queued
                tell #6: accepted
            2s #7 ann.1 asks q3 for 1
                save unit/3 started by ann.1 for q3
                tell #7: yours is unit/3
            3s #8 unit/3 finishes: passed
                save unit/3 over: passed
                save unit ended: passed
                save ship queued
                tell #8: accepted
        "#]],
    );
}

#[test]
fn when_no_tries_are_left_the_job_has_failed() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [retried("unit", 1, [FailureClass::StepFailed])])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("unit/1", broke())),
            (1, ask("ann.1", "q2", 1)),
            (2, finish("unit/2", broke())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save unit queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save unit/1 started by ann.1 for q1
                tell #3: yours is unit/1
            1s #4 unit/1 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/1 over: failed, step_failed: step "unit" exited with code 1
                save unit queued
                tell #4: accepted
            1s #5 ann.1 asks q2 for 1
                save unit/2 started by ann.1 for q2
                tell #5: yours is unit/2
            2s #6 unit/2 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/2 over: failed, step_failed: step "unit" exited with code 1
                save unit ended: failed, step_failed: step "unit" exited with code 1
                save r1 ended: failed, step_failed: job "unit": step "unit" exited with code 1
                tell #6: accepted
        "#]],
    );
}

#[test]
fn a_failure_of_another_class_is_final() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [retried("unit", 3, [FailureClass::TimedOut])])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("unit/1", broke())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save unit queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save unit/1 started by ann.1 for q1
                tell #3: yours is unit/1
            1s #4 unit/1 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/1 over: failed, step_failed: step "unit" exited with code 1
                save unit ended: failed, step_failed: step "unit" exited with code 1
                save r1 ended: failed, step_failed: job "unit": step "unit" exited with code 1
                tell #4: accepted
        "#]],
    );
}

#[test]
fn failures_of_ours_use_up_none_of_the_tries() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [retried("unit", 1, [FailureClass::StepFailed])])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("unit/1", failed(FailureClass::EngineFailed, "the engine is gone"))),
            (1, ask("ann.1", "q2", 1)),
            (2, finish("unit/2", broke())),
            (2, ask("ann.1", "q3", 1)),
            (3, finish("unit/3", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save unit queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save unit/1 started by ann.1 for q1
                tell #3: yours is unit/1
            1s #4 unit/1 finishes: failed, engine_failed: the engine is gone
                save unit/1 over: failed, engine_failed: the engine is gone
                save unit queued
                tell #4: accepted
            1s #5 ann.1 asks q2 for 1
                save unit/2 started by ann.1 for q2
                tell #5: yours is unit/2
            2s #6 unit/2 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/2 over: failed, step_failed: step "unit" exited with code 1
                save unit queued
                tell #6: accepted
            2s #7 ann.1 asks q3 for 1
                save unit/3 started by ann.1 for q3
                tell #7: yours is unit/3
            3s #8 unit/3 finishes: passed
                save unit/3 over: passed
                save unit ended: passed
                save r1 ended: passed
                tell #8: accepted
        "#]],
    );
}

#[test]
fn tries_that_were_used_stay_used_over_a_restart() {
    let queued = StoredState::Queued { since: at(1), not_before: at(1) };
    let run = stored("r1", [(retried("unit", 1, [FailureClass::StepFailed]), 1, queued)]);
    let jobs = run.jobs.iter().map(|job| ActiveJob { own_failures: 1, ..job.clone() }).collect();
    check(
        [
            (10, restart([ActiveRun { jobs, ..run }])),
            (11, up("ann.1")),
            (12, ask("ann.1", "q1", 1)),
            (13, finish("unit/2", broke())),
        ],
        expect![[r#"
            10s the controller starts anew
            11s #2 ann.1 is up
                tell #2: done
            12s #3 ann.1 asks q1 for 1
                save unit/2 started by ann.1 for q1
                tell #3: yours is unit/2
            13s #4 unit/2 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/2 over: failed, step_failed: step "unit" exited with code 1
                save unit ended: failed, step_failed: step "unit" exited with code 1
                save r1 ended: failed, step_failed: job "unit": step "unit" exited with code 1
                tell #4: accepted
        "#]],
    );
}

#[test]
fn a_run_that_is_cancelled_tries_nothing_again() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [retried("unit", 3, [FailureClass::StepFailed])])),
            (0, ask("ann.1", "q1", 1)),
            (1, cancel("r1")),
            (2, finish("unit/1", broke())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save unit queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save unit/1 started by ann.1 for q1
                tell #3: yours is unit/1
            1s #4 cancel r1
                save r1 cancelling
                tell #4: done
                poke ann
            2s #5 unit/1 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/1 over: failed, step_failed: step "unit" exited with code 1
                save unit ended: failed, step_failed: step "unit" exited with code 1
                save r1 ended: failed, step_failed: job "unit": step "unit" exited with code 1
                tell #5: accepted
        "#]],
    );
}

#[test]
fn where_failing_is_fast_one_failure_skips_what_has_not_begun_and_cancels_what_runs() {
    check(
        [
            (0, up("ann.1")),
            (
                0,
                fail_fast(
                    "r1",
                    [job("lint"), job("unit"), job("docs"), needing("e2e", ["unit"]), needing("fix", ["lint"])],
                ),
            ),
            (0, ask("ann.1", "q1", 2)),
            (1, finish("lint/1", broke())),
            (2, beat("ann.1", ["unit/1"])),
            (3, finish("unit/1", finished(Verdict::Cancelled, Vec::new()))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save lint queued
                save unit queued
                save docs queued
                tell #2: done
            0s #3 ann.1 asks q1 for 2
                save lint/1 started by ann.1 for q1
                save unit/1 started by ann.1 for q1
                tell #3: yours is lint/1, unit/1
            1s #4 lint/1 finishes: failed, step_failed: step "unit" exited with code 1
                save lint/1 over: failed, step_failed: step "unit" exited with code 1
                save lint ended: failed, step_failed: step "unit" exited with code 1
                save fix ended: skipped, blocked: it needs "lint", which failed
                save r1 cancelling: job "lint" failed, and the pipeline says `fail_fast`
                save docs ended: skipped, blocked: job "lint" failed, and the pipeline says `fail_fast`
                save e2e ended: skipped, blocked: job "lint" failed, and the pipeline says `fail_fast`
                tell #4: accepted
                poke ann
            2s #5 ann.1 holds unit/1
                tell #5: cancel unit/1
            3s #6 unit/1 finishes: cancelled
                save unit/1 over: cancelled
                save unit ended: cancelled
                save r1 ended: failed, step_failed: job "lint": step "unit" exited with code 1
                tell #6: accepted
        "#]],
    );
}

#[test]
fn a_failure_that_is_allowed_or_tried_again_stops_nothing() {
    let lint = PlannedJob { allow_failure: true, ..job("lint") };
    check(
        [
            (0, up("ann.1")),
            (0, fail_fast("r1", [lint, retried("unit", 1, [FailureClass::StepFailed]), job("docs")])),
            (0, ask("ann.1", "q1", 2)),
            (1, finish("lint/1", broke())),
            (2, finish("unit/1", broke())),
            (2, ask("ann.1", "q2", 1)),
            (3, finish("unit/2", broke())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save lint queued
                save unit queued
                save docs queued
                tell #2: done
            0s #3 ann.1 asks q1 for 2
                save lint/1 started by ann.1 for q1
                save unit/1 started by ann.1 for q1
                tell #3: yours is lint/1, unit/1
            1s #4 lint/1 finishes: failed, step_failed: step "unit" exited with code 1
                save lint/1 over: failed, step_failed: step "unit" exited with code 1
                save lint ended: failed, step_failed: step "unit" exited with code 1
                tell #4: accepted
            2s #5 unit/1 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/1 over: failed, step_failed: step "unit" exited with code 1
                save unit queued
                tell #5: accepted
            2s #6 ann.1 asks q2 for 1
                save unit/2 started by ann.1 for q2
                tell #6: yours is unit/2
            3s #7 unit/2 finishes: failed, step_failed: step "unit" exited with code 1
                save unit/2 over: failed, step_failed: step "unit" exited with code 1
                save unit ended: failed, step_failed: step "unit" exited with code 1
                save r1 cancelling: job "unit" failed, and the pipeline says `fail_fast`
                save docs ended: skipped, blocked: job "unit" failed, and the pipeline says `fail_fast`
                save r1 ended: failed, step_failed: job "unit": step "unit" exited with code 1
                tell #7: accepted
        "#]],
    );
}
