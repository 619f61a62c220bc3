//! How large batches are, and how long tests are thought to take.

use crate::batch::Sizing;
use crate::estimate::{Estimates, History};
use crate::manifest::{Atom, AtomNo, Manifest};

/// Four workers with 400 s before them, nothing handed out.
fn sizing() -> Sizing {
    Sizing {
        total_ms: 400_000,
        remaining_ms: 400_000,
        boot_ms: 0,
        live: 4.0,
        fresh: 4.0,
        first: true,
        contended: false,
    }
}

#[test]
fn the_first_batch_is_larger_where_starting_one_is_dear() {
    let first = |boot_ms| Sizing { boot_ms, ..sizing() }.target_ms();
    assert_eq!(first(0), 50_000);
    assert_eq!(first(3_000), 86_957);
    assert_eq!(first(7_000), 95_239);
    assert_eq!(first(9_000), 95_000, "planned, but for a tail");
}

#[test]
fn who_works_alone_starts_less_often() {
    assert_eq!(Sizing { live: 1.0, fresh: 1.0, ..sizing() }.target_ms(), 307_693);
}

#[test]
fn later_batches_become_smaller_down_to_a_floor() {
    let later = |remaining_ms, boot_ms| Sizing { remaining_ms, boot_ms, first: false, ..sizing() }.target_ms();
    assert_eq!(later(120_000, 0), 20_000);
    assert_eq!(later(120_000, 3_000), 30_000);
    assert_eq!(later(2_000, 0), 1_000);
    assert_eq!(later(2_000, 3_000), 12_000);
}

#[test]
fn batches_are_short_while_others_wait_for_runners() {
    let contended = |boot_ms| Sizing { boot_ms, contended: true, ..sizing() }.target_ms();
    assert_eq!(contended(0), 15_000);
    assert_eq!(contended(3_000), 24_000);
}

fn manifest(atoms: &[(&str, Option<u64>)]) -> Manifest {
    let atoms = atoms.iter().map(|(id, file_bytes)| Atom { id: (*id).to_owned(), file_bytes: *file_bytes });
    Manifest::new(atoms.collect()).unwrap()
}

fn estimated(manifest: &Manifest, history: &History) -> Vec<(u64, u64)> {
    let estimates = Estimates::new(manifest, history);
    let each = manifest.numbers().map(|atom: AtomNo| estimates.of(atom));
    each.map(|estimate| (estimate.p50_ms, estimate.p90_ms)).collect()
}

#[test]
fn the_last_twenty_runs_say_how_long_a_test_takes() {
    let long_ago = std::iter::repeat_n(9_999, 30);
    let mut history = History::default();
    history.passed_ms.insert("a".to_owned(), long_ago.chain((1..=20).map(|run| run * 10)).collect());
    assert_eq!(estimated(&manifest(&[("a", None)]), &history), [(100, 180)]);
}

#[test]
fn a_test_that_nobody_has_seen_counts_as_a_slow_one() {
    let mut history = History::default();
    history.passed_ms.extend((1..=10).map(|number| (format!("t{number}"), vec![number * 100])));
    let names: Vec<String> = (1..=10).map(|number| format!("t{number}")).collect();
    let mut atoms: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
    atoms.push(("new", Some(1)));
    assert_eq!(estimated(&manifest(&atoms), &history)[10], (900, 900));
}

#[test]
fn without_any_history_files_go_by_their_size_or_are_equal() {
    let sized = manifest(&[("a", Some(300)), ("b", Some(100)), ("c", None)]);
    assert_eq!(estimated(&sized, &History::default()), [(1_500, 1_500), (500, 500), (1_000, 1_000)]);
    let unsized_ = manifest(&[("a", None), ("b", None)]);
    assert_eq!(estimated(&unsized_, &History::default()), [(1_000, 1_000), (1_000, 1_000)]);
}
