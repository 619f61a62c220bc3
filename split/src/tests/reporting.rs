//! What counts, what is evidence, and what is tried again.

use super::story::{at, atom, ends, join, lost, pull, report, tests};
use crate::policy::{OnFlaky, Quarantined};
use expect_test::expect;

#[test]
fn every_test_runs_once_and_the_job_is_green() {
    tests("abc").check(
        [(0, join(1)), (0, pull(1, 1)), (2, ends(1, 1, "a+ b?", 0)), (2, pull(1, 2)), (3, ends(1, 2, "c+", 0))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b
                tell: #1 is a b
            2s w1 reports #1: a passed b skipped, exit 0
                save a passed under #1
                save a: passed
                save b skipped under #1
                save b: skipped
                save #1 ended, exit 0
                tell: 2 counted
            2s w1 pulls 2
                save #2 to w1: c
                tell: #2 is c
            3s w1 reports #2: c passed, exit 0
                save c passed under #2
                save c: passed
                save #2 ended, exit 0
                save closed
                tell: 1 counted
            3 of 3 ran once, 1 skipped
            green
        "#]],
    );
}

#[test]
fn a_result_that_comes_twice_counts_once() {
    tests("abcd").check(
        [(0, join(1)), (0, pull(1, 1)), (1, report(1, 1, "a+ a- b+")), (1, report(1, 1, "a- b+"))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b c
                tell: #1 is a b c
            1s w1 reports #1: a passed a failed b passed
                save a passed under #1
                save a: passed
                save b passed under #1
                save b: passed
                tell: 2 counted 1 already
            1s w1 reports #1: a failed b passed
                tell: 2 already
            2 of 4 ran once, 2 left
        "#]],
    );
}

#[test]
fn what_a_worker_never_had_is_forgotten() {
    tests("abcd").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (1, report(2, 1, "a+")),
            (1, report(1, 9, "a+")),
            (1, report(1, 1, "d+")),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w2 reports #1: a passed
                tell: 1 foreign
            1s w1 reports #9: a passed
                tell: 1 foreign
            1s w1 reports #1: d passed
                tell: 1 foreign
            0 of 4 ran once, 4 left
        "#]],
    );
}

#[test]
fn a_worker_thought_dead_brings_evidence_and_changes_nothing() {
    tests("a").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (1, lost(1)),
            (2, pull(2, 2)),
            (3, report(1, 1, "a-")),
            (3, report(1, 1, "a-")),
            (4, ends(2, 2, "a+", 0)),
            (5, report(1, 1, "a-")),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 is lost
                save a back
                save w1 gone: Lost
            2s w2 pulls 2
                save #2 to w2: a
                tell: #2 is a
            3s w1 reports #1: a failed
                save evidence: a failed under #1
                tell: 1 stale
            3s w1 reports #1: a failed
                tell: 1 stale
            4s w2 reports #2: a passed, exit 0
                save a passed under #2
                save a: passed
                save #2 ended, exit 0
                save closed
                tell: 1 counted
            5s w1 reports #1: a failed
                tell: 1 stale
            1 of 1 ran once
            green
        "#]],
    );
}

#[test]
fn a_failure_is_tried_again_by_another_worker() {
    tests("ab").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (1, ends(1, 1, "a-", 1)),
            (1, pull(1, 2)),
            (1, pull(1, 3)),
            (2, pull(2, 4)),
            (3, ends(2, 3, "a+", 0)),
            (3, ends(1, 2, "b+", 0)),
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
            1s w1 pulls 2
                save #2 to w1: b
                tell: #2 is b
            1s w1 pulls 3
                tell: wait
            2s w2 pulls 4
                save #3 to w2: a
                tell: #3 is a
            3s w2 reports #3: a passed, exit 0
                save a passed under #3
                save a: flaky
                save #3 ended, exit 0
                tell: 1 counted
            3s w1 reports #2: b passed, exit 0
                save b passed under #2
                save b: passed
                save #2 ended, exit 0
                save closed
                tell: 1 counted
                wake w1
            1 of 2 ran once, 1 again, 1 flaky
            green
        "#]],
    );
}

#[test]
fn two_failures_are_one() {
    tests("a").check(
        [(0, join(1)), (0, pull(1, 1)), (1, ends(1, 1, "a-", 1)), (1, pull(1, 2)), (2, ends(1, 2, "a-", 1))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 reports #1: a failed, exit 1
                save a failed under #1
                save a to be tried again
                save #1 ended, exit 1
                tell: 1 counted
            1s w1 pulls 2
                save #2 to w1: a
                tell: #2 is a
            2s w1 reports #2: a failed, exit 1
                save a failed under #2
                save a: failed
                save #2 ended, exit 1
                save closed
                tell: 1 counted
            0 of 1 ran once, 1 again, 1 failed
            red
            1 failed:
              a
        "#]],
    );
}

#[test]
fn flaky_tests_gate_where_that_is_asked_for() {
    tests("a").with(|settings| settings.on_flaky = OnFlaky::Fail).check(
        [(0, join(1)), (0, pull(1, 1)), (1, ends(1, 1, "a-", 1)), (1, pull(1, 2)), (2, ends(1, 2, "a+", 0))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 reports #1: a failed, exit 1
                save a failed under #1
                save a to be tried again
                save #1 ended, exit 1
                tell: 1 counted
            1s w1 pulls 2
                save #2 to w1: a
                tell: #2 is a
            2s w1 reports #2: a passed, exit 0
                save a passed under #2
                save a: flaky
                save #2 ended, exit 0
                save closed
                tell: 1 counted
            0 of 1 ran once, 1 again, 1 flaky
            red
            1 flaky:
              a
        "#]],
    );
}

#[test]
fn when_most_fail_none_is_tried_again() {
    tests("abcdefgh").check(
        [(0, join(1)), (0, pull(1, 1)), (0, pull(1, 2)), (1, ends(1, 1, "a- b- c- d- e- f- g-", 1))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b c d e f
                tell: #1 is a b c d e f
            0s w1 pulls 2
                save #2 to w1: g
                tell: #2 is g
            1s w1 reports #1: a failed b failed c failed d failed e failed f failed g failed, exit 1
                save a failed under #1
                save a to be tried again
                save b failed under #1
                save b to be tried again
                save c failed under #1
                save c to be tried again
                save d failed under #1
                save d to be tried again
                save e failed under #1
                save e to be tried again
                save f failed under #1
                save f: failed
                save #1 ended, exit 1
                tell: 6 counted 1 foreign
            6 of 8 ran once, 1 failed, 7 left
        "#]],
    );
}

#[test]
fn a_quarantined_failure_does_not_gate_until_its_entry_expires() {
    let entry = Quarantined { owner: "ann".to_owned(), since: at(0), expires: at(10) };
    tests("ab").with(|settings| settings.quarantine = [(atom('a'), entry.clone()), (atom('b'), entry)].into()).check(
        [
            (0, join(1)),
            (0, pull(1, 1)),
            (0, pull(1, 2)),
            (9, report(1, 1, "a-")),
            (10, report(1, 2, "b-")),
            (11, pull(1, 3)),
            (12, report(1, 3, "b-")),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            0s w1 pulls 2
                save #2 to w1: b
                tell: #2 is b
            9s w1 reports #1: a failed
                save a failed under #1
                save a: quarantined, else failed
                tell: 1 counted
            10s w1 reports #2: b failed
                save b failed under #2
                save b to be tried again
                tell: 1 counted
            11s w1 pulls 3
                save #3 to w1: b
                tell: #3 is b
            12s w1 reports #3: b failed
                save b failed under #3
                save b: failed
                save closed
                tell: 1 counted
            1 of 2 ran once, 1 again, 1 failed, 1 quarantined
            red
            1 failed:
              b
        "#]],
    );
}

#[test]
fn a_batch_that_ends_well_without_a_result_is_red() {
    tests("abc").check(
        [
            (0, join(1)),
            (0, pull(1, 1)),
            (2, ends(1, 1, "a+", 0)),
            (2, ends(1, 1, "b+", 0)),
            (2, pull(1, 2)),
            (3, ends(1, 2, "c+", 0)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b
                tell: #1 is a b
            2s w1 reports #1: a passed, exit 0
                save a passed under #1
                save a: passed
                save #1 ended, exit 0
                save b: not run: its batch ended with 0 and brought no result of it
                tell: 1 counted
            2s w1 reports #1: b passed, exit 0
                save evidence: b passed under #1
                tell: 1 stale
            2s w1 pulls 2
                save #2 to w1: c
                tell: #2 is c
            3s w1 reports #2: c passed, exit 0
                save c passed under #2
                save c: passed
                save #2 ended, exit 0
                save closed
                tell: 1 counted
            2 of 3 ran once, 1 not run
            red
            1 not run:
              b
        "#]],
    );
}
