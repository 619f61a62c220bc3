//! Somebody wants a run stopped.

use super::story::{ask, beat, cancel, check, failed, finish, finished, job, needing, passed, says, submit, tick, up};
use expect_test::expect;
use sidings_proto::{FailureClass, Verdict};

#[test]
fn what_waits_ends_now_and_what_runs_gets_the_order_with_every_beat() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [needing("c", ["b"]), job("a"), job("b")])),
            (0, ask("ann.1", "q1", 1)),
            (1, cancel("r1")),
            (2, cancel("r1")),
            (3, beat("ann.1", ["a/1"])),
            (13, beat("ann.1", ["a/1"])),
            (14, finish("a/1", finished(Verdict::Cancelled, Vec::new()))),
            (15, cancel("r1")),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            1s #4 cancel r1
                save r1 cancelling
                save c ended: cancelled
                save b ended: cancelled
                tell #4: done
                poke ann
            2s #5 cancel r1
                tell #5: done
            3s #6 ann.1 holds a/1
                tell #6: cancel a/1
            13s #7 ann.1 holds a/1
                tell #7: cancel a/1
            14s #8 a/1 finishes: cancelled
                save a/1 over: cancelled
                save a ended: cancelled
                save r1 ended: cancelled
                tell #8: accepted
            15s #9 cancel r1
                tell #9: done
        "#]],
    );
}

#[test]
fn a_job_that_ended_before_it_saw_the_cancel_keeps_its_verdict() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), needing("b", ["a"])])),
            (0, ask("ann.1", "q1", 1)),
            (1, cancel("r1")),
            (2, finish("a/1", passed())),
            (3, submit("r2", [job("x")])),
            (3, ask("ann.1", "q2", 1)),
            (4, cancel("r2")),
            (5, finish("x/1", passed())),
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
            1s #4 cancel r1
                save r1 cancelling
                save b ended: cancelled
                tell #4: done
                poke ann
            2s #5 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save r1 ended: cancelled
                tell #5: accepted
            3s #6 submit r2 of shop
                save r2 accepted
                save x queued
                tell #6: done
            3s #7 ann.1 asks q2 for 1
                save x/1 started by ann.1 for q2
                tell #7: yours is x/1
            4s #8 cancel r2
                save r2 cancelling
                tell #8: done
                poke ann
            5s #9 x/1 finishes: passed
                save x/1 over: passed
                save x ended: passed
                save r2 ended: passed
                tell #9: accepted
        "#]],
    );
}

#[test]
fn a_failure_stays_visible_when_the_rest_is_cancelled() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), job("b")])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("a/1", failed(FailureClass::StepFailed, "step \"x\" exited with code 1"))),
            (2, cancel("r1")),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            1s #4 a/1 finishes: failed, step_failed: step "x" exited with code 1
                save a/1 over: failed, step_failed: step "x" exited with code 1
                save a ended: failed, step_failed: step "x" exited with code 1
                tell #4: accepted
            2s #5 cancel r1
                save r1 cancelling
                save b ended: cancelled
                save r1 ended: failed, step_failed: job "a": step "x" exited with code 1
                tell #5: done
        "#]],
    );
}

#[test]
fn an_engine_that_fails_in_a_cancelled_run_is_not_tried_again() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, cancel("r1")),
            (2, finish("a/1", failed(FailureClass::EngineFailed, "the engine is gone"))),
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
            1s #4 cancel r1
                save r1 cancelling
                tell #4: done
                poke ann
            2s #5 a/1 finishes: failed, engine_failed: the engine is gone
                save a/1 over: failed, engine_failed: the engine is gone
                save a ended: cancelled
                save r1 ended: cancelled
                tell #5: accepted
        "#]],
    );
}

#[test]
fn a_job_that_is_in_line_again_ends_at_once() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (31, tick()),
            (32, cancel("r1")),
            (33, beat("ann.1", ["a/1"])),
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
            1s #4 a/1 goes on
                save a/1 progressed
                tell #4: done
            31s #5 tick
            32s #6 cancel r1
                save r1 cancelling
                save a/1 over: cancelled
                save a ended: cancelled
                save r1 ended: cancelled
                tell #6: done
            33s #7 ann.1 holds a/1
                tell #7: drop a/1
        "#]],
    );
}

#[test]
fn a_cancel_that_nobody_asked_for_is_our_failure() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("a/1", finished(Verdict::Cancelled, Vec::new()))),
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
            1s #4 a/1 finishes: cancelled
                save a/1 over: failed, engine_failed: its runner stopped it and nobody had asked for that
                save a queued
                tell #4: accepted
        "#]],
    );
}
