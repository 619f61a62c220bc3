//! Workers and containers die: who is blamed, and who is not.

use super::story::{dies, ends, join, left, lost, pull, start, tests};
use expect_test::expect;

#[test]
fn what_a_lost_worker_had_begun_runs_alone_and_the_rest_as_before() {
    tests("abc").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (1, start(1, 1, 'a')),
            (2, lost(1)),
            (2, pull(2, 2)),
            (2, pull(2, 3)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 starts a of #1
                save a started
            2s w1 is lost
                save a to run alone
                save w1 gone: Lost
            2s w2 pulls 2
                save #2 to w2: a
                tell: #2 is a
            2s w2 pulls 3
                save #3 to w2: b
                tell: #3 is b
            0 of 3 ran once, 3 left
        "#]],
    );
}

#[test]
fn a_lost_machine_is_never_held_against_a_test() {
    tests("a").check(
        [
            (0, join(1)),
            (0, pull(1, 1)),
            (1, start(1, 1, 'a')),
            (2, lost(1)),
            (3, join(2)),
            (3, pull(2, 2)),
            (3, start(2, 2, 'a')),
            (4, lost(2)),
            (5, join(3)),
            (5, pull(3, 3)),
            (6, ends(3, 3, "a+", 0)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 starts a of #1
                save a started
            2s w1 is lost
                save a to run alone
                save w1 gone: Lost
            3s w2 joins
                save w2 joined
            3s w2 pulls 2
                save #2 to w2: a
                tell: #2 is a
            3s w2 starts a of #2
                save a started
            4s w2 is lost
                save a to run alone
                save w2 gone: Lost
            5s w3 joins
                save w3 joined
            5s w3 pulls 3
                save #3 to w3: a
                tell: #3 is a
            6s w3 reports #3: a passed, exit 0
                save a passed under #3
                save a: passed
                save #3 ended, exit 0
                save closed
                tell: 1 counted
            1 of 1 ran once
            green
        "#]],
    );
}

#[test]
fn a_test_that_kills_its_container_twice_has_crashed() {
    tests("ab").check(
        [
            (0, join(1)),
            (0, pull(1, 1)),
            (0, start(1, 1, 'a')),
            (1, dies(1, 1)),
            (1, pull(1, 2)),
            (1, start(1, 2, 'a')),
            (2, dies(1, 2)),
            (2, pull(1, 3)),
            (3, ends(1, 3, "b+", 0)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            0s w1 starts a of #1
                save a started
            1s w1 reports #1: nothing, died
                save #1 ended, died
                save a to run alone, blamed
                tell: nothing
            1s w1 pulls 2
                save #2 to w1: a
                tell: #2 is a
            1s w1 starts a of #2
                save a started
            2s w1 reports #2: nothing, died
                save #2 ended, died
                save a: crashed
                tell: nothing
            2s w1 pulls 3
                save #3 to w1: b
                tell: #3 is b
            3s w1 reports #3: b passed, exit 0
                save b passed under #3
                save b: passed
                save #3 ended, exit 0
                save closed
                tell: 1 counted
            1 of 2 ran once, 1 crashed
            red
            1 crashed:
              a
        "#]],
    );
}

#[test]
fn what_a_stream_had_taken_ahead_goes_back_unpenalised() {
    let story = || [(0, join(1)), (0, join(2)), (0, pull(1, 1)), (0, pull(1, 2)), (0, start(1, 1, 'a'))];
    let [a, b, c, d, e] = story();
    tests("abcd").check(
        [a, b, c, d, e, (1, dies(1, 1)), (1, dies(1, 2))],
        expect![[r#"
        0s w1 joins
            save w1 joined
        0s w2 joins
            save w2 joined
        0s w1 pulls 1
            save #1 to w1: a
            tell: #1 is a
        0s w1 pulls 2
            save #2 to w1: b
            tell: #2 is b
        0s w1 starts a of #1
            save a started
        1s w1 reports #1: nothing, died
            save #1 ended, died
            save a to run alone, blamed
            save b back
            tell: nothing
        1s w1 reports #2: nothing, died
            save #2 ended, died
            tell: nothing
        0 of 4 ran once, 4 left
    "#]],
    );
    let [a, b, c, d, e] = story();
    tests("abcd").check(
        [a, b, c, d, e, (1, dies(1, 2)), (1, dies(1, 1))],
        expect![[r#"
        0s w1 joins
            save w1 joined
        0s w2 joins
            save w2 joined
        0s w1 pulls 1
            save #1 to w1: a
            tell: #1 is a
        0s w1 pulls 2
            save #2 to w1: b
            tell: #2 is b
        0s w1 starts a of #1
            save a started
        1s w1 reports #2: nothing, died
            save #2 ended, died
            save b back
            tell: nothing
        1s w1 reports #1: nothing, died
            save #1 ended, died
            save a to run alone, blamed
            tell: nothing
        0 of 4 ran once, 4 left
    "#]],
    );
}

#[test]
fn without_a_word_of_what_began_the_batch_runs_again_in_halves() {
    tests("abcd").check(
        [
            (0, join(1)),
            (0, pull(1, 1)),
            (1, dies(1, 1)),
            (1, pull(1, 2)),
            (2, ends(1, 2, "a+", 0)),
            (2, pull(1, 3)),
            (3, dies(1, 3)),
            (3, pull(1, 4)),
            (4, dies(1, 4)),
            (4, pull(1, 5)),
            (5, ends(1, 5, "c+", 0)),
            (5, pull(1, 6)),
            (6, ends(1, 6, "d+", 0)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b c
                tell: #1 is a b c
            1s w1 reports #1: nothing, died
                save #1 ended, died
                save a to run alone, blamed
                save b to part 1, blamed
                save c to part 1, blamed
                save w1 struck
                tell: nothing
            1s w1 pulls 2
                save #2 to w1: a
                tell: #2 is a
            2s w1 reports #2: a passed, exit 0
                save a passed under #2
                save a: passed
                save #2 ended, exit 0
                tell: 1 counted
            2s w1 pulls 3
                save #3 to w1: b c
                tell: #3 is b c
            3s w1 reports #3: nothing, died
                save #3 ended, died
                save b to run alone, blamed
                save c to run alone, blamed
                tell: nothing
            3s w1 pulls 4
                save #4 to w1: b
                tell: #4 is b
            4s w1 reports #4: nothing, died
                save #4 ended, died
                save b: crashed
                tell: nothing
            4s w1 pulls 5
                save #5 to w1: c
                tell: #5 is c
            5s w1 reports #5: c passed, exit 0
                save c passed under #5
                save c: passed
                save #5 ended, exit 0
                tell: 1 counted
            5s w1 pulls 6
                save #6 to w1: d
                tell: #6 is d
            6s w1 reports #6: d passed, exit 0
                save d passed under #6
                save d: passed
                save #6 ended, exit 0
                save closed
                tell: 1 counted
            3 of 4 ran once, 1 crashed
            red
            1 crashed:
              b
        "#]],
    );
}

#[test]
fn a_sick_worker_is_retired_and_does_not_drain_the_queue() {
    tests("abcdefghijkl").with(|settings| settings.parallelism.max = 4).check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (1, ends(1, 1, "", 4)),
            (1, pull(1, 2)),
            (2, ends(1, 2, "", 4)),
            (2, pull(1, 3)),
            (3, join(1)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a b c
                tell: #1 is a b c
            1s w1 reports #1: nothing, exit 4
                save #1 ended, exit 4
                save a to run alone
                save b to part 1
                save c to part 1
                save w1 struck
                tell: nothing
            1s w1 pulls 2
                save #2 to w1: d e f g
                tell: #2 is d e f g
            2s w1 reports #2: nothing, exit 4
                save #2 ended, exit 4
                save d to part 2
                save e to part 2
                save f to part 3
                save g to part 3
                save w1 struck
                save w1 gone: Sick
                tell: nothing
            2s w1 pulls 3
                tell: over
            3s w1 joins
                tell: over
            0 of 12 ran once, 12 left
        "#]],
    );
}

#[test]
fn a_fleet_that_brings_nothing_gives_up() {
    tests("abcd").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (1, ends(1, 1, "", 4)),
            (1, pull(1, 2)),
            (2, ends(1, 2, "", 4)),
            (2, pull(2, 3)),
            (3, ends(2, 3, "", 4)),
            (3, pull(2, 4)),
            (4, ends(2, 4, "", 4)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 reports #1: nothing, exit 4
                save #1 ended, exit 4
                save a to run alone
                save w1 struck
                tell: nothing
            1s w1 pulls 2
                save #2 to w1: b
                tell: #2 is b
            2s w1 reports #2: nothing, exit 4
                save #2 ended, exit 4
                save b to run alone
                save w1 struck
                save w1 gone: Sick
                tell: nothing
            2s w2 pulls 3
                save #3 to w2: a
                tell: #3 is a
            3s w2 reports #3: nothing, exit 4
                save #3 ended, exit 4
                save a to run alone
                save w2 struck
                tell: nothing
            3s w2 pulls 4
                save #4 to w2: a
                tell: #4 is a
            4s w2 reports #4: nothing, exit 4
                save #4 ended, exit 4
                save a to run alone
                save w2 struck
                save w2 gone: Sick
                save given up: 2 workers failed without one result
                save closed
                tell: nothing
            0 of 4 ran once, 4 not run
            red
            given up: 2 workers failed without one result
            4 not run:
              a
              b
              c
              d
        "#]],
    );
}

#[test]
fn who_leaves_in_order_gives_back_what_it_has() {
    tests("ab").check(
        [(0, join(1)), (0, pull(1, 1)), (0, start(1, 1, 'a')), (1, left(1)), (1, join(1)), (1, pull(1, 2))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            0s w1 starts a of #1
                save a started
            1s w1 leaves
                save a back
                save w1 gone: Left
            1s w1 joins
                save w1 joined
            1s w1 pulls 2
                save #2 to w1: a
                tell: #2 is a
            0 of 2 ran once, 2 left
        "#]],
    );
}

#[test]
fn a_process_that_goes_wrong_after_its_tests_makes_the_job_red() {
    tests("ab").with(|settings| settings.parallelism.max = 1).check(
        [(0, join(1)), (0, pull(1, 1)), (3, ends(1, 1, "a+", 0)), (3, pull(1, 2)), (5, ends(1, 2, "b?", 3))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            3s w1 reports #1: a passed, exit 0
                save a passed under #1
                save a: passed
                save #1 ended, exit 0
                tell: 1 counted
            3s w1 pulls 2
                save #2 to w1: b
                tell: #2 is b
            5s w1 reports #2: b skipped, exit 3
                save b skipped under #2
                save b: skipped
                save #2 ended, exit 3
                save closed
                tell: 1 counted
            2 of 2 ran once, 1 skipped
            red
            1 batch went wrong though none of its tests failed:
              batch 2 ended with 3
        "#]],
    );
}

#[test]
fn a_process_whose_tests_failed_has_said_why_it_went_wrong() {
    tests("a").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (1, ends(1, 1, "a-", 1)),
            (1, pull(2, 2)),
            (2, ends(2, 2, "a+", 0)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 reports #1: a failed, exit 1
                save a failed under #1
                save a to be tried again
                save #1 ended, exit 1
                tell: 1 counted
            1s w2 pulls 2
                save #2 to w2: a
                tell: #2 is a
            2s w2 reports #2: a passed, exit 0
                save a passed under #2
                save a: flaky
                save #2 ended, exit 0
                save closed
                tell: 1 counted
            0 of 1 ran once, 1 again, 1 flaky
            green
        "#]],
    );
}
