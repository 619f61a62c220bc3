//! Runners ask for work and get it.

use super::story::{ask, beat, check, draining_beat, finish, hang_up, job, passed, says, submit, tick, up};
use expect_test::expect;

#[test]
fn a_request_gets_as_many_jobs_as_it_has_slots() {
    check(
        [(0, up("ann.1")), (0, submit("r1", [job("a"), job("b"), job("c")])), (1, ask("ann.1", "q1", 2))],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                save c queued
                tell #2: done
            1s #3 ann.1 asks q1 for 2
                save a/1 started by ann.1 for q1
                save b/1 started by ann.1 for q1
                tell #3: yours is a/1, b/1
            next wake-up 11s
        "#]],
    );
}

#[test]
fn a_request_that_comes_again_gets_the_same_attempts() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a"), job("b"), job("c")])),
            (1, ask("ann.1", "q1", 2)),
            (2, ask("ann.1", "q1", 2)),
            (3, finish("a/1", passed())),
            (4, ask("ann.1", "q1", 2)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                save c queued
                tell #2: done
            1s #3 ann.1 asks q1 for 2
                save a/1 started by ann.1 for q1
                save b/1 started by ann.1 for q1
                tell #3: yours is a/1, b/1
            2s #4 ann.1 asks q1 for 2
                tell #4: yours is a/1, b/1
            3s #5 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                tell #5: accepted
            4s #6 ann.1 asks q1 for 2
                tell #6: yours is b/1
            next wake-up 14s
        "#]],
    );
}

#[test]
fn a_repeated_request_starts_the_lease_anew_because_the_runner_trusts_it_from_then() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (9, ask("ann.1", "q1", 1)),
            (18, says("a/1")),
            (20, ask("ann.1", "q1", 1)),
            (49, tick()),
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
            9s #4 ann.1 asks q1 for 1
                tell #4: yours is a/1
            18s #5 a/1 goes on
                save a/1 progressed
                tell #5: done
            20s #6 ann.1 asks q1 for 1
                tell #6: yours is a/1
            49s #7 tick
            next wake-up 50s
        "#]],
    );
}

#[test]
fn a_request_that_is_open_already_takes_the_place_of_the_earlier_one() {
    check(
        [
            (0, up("ann.1")),
            (1, ask("ann.1", "q1", 1)),
            (2, ask("ann.1", "q1", 1)),
            (3, hang_up("ann.1", "q1", 2)),
            (4, submit("r1", [job("a")])),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 ann.1 asks q1 for 1
            2s #3 ann.1 asks q1 for 1
                tell #2: yours is nothing
            3s #4 nobody waits for q1 of #2
            4s #5 submit r1 of shop
                save r1 accepted
                save a queued
                save a/1 started by ann.1 for q1
                tell #5: done
                tell #3: yours is a/1
            next wake-up 14s
        "#]],
    );
}

#[test]
fn nothing_goes_to_a_request_that_nobody_waits_for() {
    check(
        [
            (0, up("ann.1")),
            (1, ask("ann.1", "q1", 1)),
            (26, hang_up("ann.1", "q1", 2)),
            (27, submit("r1", [job("a")])),
            (28, ask("ann.1", "q2", 1)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 ann.1 asks q1 for 1
            26s #3 nobody waits for q1 of #2
            27s #4 submit r1 of shop
                save r1 accepted
                save a queued
                tell #4: done
            28s #5 ann.1 asks q2 for 1
                save a/1 started by ann.1 for q2
                tell #5: yours is a/1
            next wake-up 38s
        "#]],
    );
}

#[test]
fn requests_of_one_runner_are_served_in_the_order_they_came() {
    check(
        [
            (0, up("ann.1")),
            (1, ask("ann.1", "q2", 1)),
            (2, ask("ann.1", "q1", 1)),
            (3, submit("r1", [job("a")])),
            (4, submit("r2", [job("b")])),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 ann.1 asks q2 for 1
            2s #3 ann.1 asks q1 for 1
            3s #4 submit r1 of shop
                save r1 accepted
                save a queued
                save a/1 started by ann.1 for q2
                tell #4: done
                tell #2: yours is a/1
            4s #5 submit r2 of shop
                save r2 accepted
                save b queued
                save b/1 started by ann.1 for q1
                tell #5: done
                tell #3: yours is b/1
            next wake-up 13s
        "#]],
    );
}

#[test]
fn jobs_that_come_at_once_are_spread_over_the_runners_that_wait() {
    check(
        [
            (0, up("ann.1")),
            (0, up("bob.1")),
            (1, ask("ann.1", "q1", 2)),
            (2, ask("bob.1", "q2", 2)),
            (3, submit("r1", [job("a"), job("b"), job("c")])),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 bob.1 is up
                tell #2: done
            1s #3 ann.1 asks q1 for 2
            2s #4 bob.1 asks q2 for 2
            3s #5 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                save c queued
                save a/1 started by ann.1 for q1
                save b/1 started by bob.1 for q2
                save c/1 started by ann.1 for q1
                tell #5: done
                tell #3: yours is a/1, c/1
                tell #4: yours is b/1
            next wake-up 13s
        "#]],
    );
}

#[test]
fn a_runner_that_is_busy_lets_an_idle_one_go_first() {
    check(
        [
            (0, up("ann.1")),
            (0, up("bob.1")),
            (0, submit("r1", [job("a")])),
            (1, ask("ann.1", "q1", 1)),
            (2, ask("ann.1", "q2", 1)),
            (3, ask("bob.1", "q3", 1)),
            (4, submit("r2", [job("b")])),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 bob.1 is up
                tell #2: done
            0s #3 submit r1 of shop
                save r1 accepted
                save a queued
                tell #3: done
            1s #4 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #4: yours is a/1
            2s #5 ann.1 asks q2 for 1
            3s #6 bob.1 asks q3 for 1
            4s #7 submit r2 of shop
                save r2 accepted
                save b queued
                save b/1 started by bob.1 for q3
                tell #7: done
                tell #6: yours is b/1
            next wake-up 11s
        "#]],
    );
}

#[test]
fn a_draining_runner_finishes_and_gets_nothing_new() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (1, ask("ann.1", "q1", 1)),
            (2, ask("ann.1", "q2", 1)),
            (3, draining_beat("ann.1", ["a/1"])),
            (4, submit("r2", [job("b")])),
            (5, ask("ann.1", "q3", 1)),
            (6, finish("a/1", passed())),
            (7, beat("ann.1", [])),
            (8, ask("ann.1", "q4", 1)),
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
            2s #4 ann.1 asks q2 for 1
            3s #5 ann.1 holds a/1, draining
                tell #4: yours is nothing
                tell #5: go on a/1
            4s #6 submit r2 of shop
                save r2 accepted
                save b queued
                tell #6: done
            5s #7 ann.1 asks q3 for 1
                tell #7: yours is nothing
            6s #8 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save r1 ended: passed
                tell #8: accepted
            7s #9 ann.1 holds nothing
                tell #9: no orders
            8s #10 ann.1 asks q4 for 1
                save b/1 started by ann.1 for q4
                tell #10: yours is b/1
            next wake-up 18s
        "#]],
    );
}

#[test]
fn a_runner_that_is_not_known_says_hello_first() {
    check(
        [
            (0, submit("r1", [job("a")])),
            (1, ask("ann.1", "q1", 1)),
            (2, beat("ann.1", [])),
            (3, up("ann.1")),
            (4, ask("ann.1", "q1", 1)),
        ],
        expect![[r#"
            0s #1 submit r1 of shop
                save r1 accepted
                save a queued
                tell #1: done
            1s #2 ann.1 asks q1 for 1
                tell #2: unknown life
            2s #3 ann.1 holds nothing
                tell #3: unknown life
            3s #4 ann.1 is up
                tell #4: done
            4s #5 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #5: yours is a/1
            next wake-up 14s
        "#]],
    );
}
