//! Lists of tests: which are none, and which are the same.

use super::story::{ends, join, pull, tests};
use crate::event::Event;
use crate::manifest::{ATOMS_MAX, Atom, ID_MAX, Manifest};
use crate::record::WorkerId;
use expect_test::{Expect, expect};

fn atoms<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<Atom> {
    ids.into_iter().map(|id| Atom { id: id.to_owned(), ..Atom::default() }).collect()
}

#[track_caller]
fn refused(atoms: Vec<Atom>, expect: Expect) {
    expect.assert_eq(&Manifest::new(atoms).unwrap_err().to_string());
}

#[test]
fn a_list_that_could_not_be_accounted_for_is_refused() {
    refused(vec![], expect!["discovery found no test"]);
    refused(atoms(["a", "b c", "a", "b c", "d"]), expect!["discovery printed the same test more than once: a, b c"]);
    refused(atoms(["a", ""]), expect!["test 2 has an id that is empty: "]);
    refused(atoms(["a\nb\0c"]), expect![[r#"test 1 has an id that has a NUL in it: a\nb\0c"#]]);
    refused(
        atoms([&*"x".repeat(ID_MAX + 1)]),
        expect![
            "test 1 has an id that is too long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
        ],
    );
    refused(
        vec![Atom::default(); ATOMS_MAX + 1],
        expect!["discovery found 200001 tests; 200000 are the most that one job may have"],
    );
}

#[test]
fn names_may_have_anything_else_in_them() {
    let ids = ["a b", "ü::'\"", "line\nbreak", "-rf"];
    let manifest = Manifest::new(atoms(ids)).unwrap();
    assert!(ids.iter().all(|id| manifest.find(id).is_some_and(|atom| manifest.id(atom) == *id)));
}

#[test]
fn the_hash_tells_lists_apart_that_read_the_same() {
    let hash = |ids: &[&str]| Manifest::new(atoms(ids.iter().copied())).unwrap().hash().to_owned();
    assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
    assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    assert_ne!(hash(&["a", "b"]), hash(&["b", "a"]));
}

fn listed(ids: &[&str]) -> Event {
    Event::Listed { worker: WorkerId(2), manifest: Manifest::new(atoms(ids.iter().copied())).unwrap() }
}

#[test]
fn a_worker_that_finds_the_same_tests_in_another_order_is_welcome() {
    tests("abc").check(
        [(0, join(2)), (0, listed(&["c", "a", "b"])), (0, listed(&["a", "b", "c"]))],
        expect![[r#"
        0s w2 joins
            save w2 joined
        0s w2 lists
        0s w2 lists
        0 of 3 ran once, 3 left
    "#]],
    );
}

#[test]
fn a_worker_that_finds_other_tests_ends_the_job() {
    tests("abc").check(
        [(0, join(1)), (0, pull(1, 1)), (1, ends(1, 1, "a+", 0)), (1, join(2)), (1, listed(&["a", "b", "x"]))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b
                tell: #1 is a b
            1s w1 reports #1: a passed, exit 0
                save a passed under #1
                save a: passed
                save #1 ended, exit 0
                save b: not run: its batch ended with 0 and brought no result of it
                tell: 1 counted
            1s w2 joins
                save w2 joined
            1s w2 lists
                save w2 differs: it lacks 1 and has 1 others
            - c
            + x
                save closed
                tell: over
            1 of 3 ran once, 2 not run
            red
            two workers discovered different tests: it lacks 1 and has 1 others
            - c
            + x
            2 not run:
              b
              c
        "#]],
    );
    tests("abc").check(
        [(0, join(1)), (0, pull(1, 1)), (1, join(2)), (1, listed(&["a", "b", "x"])), (2, ends(1, 1, "a+ b+ c+", 0))],
        expect![[r#"
            0s w1 joins
                save w1 joined
            0s w1 pulls 1
                save #1 to w1: a b
                tell: #1 is a b
            1s w2 joins
                save w2 joined
            1s w2 lists
                save w2 differs: it lacks 1 and has 1 others
            - c
            + x
                save closed
                tell: over
            2s w1 reports #1: a passed b passed c passed, exit 0
                save evidence: a passed under #1
                save evidence: b passed under #1
                save #1 ended, exit 0
                tell: 2 stale 1 foreign
            0 of 3 ran once, 3 not run
            red
            two workers discovered different tests: it lacks 1 and has 1 others
            - c
            + x
            3 not run:
              a
              b
              c
        "#]],
    );
}
