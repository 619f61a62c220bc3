//! Runners start anew, retire, are revoked, and are listed.

use super::story::{ask, at, beat, cancel, check, finish, job, passed, retire, revoke, says, submit, tell, tick, up};
use expect_test::expect;
use sidings_proto::api::RunnerState;

#[test]
fn a_runner_that_starts_anew_loses_what_it_held_and_the_job_goes_on_at_once() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, says("a/1")),
            (2, ask("ann.1", "q2", 1)),
            (3, up("ann.2")),
            (4, ask("ann.2", "q3", 1)),
            (5, finish("a/1", passed())),
            (6, beat("ann.1", ["a/1"])),
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
            2s #5 ann.1 asks q2 for 1
            3s #6 ann.2 is up
                save a/1 over: failed, runner_lost: its runner started anew
                save a queued
                tell #5: unknown life
                tell #6: done
            4s #7 ann.2 asks q3 for 1
                save a/2 started by ann.2 for q3
                tell #7: yours is a/2
            5s #8 a/1 finishes: passed
                tell #8: stale
            6s #9 ann.1 holds a/1
                tell #9: unknown life
            next wake-up 14s
        "#]],
    );
}

#[test]
fn a_process_that_was_thought_dead_cannot_push_out_its_successor() {
    check(
        [
            (0, up("ann.1")),
            (1, up("ann.2")),
            (1, submit("r1", [job("a")])),
            (1, ask("ann.2", "q1", 1)),
            (2, beat("ann.1", [])),
            (3, up("ann.1")),
            (4, beat("ann.2", ["a/1"])),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 ann.2 is up
                tell #2: done
            1s #3 submit r1 of shop
                save r1 accepted
                save a queued
                tell #3: done
            1s #4 ann.2 asks q1 for 1
                save a/1 started by ann.2 for q1
                tell #4: yours is a/1
            2s #5 ann.1 holds nothing
                tell #5: unknown life
            3s #6 ann.1 is up
                tell #6: stale
            4s #7 ann.2 holds a/1
                tell #7: go on a/1
            next wake-up 34s
        "#]],
    );
}

#[test]
fn a_runner_that_says_hello_again_keeps_what_it_holds() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, up("ann.1")),
            (2, beat("ann.1", ["a/1"])),
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
            1s #4 ann.1 is up
                tell #4: done
            2s #5 ann.1 holds a/1
                tell #5: go on a/1
            next wake-up 32s
        "#]],
    );
}

#[test]
fn a_runner_that_retires_hands_its_jobs_back_and_nobody_counts_it_as_a_failure() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), job("b")])),
            (0, ask("ann.1", "q1", 2)),
            (1, ask("ann.1", "q2", 1)),
            (2, retire("ann.1")),
            (3, up("bob.1")),
            (4, ask("bob.1", "q3", 1)),
            (5, says("a/2")),
            (6, up("bob.2")),
            (7, retire("ann.1")),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                tell #2: done
            0s #3 ann.1 asks q1 for 2
                save a/1 started by ann.1 for q1
                save b/1 started by ann.1 for q1
                tell #3: yours is a/1, b/1
            1s #4 ann.1 asks q2 for 1
            2s #5 ann.1 retires
                save a/1 over: cancelled
                save a queued
                save b/1 over: cancelled
                save b queued
                tell #4: yours is nothing
                tell #5: done
            3s #6 bob.1 is up
                tell #6: done
            4s #7 bob.1 asks q3 for 1
                save a/2 started by bob.1 for q3
                tell #7: yours is a/2
            5s #8 a/2 goes on
                save a/2 progressed
                tell #8: done
            6s #9 bob.2 is up
                save a/2 over: failed, runner_lost: its runner started anew
                save a queued
                tell #9: done
            7s #10 ann.1 retires
                tell #10: done
        "#]],
    );
}

#[test]
fn a_cancelled_job_of_a_runner_that_retires_is_over() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, cancel("r1")),
            (2, retire("ann.1")),
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
            2s #5 ann.1 retires
                save a/1 over: cancelled
                save a ended: cancelled
                save r1 ended: cancelled
                tell #5: done
        "#]],
    );
}

#[test]
fn a_runner_whose_token_is_revoked_is_out_at_once() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, ask("ann.1", "q2", 1)),
            (2, revoke("ann")),
            (3, finish("a/1", passed())),
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
            1s #4 ann.1 asks q2 for 1
            2s #5 ann is revoked
                save a/1 over: cancelled
                save a queued
                tell #4: unknown life
            3s #6 a/1 finishes: passed
                tell #6: stale
        "#]],
    );
}

#[test]
fn the_goodbye_of_an_earlier_life_takes_nothing_from_the_new_one() {
    check(
        [
            (0, up("ann.1")),
            (1, up("ann.2")),
            (1, submit("r1", [job("a")])),
            (1, ask("ann.2", "q1", 1)),
            (2, retire("ann.1")),
            (3, beat("ann.2", ["a/1"])),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 ann.2 is up
                tell #2: done
            1s #3 submit r1 of shop
                save r1 accepted
                save a queued
                tell #3: done
            1s #4 ann.2 asks q1 for 1
                save a/1 started by ann.2 for q1
                tell #4: yours is a/1
            2s #5 ann.1 retires
                tell #5: done
            3s #6 ann.2 holds a/1
                tell #6: go on a/1
            next wake-up 33s
        "#]],
    );
}

#[test]
fn a_list_of_runners_says_who_works_and_who_is_silent() {
    let (_, core) = tell([
        (0, up("bob.1")),
        (5, up("ann.1")),
        (6, submit("r1", [job("a"), job("b")])),
        (7, ask("ann.1", "q1", 1)),
        (30, says("a/1")),
        (31, tick()),
    ]);
    let seen = core.runners(at(32));
    let brief: Vec<_> = seen.iter().map(|view| (view.name.as_str(), view.state, view.busy, view.seen)).collect();
    assert_eq!(brief, [("ann", RunnerState::Up, 1, at(30)), ("bob", RunnerState::Silent, 0, at(0))]);
    let counts = core.counts(at(32));
    assert_eq!((counts.runs, counts.queued, counts.running, counts.waiting), (1, 1, 1, 0));
    assert_eq!((counts.runners_up, counts.runners_draining, counts.runners_silent), (1, 0, 1));
}
