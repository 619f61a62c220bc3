//! Attempts that were handed out and not mentioned yet: perhaps the answer was lost.

use super::story::{ask, beat, check, finish, job, passed, says, submit, tick, up};
use expect_test::expect;

#[test]
fn an_attempt_that_was_never_mentioned_goes_to_the_next_and_costs_nothing() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (5, beat("ann.1", [])),
            (9, ask("ann.1", "q2", 1)),
            (10, tick()),
            (11, says("a/2")),
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
            5s #4 ann.1 holds nothing
                tell #4: no orders
            9s #5 ann.1 asks q2 for 1
            10s #6 tick
                save a/1 over: cancelled
                save a/2 started by ann.1 for q2
                tell #5: yours is a/2
            11s #7 a/2 goes on
                save a/2 progressed
                tell #7: done
            next wake-up 41s
        "#]],
    );
}

#[test]
fn an_attempt_that_is_mentioned_late_is_kept_while_nobody_else_took_it() {
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (10, tick()),
            (11, beat("ann.1", ["a/1"])),
            (12, ask("ann.1", "q2", 1)),
            (13, finish("a/1", passed())),
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
            10s #4 tick
            11s #5 ann.1 holds a/1
                tell #5: go on a/1
            12s #6 ann.1 asks q2 for 1
            13s #7 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save r1 ended: passed
                tell #7: accepted
        "#]],
    );
}
