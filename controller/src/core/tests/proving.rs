//! A pass is believed when every step left a positive exit record (I6).

use super::story::{ask, check, finish, finished, job, stage, step, submit, up};
use expect_test::{Expect, expect};
use sidings_proto::runner::StepResult;
use sidings_proto::{Failure, FailureClass, JobSpec, PlannedJob, RunsOn, StepNo, Verdict};

/// A job of two steps, the second of which may fail, whose runner says that it passed.
fn claim(steps: Vec<StepResult>, expect: Expect) {
    let spec = JobSpec { stages: vec![stage(1, false), stage(2, true)], timeout_ms: 60_000, ..JobSpec::default() };
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [PlannedJob { spec, ..job("a") }])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("a/1", finished(Verdict::Passed, steps))),
        ],
        expect,
    );
}

fn failure() -> Verdict {
    Verdict::Failed(Failure { class: FailureClass::StepFailed, message: "it exited with code 1".to_owned() })
}

#[test]
fn a_pass_with_a_record_of_every_step_is_believed() {
    claim(
        vec![step(1, Verdict::Passed, Some(0)), step(2, failure(), Some(1))],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: passed
            save a ended: passed
            save r1 ended: passed
            tell #4: accepted
    "#]],
    );
}

#[test]
fn a_pass_without_an_exit_record_is_our_failure() {
    claim(
        vec![step(1, Verdict::Passed, None), step(2, Verdict::Passed, Some(0))],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: failed, engine_failed: there is no proof that it passed: step "step 1" has no positive exit record
            save a queued
            tell #4: accepted
    "#]],
    );
}

#[test]
fn a_pass_that_leaves_a_step_out_is_our_failure() {
    claim(
        vec![step(1, Verdict::Passed, Some(0))],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: failed, engine_failed: there is no proof that it passed: it reports 1 of 2 steps
            save a queued
            tell #4: accepted
    "#]],
    );
}

#[test]
fn a_pass_with_the_record_of_another_step_is_our_failure() {
    claim(
        vec![step(1, Verdict::Passed, Some(0)), step(3, Verdict::Passed, Some(0))],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: failed, engine_failed: there is no proof that it passed: step "step 2" has no positive exit record
            save a queued
            tell #4: accepted
    "#]],
    );
}

#[test]
fn a_pass_with_a_code_that_is_not_zero_is_our_failure() {
    claim(
        vec![step(1, Verdict::Passed, Some(1)), step(2, Verdict::Passed, Some(0))],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: failed, engine_failed: there is no proof that it passed: step "step 1" has no positive exit record
            save a queued
            tell #4: accepted
    "#]],
    );
}

#[test]
fn a_pass_with_a_failed_step_that_may_not_fail_is_our_failure() {
    claim(
        vec![step(1, failure(), Some(1)), step(2, Verdict::Passed, Some(0))],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: failed, engine_failed: there is no proof that it passed: step "step 1" has no positive exit record
            save a queued
            tell #4: accepted
    "#]],
    );
}

#[test]
fn a_step_that_may_fail_needs_a_record_too() {
    claim(
        vec![step(1, Verdict::Passed, Some(0)), step(2, failure(), None)],
        expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: failed, engine_failed: there is no proof that it passed: step "step 2" has no positive exit record
            save a queued
            tell #4: accepted
    "#]],
    );
}

#[test]
fn how_a_service_ended_is_no_matter() {
    let died = StepResult { step: StepNo::FIRST_SERVICE, ..step(1, failure(), None) };
    claim(
        vec![step(1, Verdict::Passed, Some(0)), step(2, Verdict::Passed, Some(0)), died],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            1s #4 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save r1 ended: passed
                tell #4: accepted
        "#]],
    );
}

#[test]
fn a_job_without_steps_proves_nothing() {
    let spec = JobSpec { stages: Vec::new(), timeout_ms: 60_000, ..JobSpec::default() };
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [PlannedJob { spec, ..job("a") }])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("a/1", finished(Verdict::Passed, Vec::new()))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            1s #4 a/1 finishes: passed
                save a/1 over: failed, engine_failed: there is no proof that it passed: it reports 0 of 0 steps
                save a queued
                tell #4: accepted
        "#]],
    );
}

/// A job whose second step runs after a failure only, and whose runner says that it passed.
fn claim_clean(second: StepResult, expect: Expect) {
    let mut spec = JobSpec { stages: vec![stage(1, false), stage(2, false)], timeout_ms: 60_000, ..JobSpec::default() };
    spec.stages[1].steps[0].runs_on = RunsOn::Failure;
    let steps = vec![step(1, Verdict::Passed, Some(0)), second];
    check(
        [
            (0, submit("r1", [PlannedJob { spec, ..job("a") }])),
            (0, up("ann.1")),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("a/1", finished(Verdict::Passed, steps))),
        ],
        expect,
    );
}

#[test]
fn a_pass_needs_no_record_of_what_would_have_cleaned_up() {
    let skipped = Verdict::Skipped { reason: "no step before it failed".to_owned(), blocked: false };
    claim_clean(
        step(2, skipped, None),
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save a queued
            tell #1: done
        0s #2 ann.1 is up
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: passed
            save a ended: passed
            save r1 ended: passed
            tell #4: accepted
    "#]],
    );
}

#[test]
fn a_step_that_was_held_up_proves_no_pass() {
    let blocked = Verdict::Skipped { reason: "the job was cancelled".to_owned(), blocked: true };
    claim_clean(
        step(2, blocked, None),
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save a queued
            tell #1: done
        0s #2 ann.1 is up
            tell #2: done
        0s #3 ann.1 asks q1 for 1
            save a/1 started by ann.1 for q1
            tell #3: yours is a/1
        1s #4 a/1 finishes: passed
            save a/1 over: failed, engine_failed: there is no proof that it passed: step "step 2" has no positive exit record
            save a queued
            tell #4: accepted
    "#]],
    );
}
