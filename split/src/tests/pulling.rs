//! Workers ask for tests and get them.

use super::story::{at, atom, beat, ends, join, pull, report, tests, timed};
use crate::event::{Answer, Event};
use crate::policy::{Quarantined, Settings};
use crate::queue::Split;
use crate::record::WorkerId;
use crate::width::{Parallelism, Target};
use expect_test::expect;

#[test]
fn the_longest_tests_go_first_and_then_what_still_fits() {
    timed(&[('a', 1), ('b', 9), ('c', 2), ('d', 5), ('e', 1)]).check(
        [(0, join(1)), (0, join(2)), (0, pull(1, 1)), (0, pull(2, 2)), (0, pull(1, 3))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: b
                tell: #1 is b
            0s w2 pulls 2
                save #2 to w2: d
                tell: #2 is d
            0s w1 pulls 3
                save #3 to w1: c
                tell: #3 is c
            0 of 5 ran once, 5 left
        "#]],
    );
}

#[test]
fn a_request_that_comes_again_gets_the_same_lease() {
    tests("abcd").check(
        [(0, join(1)), (0, join(2)), (0, pull(1, 1)), (1, pull(1, 1)), (2, report(1, 1, "a+")), (3, pull(1, 1))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            1s w1 pulls 1
                tell: #1 is a
            2s w1 reports #1: a passed
                save a passed under #1
                save a: passed
                tell: 1 counted
            3s w1 pulls 1
                tell: #1 is nothing
            1 of 4 ran once, 3 left
        "#]],
    );
}

#[test]
fn a_request_that_comes_again_after_its_end_gets_nothing_to_run() {
    tests("abcd").check(
        [(0, join(1)), (0, join(2)), (0, pull(1, 1)), (2, ends(1, 1, "a+ b+", 0)), (3, pull(1, 1))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            2s w1 reports #1: a passed b passed, exit 0
                save a passed under #1
                save a: passed
                save #1 ended, exit 0
                tell: 1 counted 1 foreign
            3s w1 pulls 1
                tell: #1 is nothing
            1 of 4 ran once, 3 left
        "#]],
    );
}

#[test]
fn who_finds_nothing_waits_and_is_woken_when_something_comes_back() {
    tests("ab").check(
        [(0, join(1)), (0, join(2)), (0, pull(1, 1)), (0, pull(2, 2)), (0, pull(2, 3)), (1, ends(1, 1, "a-", 1))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            0s w2 pulls 2
                save #2 to w2: b
                tell: #2 is b
            0s w2 pulls 3
                tell: wait
            1s w1 reports #1: a failed, exit 1
                save a failed under #1
                save a to be tried again
                save #1 ended, exit 1
                tell: 1 counted
                wake w2
            1 of 2 ran once, 2 left
        "#]],
    );
}

#[test]
fn a_worker_has_a_lease_and_the_next_but_no_third() {
    timed(&[('a', 4), ('b', 4), ('c', 4), ('d', 4)]).check(
        [(0, join(1)), (0, join(2)), (0, pull(1, 1)), (0, pull(1, 2)), (0, pull(1, 3))],
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
            0s w1 pulls 3
                tell: wait
            0 of 4 ran once, 4 left
        "#]],
    );
}

#[test]
fn nobody_works_unannounced() {
    tests("a").check(
        [(0, pull(1, 1)), (0, beat(1, &[])), (0, join(1)), (0, pull(1, 1))],
        expect![[r#"
        0s w1 pulls 1
            tell: join again
        0s w1 beats with nothing
            tell: join again
        0s w1 joins
            save w1 joined
        0s w1 pulls 1
            save #1 to w1: a
            tell: #1 is a
        0 of 1 ran once, 1 left
    "#]],
    );
}

#[test]
fn a_lease_that_the_worker_never_heard_of_goes_back() {
    tests("ab").check(
        [(0, join(1)), (0, pull(1, 1)), (3, beat(1, &[])), (9, beat(1, &[])), (12, beat(1, &[])), (13, pull(1, 2))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            3s w1 beats with nothing
                tell: go on
            9s w1 beats with nothing
                tell: go on
            12s w1 beats with nothing
                save a back
                tell: go on
            13s w1 pulls 2
                save #2 to w1: a
                tell: #2 is a
            0 of 2 ran once, 2 left
        "#]],
    );
}

#[test]
fn a_runner_is_given_back_between_two_batches_and_nothing_is_lost() {
    let wanted = || (1, Event::YieldAsked);
    tests("abcdefghijkl").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            wanted(),
            (2, ends(1, 1, "a+ b+ c+ d+", 0)),
            (2, pull(1, 2)),
            (2, pull(1, 2)),
            (3, Event::YieldAsked),
            (3, pull(2, 3)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a b c
                tell: #1 is a b c
            1s a runner is wanted
            2s w1 reports #1: a passed b passed c passed d passed, exit 0
                save a passed under #1
                save a: passed
                save b passed under #1
                save b: passed
                save c passed under #1
                save c: passed
                save #1 ended, exit 0
                tell: 3 counted 1 foreign
            2s w1 pulls 2
                save w1 gone: Yielded
                tell: yield
            2s w1 pulls 2
                tell: yield
            3s a runner is wanted
            3s w2 pulls 3
                save #2 to w2: d e f g h i
                tell: #2 is d e f g h i
            3 of 12 ran once, 9 left
        "#]],
    );
}

#[test]
fn who_waits_idle_is_the_first_to_yield() {
    tests("ab").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, join(3)),
            (0, pull(1, 1)),
            (0, pull(2, 2)),
            (0, pull(3, 3)),
            (1, Event::YieldAsked),
            (1, pull(3, 3)),
            (1, Event::YieldAsked),
            (2, report(1, 1, "a+")),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w3 joins
                save w3 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            0s w2 pulls 2
                save #2 to w2: b
                tell: #2 is b
            0s w3 pulls 3
                tell: wait
            1s a runner is wanted
                wake w3
            1s w3 pulls 3
                save w3 gone: Yielded
                tell: yield
            1s a runner is wanted
            2s w1 reports #1: a passed
                save a passed under #1
                save a: passed
                tell: 1 counted
            1 of 2 ran once, 1 left
        "#]],
    );
}

#[test]
fn a_worker_that_asks_ahead_runs_dry_before_it_yields() {
    tests("abcdefghijkl").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (0, pull(2, 2)),
            (1, Event::YieldAsked),
            (1, report(1, 1, "a+ b+")),
            (1, pull(1, 3)),
            (2, pull(2, 4)),
            (3, report(1, 1, "c+")),
            (3, pull(1, 5)),
            (4, pull(2, 6)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a b c
                tell: #1 is a b c
            0s w2 pulls 2
                save #2 to w2: d e
                tell: #2 is d e
            1s a runner is wanted
            1s w1 reports #1: a passed b passed
                save a passed under #1
                save a: passed
                save b passed under #1
                save b: passed
                tell: 2 counted
            1s w1 pulls 3
                tell: wait
            2s w2 pulls 4
                save #3 to w2: f g
                tell: #3 is f g
            3s w1 reports #1: c passed
                save c passed under #1
                save c: passed
                tell: 1 counted
                wake w1
            3s w1 pulls 5
                save w1 gone: Yielded
                tell: yield
            4s w2 pulls 6
                tell: wait
            3 of 12 ran once, 9 left
        "#]],
    );
}

#[test]
fn what_failed_last_goes_before_the_longest_while_it_is_little() {
    let story = timed(&[('a', 90), ('b', 5), ('c', 1), ('d', 1)]);
    story.with(|settings| settings.failed_last = vec![atom('d')]).check(
        [(0, join(1)), (0, join(2)), (0, join(3)), (0, pull(1, 1)), (0, pull(2, 2))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w3 joins
                save w3 joined
            0s w1 pulls 1
                save #1 to w1: d b c
                tell: #1 is d b c
            0s w2 pulls 2
                save #2 to w2: a
                tell: #2 is a
            0 of 4 ran once, 4 left
        "#]],
    );
}

#[test]
fn work_over_the_time_that_is_left_gives_the_number_of_workers() {
    let parallelism =
        |max, seconds| Parallelism { min: 1, max, target: Target::Within(std::time::Duration::from_secs(seconds)) };
    assert_eq!(parallelism(8, 120).wanted(480_000, 0), 4);
    assert_eq!(parallelism(8, 120).wanted(480_000, 20_000), 5);
    assert_eq!(parallelism(3, 120).wanted(480_000, 20_000), 3);
    assert_eq!(parallelism(8, 120).wanted(1_000, 20_000), 1);
    assert_eq!(parallelism(8, 20).wanted(480_000, 20_000), 8);
    assert_eq!(Parallelism { min: 2, max: 6, target: Target::Fastest }.wanted(1, 0), 6);
}

#[test]
fn an_entry_of_the_quarantine_holds_a_fortnight_at_most() {
    let day = 24 * 60 * 60;
    let entry = |days: u64| Quarantined { owner: "ann".to_owned(), since: at(0), expires: at(days * day) };
    let later = Quarantined { since: at(day), ..entry(3) };
    assert!(!later.holds(at(day - 1)) && later.holds(at(day)), "it begins when it says so");
    assert!(entry(3).holds(at(3 * day - 1)));
    assert!(!entry(3).holds(at(3 * day)));
    assert!(entry(99).holds(at(14 * day - 1)));
    assert!(!entry(99).holds(at(14 * day)));
}

#[test]
fn a_split_that_is_over_tells_everybody_so() {
    let story = tests("a");
    let mut split = Split::new(story.manifest, story.estimates, Settings::default());
    for event in [join(1), pull(1, 1), ends(1, 1, "a+", 0)] {
        let _ = split.handle(at(0), event);
    }
    assert_eq!(split.handle(at(1), pull(1, 2)).answer, Answer::Over);
    assert_eq!(split.handle(at(1), join(2)).answer, Answer::Over);
    assert_eq!(split.handle(at(1), Event::Left { worker: WorkerId(1) }).answer, Answer::Noted);
    assert_eq!(split.next_wakeup(), None);
}

#[test]
fn one_batch_of_what_is_not_worth_a_second_is_told_as_such() {
    let worth = |seconds: &[(char, u64)], max| {
        let story = timed(seconds);
        let parallelism = Parallelism { max, ..story.settings.parallelism };
        let settings = Settings { parallelism, ..story.settings };
        let mut split = Split::new(story.manifest, story.estimates, settings);
        assert_eq!(split.worth_one_batch(), None, "nothing was handed out");
        for event in [join(1), pull(1, 1)] {
            let _ = split.handle(at(0), event);
        }
        split.worth_one_batch()
    };
    assert_eq!(worth(&[('a', 0), ('b', 0)], 2), Some(2), "a millisecond each");
    assert_eq!(worth(&[('a', 0), ('b', 0)], 1), None, "there is nobody else");
    assert_eq!(worth(&[('a', 0)], 2), None, "there is nothing else");
    assert_eq!(worth(&[('a', 9), ('b', 9)], 2), None);
}
