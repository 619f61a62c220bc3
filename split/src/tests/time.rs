//! What time does by itself, and what a restart begins anew.

use super::story::{at, beat, join, pull, report, start, tests, timed};
use crate::event::Event;
use crate::queue::Split;
use expect_test::expect;

#[test]
fn a_silent_worker_loses_its_tests() {
    tests("ab").check(
        [
            (0, join(1)),
            (0, join(2)),
            (0, pull(1, 1)),
            (12, beat(2, &[])),
            (14, Event::Tick),
            (15, Event::Tick),
            (15, pull(2, 2)),
            (16, beat(1, &[1])),
            (16, join(1)),
            (17, beat(1, &[1])),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w2 joins
                save w2 joined
            0s w1 pulls 1
                save #1 to w1: a
                tell: #1 is a
            12s w2 beats with nothing
                tell: go on
            14s tick
            15s tick
                save a back
                save w1 gone: Lost
            15s w2 pulls 2
                save #2 to w2: a
                tell: #2 is a
            16s w1 beats with #1
                tell: join again
            16s w1 joins
                save w1 joined
            17s w1 beats with #1
                tell: drop #1
            0 of 2 ran once, 2 left
        "#]],
    );
}

#[test]
fn a_worker_that_lives_and_does_not_get_on_loses_the_test() {
    tests("abc").check(
        [
            (0, join(1)),
            (0, pull(1, 1)),
            (0, start(1, 1, 'a')),
            (14, beat(1, &[1])),
            (28, beat(1, &[1])),
            (42, beat(1, &[1])),
            (56, beat(1, &[1])),
            (60, beat(1, &[1])),
            (60, beat(1, &[1])),
            (61, report(1, 1, "a+")),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b
                tell: #1 is a b
            0s w1 starts a of #1
                save a started
            14s w1 beats with #1
                tell: go on
            28s w1 beats with #1
                tell: go on
            42s w1 beats with #1
                tell: go on
            56s w1 beats with #1
                tell: go on
            60s w1 beats with #1
                save a: timed out
                save b back
                tell: go on
            60s w1 beats with #1
                tell: drop #1
            61s w1 reports #1: a passed
                save evidence: a passed under #1
                tell: 1 stale
            0 of 3 ran once, 1 timed out, 2 left
        "#]],
    );
}

#[test]
fn a_long_test_has_ten_times_its_p90() {
    let mut split = {
        let story = timed(&[('a', 7)]);
        Split::new(story.manifest, story.estimates, story.settings)
    };
    for event in [join(1), pull(1, 1), start(1, 1, 'a')] {
        let _ = split.handle(at(0), event);
    }
    for second in 1..70 {
        assert_eq!(split.handle(at(second), beat(1, &[1])).saves, [], "{second}");
    }
    assert!(!split.handle(at(70), beat(1, &[1])).saves.is_empty());
}

#[test]
fn a_batch_that_hangs_is_run_again_in_halves() {
    tests("abc").check(
        [
            (0, join(1)),
            (0, pull(1, 1)),
            (14, beat(1, &[1])),
            (28, beat(1, &[1])),
            (42, beat(1, &[1])),
            (56, beat(1, &[1])),
            (60, beat(1, &[1])),
            (60, beat(1, &[1])),
            (60, pull(1, 2)),
        ],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b
                tell: #1 is a b
            14s w1 beats with #1
                tell: go on
            28s w1 beats with #1
                tell: go on
            42s w1 beats with #1
                tell: go on
            56s w1 beats with #1
                tell: go on
            60s w1 beats with #1
                save a to run alone
                save b to run alone
                save w1 struck
                tell: go on
            60s w1 beats with #1
                tell: drop #1
            60s w1 pulls 2
                save #2 to w1: a
                tell: #2 is a
            0 of 3 ran once, 3 left
        "#]],
    );
}

#[test]
fn a_restart_begins_every_term_anew() {
    let story = tests("ab");
    let mut split = Split::new(story.manifest.clone(), story.estimates.clone(), story.settings.clone());
    let mut records = Vec::new();
    for event in [join(1), pull(1, 1), start(1, 1, 'a')] {
        records.extend(split.handle(at(0), event).saves);
    }
    let mut restored = story.restored(at(100), &records);
    assert_eq!(restored.next_wakeup(), Some(at(115)));
    assert_eq!(restored.handle(at(114), Event::Tick).saves, []);
    assert_eq!(restored.handle(at(114), report(1, 1, "a+")).saves.len(), 2);
    assert_eq!(restored.ledger().ran_once, 1);
}
