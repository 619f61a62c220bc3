use super::*;
use crate::clean::decide;
use expect_test::{Expect, expect};
use std::collections::BTreeSet;

fn told(decision: &Decision) -> String {
    let mb = |bytes: u64| format!("{} MB", bytes / MB);
    let mut lines = vec![format!("{} too much", mb(decision.wanted))];
    lines.extend(decision.cache.map(|cut| format!("cache unused for {:?} goes: {}", cut.unused_for, mb(cut.bytes))));
    lines.extend(decision.images.iter().map(|going| format!("{} goes: {}", going.image.called(), mb(going.bytes))));
    lines.extend(decision.stays.iter().map(|one| format!("{} stays: {:?}", one.image.called(), one.why)));
    lines.join("\n")
}

fn check(stock: &Stock, marks: &Marks, held: &[&str], expected: Expect) {
    let held: BTreeSet<String> = held.iter().map(|key| (*key).to_owned()).collect();
    expected.assert_eq(&told(&decide(stock, marks, &held, NOW)));
}

#[test]
fn the_image_that_was_used_the_longest_time_ago_goes_first_and_no_more_go_than_must() {
    let images = vec![ours("b", 40, 20), ours("a", 40, 30), ours("c", 40, 10), ours("d", 40, 5)];
    check(
        &stock(images, vec![]),
        &budget(100),
        &[],
        expect![[r#"
            72 MB too much
            sidings/a:1 goes: 40 MB
            sidings/b:1 goes: 40 MB
            sidings/d:1 stays: Room
            sidings/c:1 stays: Room"#]],
    );
}

#[test]
fn under_its_budget_nothing_goes_however_old_it_is() {
    check(
        &stock(vec![ours("a", 40, 900)], vec![entry(40, 900)]),
        &budget(80),
        &[],
        expect![[r#"
            0 MB too much
            sidings/a:1 stays: Room"#]],
    );
}

#[test]
fn the_build_cache_goes_before_any_image_and_only_as_far_as_needed() {
    let cache = vec![entry(30, 9), entry(30, 3), entry(30, 6)];
    check(
        &stock(vec![ours("a", 40, 30)], cache.clone()),
        &budget(100),
        &[],
        expect![[r#"
            42 MB too much
            cache unused for 21600s goes: 60 MB
            sidings/a:1 stays: Room"#]],
    );
    check(
        &stock(vec![ours("a", 40, 30), ours("b", 40, 3)], cache),
        &budget(80),
        &[],
        expect![[r#"
            100 MB too much
            cache unused for 10800s goes: 90 MB
            sidings/a:1 goes: 40 MB
            sidings/b:1 stays: Room"#]],
    );
}

#[test]
fn cache_that_is_in_use_or_young_or_an_images_stays() {
    let cache = vec![
        CacheEntry { in_use: true, ..entry(30, 9) },
        CacheEntry { shared: true, ..entry(30, 9) },
        CacheEntry { used: None, ..entry(30, 9) },
        entry(30, 0),
    ];
    check(&stock(vec![], cache), &budget(0), &[], expect!["90 MB too much"]);
}

#[test]
fn what_somebody_has_or_just_had_stays() {
    let images = vec![
        StoredImage { containers: 2, ..ours("in-a-container", 40, 30) },
        ours("with-a-job", 40, 30),
        StoredImage { used: None, ..ours("just-loaded", 40, 30) },
        StoredImage { names: vec!["sidings/x:1".into(), "mine:1".into()], ..ours("named", 40, 30) },
        ours("young", 40, 0),
        ours("old", 40, 1),
    ];
    check(
        &stock(images, vec![]),
        &budget(0),
        &["with-a-job"],
        expect![[r#"
            240 MB too much
            sidings/old:1 goes: 40 MB
            sidings/young:1 stays: Young(0ns)
            sidings/with-a-job:1 stays: Job
            sidings/x:1 stays: Named("mine:1")
            sidings/in-a-container:1 stays: Containers(2)
            sidings/just-loaded:1 stays: Unused"#]],
    );
}

#[test]
fn what_is_not_ours_neither_goes_nor_counts() {
    let images = vec![foreign("theirs:1", vec![layer("base", 100), layer("theirs", 900)]), ours("a", 40, 30)];
    let stock = stock(images, vec![]);
    assert_eq!(stock.ours(), 40 * MB, "the base is not ours either");
    let decision = decide(&stock, &budget(0), &BTreeSet::new(), NOW);
    assert_eq!((decision.images.len(), decision.foreign), (1, 2));
}

#[test]
fn layers_that_others_have_free_nothing_until_the_last_of_them_goes() {
    let on = |name: &str, hours| {
        let mut image = ours(name, 10, hours);
        image.layers.insert(1, layer("shared", 50));
        image
    };
    let stock = stock(vec![on("a", 30), on("b", 20), on("c", 10)], vec![]);
    assert_eq!(stock.ours(), 80 * MB);
    check(
        &stock,
        &budget(70),
        &[],
        expect![[r#"
            18 MB too much
            sidings/a:1 goes: 10 MB
            sidings/b:1 goes: 10 MB
            sidings/c:1 stays: Room"#]],
    );
    check(
        &stock,
        &budget(0),
        &[],
        expect![[r#"
            80 MB too much
            sidings/a:1 goes: 10 MB
            sidings/b:1 goes: 10 MB
            sidings/c:1 goes: 60 MB"#]],
    );
}

#[test]
fn a_disk_is_cleaned_from_one_mark_down_to_the_other() {
    let gb = 1_000_000_000;
    let of =
        |free: u64| Marks { least_free: Some(0), ..Marks::default() }.of_disk(Disk { free: free * gb, all: 100 * gb });
    assert_eq!([of(31), of(21), of(20), of(10), of(0)], [0, 0, 10 * gb, 20 * gb, 30 * gb]);
}

#[test]
fn a_runner_that_would_take_no_jobs_has_its_disk_cleaned_below_the_mark_as_well() {
    let marks = |gb: u64| Marks { least_free: Some(gb << 30), ..Marks::default() };
    let disk = Disk { free: 30 << 30, all: 100 << 30 };
    assert_eq!([marks(20).of_disk(disk), marks(40).of_disk(disk)], [0, 10 << 30]);
}

#[test]
fn a_history_says_what_each_layer_takes() {
    let diffs = ["a", "b", "c"].map(str::to_owned);
    let bytes = |history: &[u64]| layers(&diffs, history).iter().map(|layer| layer.bytes).collect::<Vec<_>>();
    assert_eq!(bytes(&[5, 0, 7]), [5, 0, 7]);
    assert_eq!(bytes(&[5, 0, 0, 6, 7]), [5, 6, 7], "`ENV` makes no layer");
    assert_eq!(bytes(&[5, 0, 0, 7]), [5, 7, 0], "which of them made one cannot be known");
    let chains: BTreeSet<_> = layers(&diffs, &[]).into_iter().map(|layer| layer.chain).collect();
    assert_eq!(chains.len(), 3);
    assert_eq!(layers(&diffs[..1], &[5])[0], layers(&diffs, &[5, 6, 7])[0]);
    assert_ne!(layers(&diffs[1..], &[])[0].chain, layers(&diffs, &[])[1].chain, "the same files on another base");
}
