//! Runners fall silent and engines fail.

use super::story::{
    ask, at, beat, cancel, check, failed, finish, job, needing, passed, says, submit, tell, tick, up, wait_of,
};
use crate::core::AttemptStanding;
use expect_test::expect;
use sidings_proto::FailureClass;

#[test]
fn a_silent_runner_loses_its_job() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (10, beat("ann.1", ["a/1"])),
            (20, up("bob.1")),
            (21, ask("bob.1", "q2", 1)),
            (39, tick()),
            (40, tick()),
            (41, finish("a/1", passed())),
            (42, beat("ann.1", ["a/1"])),
            (43, finish("a/2", passed())),
            (44, finish("a/2", passed())),
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
            10s #5 ann.1 holds a/1
                tell #5: go on a/1
            20s #6 bob.1 is up
                tell #6: done
            21s #7 bob.1 asks q2 for 1
            39s #8 tick
            40s #9 tick
                save a/1 over: failed, runner_lost: the runner fell silent
                save a/2 started by bob.1 for q2
                tell #7: yours is a/2
            41s #10 a/1 finishes: passed
                tell #10: stale
            42s #11 ann.1 holds a/1
                tell #11: drop a/1
            43s #12 a/2 finishes: passed
                save a/2 over: passed
                save a ended: passed
                save r1 ended: passed
                tell #12: accepted
            44s #13 a/2 finishes: passed
                tell #13: already
        "#]],
    );
}

#[test]
fn a_beat_that_is_late_but_there_still_renews_the_lease() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (45, beat("ann.1", ["a/1"])),
            (74, tick()),
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
            45s #5 ann.1 holds a/1
                tell #5: go on a/1
            74s #6 tick
            next wake-up 75s
        "#]],
    );
}

#[test]
fn a_runner_that_was_cut_off_goes_on_while_nobody_else_took_its_job() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (31, tick()),
            (600, beat("ann.1", ["a/1"])),
            (601, up("bob.1")),
            (602, ask("bob.1", "q2", 1)),
            (603, finish("a/1", passed())),
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
            600s #6 ann.1 holds a/1
                tell #6: go on a/1
            601s #7 bob.1 is up
                tell #7: done
            602s #8 bob.1 asks q2 for 1
            603s #9 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save r1 ended: passed
                tell #9: accepted
        "#]],
    );
}

#[test]
fn a_runner_that_was_cut_off_may_bring_the_end_of_a_job_that_nobody_took() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), needing("b", ["a"])])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (31, tick()),
            (300, finish("a/1", passed())),
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
            300s #6 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save b queued
                tell #6: accepted
        "#]],
    );
}

#[test]
fn nobody_waits_for_a_runner_that_was_cut_off_for_very_long() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (31, tick()),
            (930, tick()),
            (931, tick()),
            (932, beat("ann.1", ["a/1"])),
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
            930s #6 tick
            931s #7 tick
                save a/1 over: failed, runner_lost: the runner fell silent
                save a queued
            932s #8 ann.1 holds a/1
                tell #8: drop a/1
        "#]],
    );
}

#[test]
fn a_job_that_loses_its_runner_again_and_again_waits_longer_and_then_fails() {
    let (dialogue, core) = tell([
        (0, up("ann.1")),
        (0, submit("r1", [job("a")])),
        (0, ask("ann.1", "q1", 1)),
        (1, up("ann.2")),
        (1, ask("ann.2", "q2", 1)),
        (2, up("ann.3")),
        (2, ask("ann.3", "q3", 1)),
        (7, tick()),
        (8, says("a/3")),
        (10, up("bob.1")),
        (10, ask("bob.1", "q4", 1)),
        (38, tick()),
        (68, tick()),
        (69, says("a/4")),
        (99, tick()),
    ]);
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
        1s #4 ann.2 is up
            save a/1 over: failed, runner_lost: its runner started anew
            save a queued
            tell #4: done
        1s #5 ann.2 asks q2 for 1
            save a/2 started by ann.2 for q2
            tell #5: yours is a/2
        2s #6 ann.3 is up
            save a/2 over: failed, runner_lost: its runner started anew
            save a queued, not before 7s
            tell #6: done
        2s #7 ann.3 asks q3 for 1
        7s #8 tick
            save a/3 started by ann.3 for q3
            tell #7: yours is a/3
        8s #9 a/3 goes on
            save a/3 progressed
            tell #9: done
        10s #10 bob.1 is up
            tell #10: done
        10s #11 bob.1 asks q4 for 1
        38s #12 tick
        68s #13 tick
            save a/3 over: failed, runner_lost: the runner fell silent
            save a/4 started by bob.1 for q4
            tell #11: yours is a/4
        69s #14 a/4 goes on
            save a/4 progressed
            tell #14: done
        99s #15 tick
            save a/4 over: failed, runner_lost: the runner fell silent
            save a ended: failed, runner_lost: the runner fell silent
            save r1 ended: failed, runner_lost: job "a": the runner fell silent
    "#]]
    .assert_eq(&dialogue);
    assert_eq!(core.standing(super::story::attempt("a/4")), AttemptStanding::Stale);
    assert_eq!(core.counts(at(99)).runs, 0);
}

#[test]
fn an_engine_that_fails_counts_like_a_lost_runner() {
    let engine = || failed(FailureClass::EngineFailed, "the engine is gone");
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("a/1", engine())),
            (1, finish("a/1", engine())),
            (2, ask("ann.1", "q2", 1)),
            (3, finish("a/2", engine())),
            (4, ask("ann.1", "q3", 1)),
            (8, tick()),
            (9, finish("a/3", engine())),
            (10, ask("ann.1", "q4", 1)),
            (39, tick()),
            (40, finish("a/4", engine())),
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
            1s #4 a/1 finishes: failed, engine_failed: the engine is gone
                save a/1 over: failed, engine_failed: the engine is gone
                save a queued
                tell #4: accepted
            1s #5 a/1 finishes: failed, engine_failed: the engine is gone
                tell #5: already
            2s #6 ann.1 asks q2 for 1
                save a/2 started by ann.1 for q2
                tell #6: yours is a/2
            3s #7 a/2 finishes: failed, engine_failed: the engine is gone
                save a/2 over: failed, engine_failed: the engine is gone
                save a queued, not before 8s
                tell #7: accepted
            4s #8 ann.1 asks q3 for 1
            8s #9 tick
                save a/3 started by ann.1 for q3
                tell #8: yours is a/3
            9s #10 a/3 finishes: failed, engine_failed: the engine is gone
                save a/3 over: failed, engine_failed: the engine is gone
                save a queued, not before 39s
                tell #10: accepted
            10s #11 ann.1 asks q4 for 1
            39s #12 tick
                save a/4 started by ann.1 for q4
                tell #11: yours is a/4
            40s #13 a/4 finishes: failed, engine_failed: the engine is gone
                save a/4 over: failed, engine_failed: the engine is gone
                save a ended: failed, engine_failed: the engine is gone
                save r1 ended: failed, engine_failed: job "a": the engine is gone
                tell #13: accepted
        "#]],
    );
}

#[test]
fn a_job_of_a_cancelled_run_is_not_tried_again_when_its_runner_falls_silent() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (2, cancel("r1")),
            (31, tick()),
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
            2s #5 cancel r1
                save r1 cancelling
                tell #5: done
                poke ann
            31s #6 tick
                save a/1 over: cancelled
                save a ended: cancelled
                save r1 ended: cancelled
        "#]],
    );
}

#[test]
fn a_job_of_which_nothing_is_heard_says_so() {
    let begun =
        [(0, up("ann.1")), (0, submit("r1", [job("a")])), (0, ask("ann.1", "q1", 1)), (5, beat("ann.1", ["a/1"]))];
    let (_, core) = tell(begun);
    assert_eq!(wait_of(&core, at(19), "r1", 0), "it does not wait");
    assert_eq!(wait_of(&core, at(20), "r1", 0), "runner: nothing was heard of ann for 15 s");
    let lapsed = [
        (0, up("ann.1")),
        (0, submit("r1", [job("a")])),
        (0, ask("ann.1", "q1", 1)),
        (5, beat("ann.1", ["a/1"])),
        (40, tick()),
    ];
    let (_, core) = tell(lapsed);
    let now = "runner: nothing was heard of ann for 35 s; the next runner that is free gets it";
    assert_eq!(wait_of(&core, at(40), "r1", 0), now);
}
