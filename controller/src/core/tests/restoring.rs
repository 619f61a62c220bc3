//! The controller starts anew with what its store says.

use super::story::{
    ask, at, beat, check, finish, finished, job, leased_to, needing, passed, restart, stored, submit, tick, up,
};
use crate::core::event::{ActiveRun, StoredState};
use expect_test::expect;
use sidings_proto::{Failure, FailureClass, PlannedJob, StopReason, Verdict};

fn queued() -> StoredState {
    StoredState::Queued { since: at(1), not_before: at(1) }
}

fn failure(class: FailureClass) -> Verdict {
    Verdict::Failed(Failure { class, message: "it broke".to_owned() })
}

#[test]
fn a_running_job_goes_on_over_a_restart() {
    check(
        [
            (
                100,
                restart([stored(
                    "r1",
                    [(job("a"), 1, leased_to("ann.1", "q1")), (needing("b", ["a"]), 0, StoredState::Waiting)],
                )]),
            ),
            (105, beat("ann.1", ["a/1"])),
            (106, up("ann.1")),
            (107, beat("ann.1", ["a/1"])),
            (108, finish("a/1", passed())),
            (109, ask("ann.1", "q2", 1)),
        ],
        expect![[r#"
            100s the controller starts anew
            105s #2 ann.1 holds a/1
                tell #2: unknown life
            106s #3 ann.1 is up
                tell #3: done
            107s #4 ann.1 holds a/1
                tell #4: go on a/1
            108s #5 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save b queued
                tell #5: accepted
            109s #6 ann.1 asks q2 for 1
                save b/1 started by ann.1 for q2
                tell #6: yours is b/1
            next wake-up 119s
        "#]],
    );
}

#[test]
fn every_lease_starts_anew_and_runs_out_like_any_other() {
    check(
        [
            (100, restart([stored("r1", [(job("a"), 3, leased_to("ann.1", "q1"))])])),
            (101, up("bob.1")),
            (102, ask("bob.1", "q2", 1)),
            (129, tick()),
            (130, tick()),
        ],
        expect![[r#"
            100s the controller starts anew
            101s #2 bob.1 is up
                tell #2: done
            102s #3 bob.1 asks q2 for 1
            129s #4 tick
            130s #5 tick
                save a/3 over: failed, runner_lost: the runner fell silent
                save a/4 started by bob.1 for q2
                tell #3: yours is a/4
            next wake-up 140s
        "#]],
    );
}

#[test]
fn a_request_whose_answer_was_lost_with_the_controller_gets_the_same_attempt() {
    check(
        [
            (100, restart([stored("r1", [(job("a"), 1, leased_to("ann.1", "q1"))])])),
            (101, ask("ann.1", "q1", 1)),
            (102, up("ann.1")),
            (103, ask("ann.1", "q1", 1)),
        ],
        expect![[r#"
            100s the controller starts anew
            101s #2 ann.1 asks q1 for 1
                tell #2: unknown life
            102s #3 ann.1 is up
                tell #3: done
            103s #4 ann.1 asks q1 for 1
                tell #4: yours is a/1
            next wake-up 133s
        "#]],
    );
}

#[test]
fn a_finish_that_was_durable_before_the_restart_is_known() {
    check(
        [
            (
                100,
                restart([stored(
                    "r1",
                    [
                        (job("a"), 2, StoredState::Ended(Verdict::Passed)),
                        (job("b"), 4, StoredState::Ended(failure(FailureClass::RunnerLost))),
                        (job("c"), 0, queued()),
                    ],
                )]),
            ),
            (101, finish("a/2", passed())),
            (102, finish("a/1", passed())),
            (103, finish("b/4", passed())),
        ],
        expect![[r#"
            100s the controller starts anew
            101s #2 a/2 finishes: passed
                tell #2: already
            102s #3 a/1 finishes: passed
                tell #3: stale
            103s #4 b/4 finishes: passed
                tell #4: stale
        "#]],
    );
}

#[test]
fn a_runner_that_starts_anew_while_the_controller_is_away_still_loses_what_it_held() {
    check(
        [(100, restart([stored("r1", [(job("a"), 1, leased_to("ann.1", "q1"))])])), (101, up("ann.2"))],
        expect![[r#"
            100s the controller starts anew
            101s #2 ann.2 is up
                save a/1 over: failed, runner_lost: its runner started anew
                save a queued
                tell #2: done
        "#]],
    );
}

#[test]
fn a_runner_may_retire_before_it_said_hello_to_the_new_controller() {
    check(
        [
            (100, restart([stored("r1", [(job("a"), 1, leased_to("ann.1", "q1"))])])),
            (101, super::story::retire("ann.1")),
        ],
        expect![[r#"
            100s the controller starts anew
            101s #2 ann.1 retires
                save a/1 over: cancelled
                save a queued
                tell #2: done
        "#]],
    );
}

#[test]
fn jobs_keep_their_place_in_line_and_their_back_off() {
    let held_back = StoredState::Queued { since: at(95), not_before: at(105) };
    check(
        [
            (100, restart([stored("r1", [(job("a"), 2, held_back), (job("b"), 0, queued())])])),
            (101, up("ann.1")),
            (102, ask("ann.1", "q1", 1)),
            (103, ask("ann.1", "q2", 1)),
            (105, tick()),
        ],
        expect![[r#"
            100s the controller starts anew
            101s #2 ann.1 is up
                tell #2: done
            102s #3 ann.1 asks q1 for 1
                save b/1 started by ann.1 for q1
                tell #3: yours is b/1
            103s #4 ann.1 asks q2 for 1
            105s #5 tick
                save a/3 started by ann.1 for q2
                tell #4: yours is a/3
            next wake-up 112s
        "#]],
    );
}

#[test]
fn a_clock_that_was_set_back_holds_no_job_back_for_longer_than_the_back_off() {
    let held_back = StoredState::Queued { since: at(9000), not_before: at(9005) };
    check(
        [(100, restart([stored("r1", [(job("a"), 2, held_back)])]))],
        expect![[r#"
        100s the controller starts anew
        next wake-up 130s
    "#]],
    );
}

#[test]
fn earlier_failures_of_ours_still_count() {
    let mut run = stored("r1", [(job("a"), 4, leased_to("ann.1", "q1"))]);
    run.jobs[0].infrastructure_failures = 3;
    check(
        [(100, restart([run])), (130, tick())],
        expect![[r#"
        100s the controller starts anew
        130s #2 tick
            save a/4 over: failed, runner_lost: the runner fell silent
            save a ended: failed, runner_lost: the runner fell silent
            save r1 ended: failed, runner_lost: job "a": the runner fell silent
    "#]],
    );
}

#[test]
fn a_cancel_is_not_forgotten() {
    let run = stored("r1", [(job("a"), 1, leased_to("ann.1", "q1"))]);
    check(
        [
            (100, restart([ActiveRun { stopping: Some(StopReason::Asked), ..run }])),
            (101, up("ann.1")),
            (102, beat("ann.1", ["a/1"])),
            (103, finish("a/1", finished(Verdict::Cancelled, Vec::new()))),
        ],
        expect![[r#"
            100s the controller starts anew
                poke ann
            101s #2 ann.1 is up
                tell #2: done
            102s #3 ann.1 holds a/1
                tell #3: cancel a/1
            103s #4 a/1 finishes: cancelled
                save a/1 over: cancelled
                save a ended: cancelled
                save r1 ended: cancelled
                tell #4: accepted
        "#]],
    );
}

#[test]
fn what_the_records_left_undone_is_done() {
    let docs = PlannedJob { skip: Some("its condition is false".to_owned()), ..job("docs") };
    let broken = stored(
        "r1",
        [
            (job("a"), 1, StoredState::Ended(failure(FailureClass::StepFailed))),
            (needing("b", ["a"]), 0, StoredState::Waiting),
            (needing("c", ["b"]), 0, StoredState::Waiting),
            (job("d"), 1, StoredState::Ended(Verdict::Passed)),
            (needing("e", ["d", "docs"]), 0, StoredState::Waiting),
            (docs, 0, StoredState::Waiting),
            (job("f"), 0, StoredState::Waiting),
        ],
    );
    let over = stored("r2", [(job("x"), 1, StoredState::Ended(Verdict::Passed))]);
    let stopped = stored("r3", [(job("y"), 0, queued()), (needing("z", ["y"]), 0, StoredState::Waiting)]);
    check(
        [(100, restart([broken, over, ActiveRun { stopping: Some(StopReason::Asked), ..stopped }]))],
        expect![[r#"
        100s the controller starts anew
            save b ended: skipped, blocked: it needs "a", which failed
            save c ended: skipped, blocked: it needs "b", which did not run
            save docs ended: skipped: its condition is false
            save e queued
            save f queued
            save r2 ended: passed
            save y ended: cancelled
            save z ended: cancelled
            save r3 ended: cancelled
    "#]],
    );
}

#[test]
fn new_runs_come_after_those_that_waited_before_the_restart() {
    check(
        [
            (100, restart([stored("r9", [(job("a"), 0, queued())])])),
            (101, submit("r1", [job("b")])),
            (102, up("ann.1")),
            (103, ask("ann.1", "q1", 2)),
        ],
        expect![[r#"
            100s the controller starts anew
            101s #2 submit r1 of shop
                save r1 accepted
                save b queued
                tell #2: done
            102s #3 ann.1 is up
                tell #3: done
            103s #4 ann.1 asks q1 for 2
                save a/1 started by ann.1 for q1
                save b/1 started by ann.1 for q1
                tell #4: yours is a/1, b/1
            next wake-up 113s
        "#]],
    );
}
