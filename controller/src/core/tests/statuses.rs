//! Jobs that run after a failure, or either way: `when: { status: … }`.

use super::story::{ask, cancel, check, failed, finish, job, needing, passed, restart, stored, submit, up};
use crate::core::event::StoredState;
use expect_test::expect;
use sidings_proto::{Failure, FailureClass, PlannedJob, RunsOn, Verdict};

fn after_failure<const N: usize>(name: &str, needs: [&str; N]) -> PlannedJob {
    PlannedJob { runs_on: RunsOn::Failure, ..needing(name, needs) }
}

fn always<const N: usize>(name: &str, needs: [&str; N]) -> PlannedJob {
    PlannedJob { runs_on: RunsOn::Always, ..needing(name, needs) }
}

#[test]
fn a_job_after_a_failure_runs_when_one_it_needs_failed_and_all_are_over() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), job("b"), after_failure("tell", ["a", "b"])])),
            (1, ask("ann.1", "q1", 2)),
            (2, finish("a/1", failed(FailureClass::StepFailed, "it exited with code 1"))),
            (3, finish("b/1", passed())),
            (3, ask("ann.1", "q2", 1)),
            (4, finish("tell/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                tell #2: done
            1s #3 ann.1 asks q1 for 2
                save a/1 started by ann.1 for q1
                save b/1 started by ann.1 for q1
                tell #3: yours is a/1, b/1
            2s #4 a/1 finishes: failed, step_failed: it exited with code 1
                save a/1 over: failed, step_failed: it exited with code 1
                save a ended: failed, step_failed: it exited with code 1
                tell #4: accepted
            3s #5 b/1 finishes: passed
                save b/1 over: passed
                save b ended: passed
                save tell queued
                tell #5: accepted
            3s #6 ann.1 asks q2 for 1
                save tell/1 started by ann.1 for q2
                tell #6: yours is tell/1
            4s #7 tell/1 finishes: passed
                save tell/1 over: passed
                save tell ended: passed
                save r1 ended: failed, step_failed: job "a": it exited with code 1
                tell #7: accepted
        "#]],
    );
}

#[test]
fn a_job_after_a_failure_is_skipped_when_there_was_none_and_holds_nobody_up() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), after_failure("tell", ["a"]), needing("next", ["tell"])])),
            (1, ask("ann.1", "q1", 1)),
            (2, finish("a/1", passed())),
            (3, ask("ann.1", "q2", 1)),
            (4, finish("next/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            1s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            2s #4 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save tell ended: skipped: none of the jobs it needs failed
                save next queued
                tell #4: accepted
            3s #5 ann.1 asks q2 for 1
                save next/1 started by ann.1 for q2
                tell #5: yours is next/1
            4s #6 next/1 finishes: passed
                save next/1 over: passed
                save next ended: passed
                save r1 ended: passed
                tell #6: accepted
        "#]],
    );
}

#[test]
fn what_was_not_to_run_for_a_failure_counts_as_failed() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), needing("b", ["a"]), after_failure("tell", ["b"]), always("end", ["b"])])),
            (1, ask("ann.1", "q1", 1)),
            (2, finish("a/1", failed(FailureClass::StepFailed, "it exited with code 1"))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            1s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            2s #4 a/1 finishes: failed, step_failed: it exited with code 1
                save a/1 over: failed, step_failed: it exited with code 1
                save a ended: failed, step_failed: it exited with code 1
                save b ended: skipped, blocked: it needs "a", which failed
                save tell queued
                save end queued
                tell #4: accepted
        "#]],
    );
}

#[test]
fn a_failure_that_is_allowed_and_a_condition_that_is_false_are_none() {
    let lint = PlannedJob { allow_failure: true, ..job("lint") };
    let docs = PlannedJob { skip: Some("its condition is false".to_owned()), ..job("docs") };
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [lint, docs, after_failure("tell", ["lint", "docs"]), always("end", ["lint", "docs"])])),
            (1, ask("ann.1", "q1", 1)),
            (2, finish("lint/1", failed(FailureClass::StepFailed, "it exited with code 1"))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save docs ended: skipped: its condition is false
                save lint queued
                tell #2: done
            1s #3 ann.1 asks q1 for 1
                save lint/1 started by ann.1 for q1
                tell #3: yours is lint/1
            2s #4 lint/1 finishes: failed, step_failed: it exited with code 1
                save lint/1 over: failed, step_failed: it exited with code 1
                save lint ended: failed, step_failed: it exited with code 1
                save tell ended: skipped: none of the jobs it needs failed
                save end queued
                tell #4: accepted
        "#]],
    );
}

#[test]
fn a_job_after_a_failure_that_needs_nothing_of_its_run_is_skipped() {
    check(
        [(0, submit("r1", [after_failure("tell", []), job("a")]))],
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save tell ended: skipped: it runs after a failure, and needs no job of this run
            save a queued
            tell #1: done
    "#]],
    );
}

#[test]
fn nothing_of_a_cancelled_run_runs_whatever_its_status() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), always("end", ["a"]), after_failure("tell", ["a"])])),
            (1, ask("ann.1", "q1", 1)),
            (2, cancel("r1")),
            (3, finish("a/1", failed(FailureClass::StepFailed, "it exited with code 1"))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            1s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            2s #4 cancel r1
                save r1 cancelling
                save end ended: cancelled
                save tell ended: cancelled
                tell #4: done
                poke ann
            3s #5 a/1 finishes: failed, step_failed: it exited with code 1
                save a/1 over: failed, step_failed: it exited with code 1
                save a ended: failed, step_failed: it exited with code 1
                save r1 ended: failed, step_failed: job "a": it exited with code 1
                tell #5: accepted
        "#]],
    );
}

#[test]
fn a_restart_remembers_that_a_need_failed() {
    let failed = Verdict::Failed(Failure { class: FailureClass::StepFailed, message: "code 1".to_owned() });
    let run = stored(
        "r1",
        [
            (job("a"), 1, StoredState::Ended(failed)),
            (job("b"), 1, StoredState::Ended(Verdict::Passed)),
            (after_failure("tell", ["a", "b"]), 0, StoredState::Waiting),
            (after_failure("no", ["b"]), 0, StoredState::Waiting),
            (always("end", ["tell"]), 0, StoredState::Waiting),
        ],
    );
    check(
        [(0, restart([run]))],
        expect![[r#"
        0s the controller starts anew
            save no ended: skipped: none of the jobs it needs failed
            save tell queued
    "#]],
    );
}
