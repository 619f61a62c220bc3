//! Runs come, their jobs wait for one another, and they end.

use super::story::{ask, check, failed, finish, job, needing, passed, submit, submit_invalid, tell, up};
use crate::core::event::{Action, Ask, Event};
use crate::core::{Core, Policy};
use expect_test::expect;
use sidings_proto::{FailureClass, PlannedJob, Verdict};

#[test]
fn a_job_that_needs_nothing_goes_to_the_runner_that_waits() {
    check(
        [(0, up("ann.1")), (1, ask("ann.1", "q1", 1)), (2, submit("r1", [job("build")]))],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        1s #2 ann.1 asks q1 for 1
        2s #3 submit r1 of shop
            save r1 accepted
            save build queued
            save build/1 started by ann.1 for q1
            tell #3: done
            tell #2: yours is build/1
        next wake-up 12s
    "#]],
    );
}

#[test]
fn a_run_passes_when_its_jobs_have_passed_in_order() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [needing("test", ["build"]), job("build")])),
            (1, ask("ann.1", "q1", 2)),
            (2, ask("ann.1", "q2", 1)),
            (3, finish("build/1", passed())),
            (4, finish("test/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save build queued
                tell #2: done
            1s #3 ann.1 asks q1 for 2
                save build/1 started by ann.1 for q1
                tell #3: yours is build/1
            2s #4 ann.1 asks q2 for 1
            3s #5 build/1 finishes: passed
                save build/1 over: passed
                save build ended: passed
                save test queued
                save test/1 started by ann.1 for q2
                tell #5: accepted
                tell #4: yours is test/1
            4s #6 test/1 finishes: passed
                save test/1 over: passed
                save test ended: passed
                save r1 ended: passed
                tell #6: accepted
        "#]],
    );
}

#[test]
fn a_failed_job_blocks_all_that_come_after_it() {
    check(
        [
            (0, up("ann.1")),
            (
                0,
                submit(
                    "r1",
                    [job("build"), needing("test", ["build"]), needing("ship", ["test", "lint"]), job("lint")],
                ),
            ),
            (1, ask("ann.1", "q1", 2)),
            (2, finish("build/1", failed(FailureClass::StepFailed, "step \"cc\" exited with code 2"))),
            (3, finish("lint/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save build queued
                save lint queued
                tell #2: done
            1s #3 ann.1 asks q1 for 2
                save build/1 started by ann.1 for q1
                save lint/1 started by ann.1 for q1
                tell #3: yours is build/1, lint/1
            2s #4 build/1 finishes: failed, step_failed: step "cc" exited with code 2
                save build/1 over: failed, step_failed: step "cc" exited with code 2
                save build ended: failed, step_failed: step "cc" exited with code 2
                save test ended: skipped, blocked: it needs "build", which failed
                save ship ended: skipped, blocked: it needs "test", which did not run
                tell #4: accepted
            3s #5 lint/1 finishes: passed
                save lint/1 over: passed
                save lint ended: passed
                save r1 ended: failed, step_failed: job "build": step "cc" exited with code 2
                tell #5: accepted
        "#]],
    );
}

#[test]
fn a_failure_that_is_allowed_holds_nothing_back_and_does_not_fail_the_run() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [PlannedJob { allow_failure: true, ..job("lint") }, needing("build", ["lint"])])),
            (1, ask("ann.1", "q1", 1)),
            (2, finish("lint/1", failed(FailureClass::StepFailed, "step \"ruff\" exited with code 1"))),
            (3, ask("ann.1", "q2", 1)),
            (4, finish("build/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save lint queued
                tell #2: done
            1s #3 ann.1 asks q1 for 1
                save lint/1 started by ann.1 for q1
                tell #3: yours is lint/1
            2s #4 lint/1 finishes: failed, step_failed: step "ruff" exited with code 1
                save lint/1 over: failed, step_failed: step "ruff" exited with code 1
                save lint ended: failed, step_failed: step "ruff" exited with code 1
                save build queued
                tell #4: accepted
            3s #5 ann.1 asks q2 for 1
                save build/1 started by ann.1 for q2
                tell #5: yours is build/1
            4s #6 build/1 finishes: passed
                save build/1 over: passed
                save build ended: passed
                save r1 ended: passed
                tell #6: accepted
        "#]],
    );
}

#[test]
fn a_job_whose_condition_is_false_counts_as_success_for_those_that_need_it() {
    let docs = PlannedJob { skip: Some("its condition is false (branch is not main)".to_owned()), ..job("docs") };
    check(
        [(0, submit("r1", [needing("ship", ["docs"]), docs]))],
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save docs ended: skipped: its condition is false (branch is not main)
            save ship queued
            tell #1: done
    "#]],
    );
}

#[test]
fn a_run_of_which_nothing_is_to_run_ends_as_skipped() {
    let docs = PlannedJob { skip: Some("its condition is false".to_owned()), ..job("docs") };
    check(
        [(0, submit("r1", [docs])), (1, submit("r2", []))],
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save docs ended: skipped: its condition is false
            save r1 ended: skipped: none of its jobs was to run
            tell #1: done
        1s #2 submit r2 of shop
            save r2 accepted
            save r2 ended: skipped: none of its jobs was to run
            tell #2: done
    "#]],
    );
}

#[test]
fn a_wrong_pipeline_is_a_failed_run_and_nothing_waits() {
    check(
        [(0, submit_invalid("r1"))],
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save r1 ended: failed, invalid_pipeline: the pipeline file is wrong
            tell #1: done
    "#]],
    );
}

#[test]
fn the_first_failure_in_the_order_of_the_file_is_the_runs() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), job("b")])),
            (1, ask("ann.1", "q1", 2)),
            (2, finish("b/1", failed(FailureClass::TimedOut, "it took longer than 1m"))),
            (3, finish("a/1", failed(FailureClass::StepFailed, "step \"x\" exited with code 3"))),
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
            2s #4 b/1 finishes: failed, timed_out: it took longer than 1m
                save b/1 over: failed, timed_out: it took longer than 1m
                save b ended: failed, timed_out: it took longer than 1m
                tell #4: accepted
            3s #5 a/1 finishes: failed, step_failed: step "x" exited with code 3
                save a/1 over: failed, step_failed: step "x" exited with code 3
                save a ended: failed, step_failed: step "x" exited with code 3
                save r1 ended: failed, step_failed: job "a": step "x" exited with code 3
                tell #5: accepted
        "#]],
    );
}

#[test]
fn a_run_that_is_submitted_twice_is_one_run() {
    check(
        [(0, submit("r1", [job("build")])), (1, submit("r1", [job("build")]))],
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save build queued
            tell #1: done
        1s #2 submit r1 of shop
            tell #2: done
    "#]],
    );
}

#[test]
fn a_thousand_jobs_that_need_one_another_end_one_after_the_other() {
    let mut jobs = vec![job("j0")];
    jobs.extend((1..1000).map(|n| needing(&format!("j{n}"), [format!("j{}", n - 1).as_str()])));
    let run = super::story::run_spec("shop", "r1", jobs);
    let mut core = Core::new(Policy::default());
    let submitted = core.handle(super::story::at(0), Event::Submitted { ask: Ask(1), run: run.clone() });
    assert!(submitted.contains(&Action::Publish(run.id)));
    let cancelled = core.handle(super::story::at(1), Event::CancelAsked { ask: Ask(2), run: run.id });
    let ended = cancelled.iter().filter(|action| {
        matches!(action, Action::Save(crate::core::event::Record::JobEnded { verdict: Verdict::Cancelled, .. }))
    });
    assert_eq!(ended.count(), 1000);
    let (_, fresh) = tell([]);
    assert_eq!(core, fresh, "a run that ended leaves nothing behind");
}
