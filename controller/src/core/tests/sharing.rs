//! Whose turn it is.

use super::story::{ask, check, failed, finish, job, passed, submit_to, tick, up};
use expect_test::expect;
use sidings_proto::FailureClass;

#[test]
fn a_project_with_many_jobs_does_not_starve_another() {
    check(
        [
            (0, up("ann.1")),
            (0, submit_to("big", "r1", [job("b1"), job("b2"), job("b3"), job("b4")])),
            (1, submit_to("small", "r2", [job("s1"), job("s2")])),
            (2, ask("ann.1", "q1", 2)),
            (3, ask("ann.1", "q2", 2)),
            (4, finish("b1/1", passed())),
            (5, ask("ann.1", "q3", 2)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of big
                save r1 accepted
                save b1 queued
                save b2 queued
                save b3 queued
                save b4 queued
                tell #2: done
            1s #3 submit r2 of small
                save r2 accepted
                save s1 queued
                save s2 queued
                tell #3: done
            2s #4 ann.1 asks q1 for 2
                save b1/1 started by ann.1 for q1
                save s1/1 started by ann.1 for q1
                tell #4: yours is b1/1, s1/1
            3s #5 ann.1 asks q2 for 2
                save b2/1 started by ann.1 for q2
                save s2/1 started by ann.1 for q2
                tell #5: yours is b2/1, s2/1
            4s #6 b1/1 finishes: passed
                save b1/1 over: passed
                save b1 ended: passed
                tell #6: accepted
            5s #7 ann.1 asks q3 for 2
                save b3/1 started by ann.1 for q3
                save b4/1 started by ann.1 for q3
                tell #7: yours is b3/1, b4/1
            next wake-up 12s
        "#]],
    );
}

#[test]
fn the_oldest_run_of_a_project_goes_first_and_its_jobs_in_the_order_of_the_file() {
    check(
        [
            (0, submit_to("shop", "r2", [job("z"), job("y")])),
            (1, submit_to("shop", "r1", [job("a")])),
            (2, up("ann.1")),
            (3, ask("ann.1", "q1", 3)),
        ],
        expect![[r#"
            0s #1 submit r2 of shop
                save r2 accepted
                save z queued
                save y queued
                tell #1: done
            1s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            2s #3 ann.1 is up
                tell #3: done
            3s #4 ann.1 asks q1 for 3
                save z/1 started by ann.1 for q1
                save y/1 started by ann.1 for q1
                save a/1 started by ann.1 for q1
                tell #4: yours is z/1, y/1, a/1
            next wake-up 13s
        "#]],
    );
}

#[test]
fn a_job_that_is_held_back_lets_younger_ones_pass() {
    let engine = || failed(FailureClass::EngineFailed, "the engine is gone");
    check(
        [
            (0, up("ann.1")),
            (0, submit_to("shop", "r1", [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, finish("a/1", engine())),
            (1, ask("ann.1", "q2", 1)),
            (2, finish("a/2", engine())),
            (3, submit_to("shop", "r2", [job("b")])),
            (4, ask("ann.1", "q3", 1)),
            (5, ask("ann.1", "q4", 1)),
            (7, tick()),
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
            1s #5 ann.1 asks q2 for 1
                save a/2 started by ann.1 for q2
                tell #5: yours is a/2
            2s #6 a/2 finishes: failed, engine_failed: the engine is gone
                save a/2 over: failed, engine_failed: the engine is gone
                save a queued, not before 7s
                tell #6: accepted
            3s #7 submit r2 of shop
                save r2 accepted
                save b queued
                tell #7: done
            4s #8 ann.1 asks q3 for 1
                save b/1 started by ann.1 for q3
                tell #8: yours is b/1
            5s #9 ann.1 asks q4 for 1
            7s #10 tick
                save a/3 started by ann.1 for q4
                tell #9: yours is a/3
            next wake-up 14s
        "#]],
    );
}
