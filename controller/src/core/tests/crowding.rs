//! Split jobs beside others: what they are asked to give back, what comes of it, and how far they grow.

use super::story::{
    Line, ask, at, check, copy, failed, finish, give_back, job, passed, submit_to, tell, up, up_with, wait_of,
};
use crate::core::Core;
use expect_test::expect;
use sidings_proto::{Artifacts, FailureClass, JobSpec, PlannedJob, Resources, Scheduling};

/// Of each split job that somebody waits beside, how many of its runners are needed.
fn needed(core: &Core, second: i64) -> Vec<(String, u32)> {
    let crowding = core.crowding(at(second));
    crowding.needed.into_iter().map(|((_, suite), needed)| (suite, needed)).collect()
}

fn unit(needed: u32) -> Vec<(String, u32)> {
    vec![("unit".to_owned(), needed)]
}

fn four() -> [PlannedJob; 4] {
    [("u1", 1), ("u2", 2), ("u3", 3), ("u4", 4)].map(|(name, index)| copy(name, index, 4))
}

/// Two runners of two slots each, all with the copies of a split job.
fn saturated() -> [(i64, Line); 5] {
    [
        (0, up("ann.1")),
        (0, up("bob.1")),
        (0, submit_to("shop", "r1", four())),
        (0, ask("ann.1", "q1", 2)),
        (0, ask("bob.1", "q2", 2)),
    ]
}

fn told(more: impl IntoIterator<Item = (i64, Line)>) -> Core {
    tell(saturated().into_iter().chain(more)).1
}

#[test]
fn a_split_job_gives_runners_to_who_has_two_fewer_and_keeps_one() {
    assert_eq!(needed(&told([]), 9), [], "nobody waits");
    let one = [(1, submit_to("site", "r2", [job("s1")]))];
    let core = told(one);
    assert_eq!(needed(&core, 1), [], "it has just come");
    assert_eq!(needed(&core, 2), unit(1));
    let from = "turn: it is next; every runner that may have it is busy; unit of shop gives a runner back when a batch of \
                its tests ends";
    assert_eq!(wait_of(&core, at(2), "r2", 0), from);
    let three = [(1, submit_to("site", "r2", [job("s1"), job("s2"), job("s3")]))];
    assert_eq!(needed(&told(three), 2), unit(2), "then each has two");
    let others = [(1, submit_to("site", "r2", [job("s1")])), (1, submit_to("docs", "r3", [job("d1")]))];
    assert_eq!(needed(&told(others), 2), unit(2), "two projects have nothing");
    let own = [(1, submit_to("shop", "r2", [job("s1")]))];
    assert_eq!(needed(&told(own), 2), [], "its own project's share is what it is");
}

#[test]
fn only_a_runner_that_helps_is_asked_for() {
    let labels = [("gpu".to_owned(), "a100".to_owned())].into();
    let scheduling = Scheduling { labels, ..Scheduling::default() };
    let special = PlannedJob { scheduling, ..job("s1") };
    assert_eq!(needed(&told([(1, submit_to("site", "r2", [special]))]), 2), [], "no such runner has a copy");
    let small = Resources { milli_cpus: Some(2_000), ..Resources::default() };
    let (_, core) = tell([
        (0, up_with("ann.1", [], small)),
        (0, submit_to("shop", "r1", [copy("u1", 1, 2), copy("u2", 2, 2)])),
        (0, ask("ann.1", "q1", 2)),
        (1, submit_to("site", "r2", [job("s1")])),
    ]);
    assert_eq!(needed(&core, 2), unit(1));
}

#[test]
fn a_copy_that_keeps_files_is_not_asked() {
    let keeping = |name, index| {
        let copy = copy(name, index, 2);
        PlannedJob { spec: JobSpec { artifacts: vec![Artifacts::default()], ..copy.spec }, ..copy }
    };
    let (_, core) = tell([
        (0, up("ann.1")),
        (0, submit_to("shop", "r1", [keeping("u1", 1), keeping("u2", 2)])),
        (0, ask("ann.1", "q1", 2)),
        (1, submit_to("site", "r2", [job("s1")])),
    ]);
    assert_eq!(needed(&core, 2), []);
}

#[test]
fn what_gave_its_runner_back_comes_again_when_there_is_one() {
    check(
        [
            (0, up("ann.1")),
            (0, submit_to("shop", "r1", [copy("u1", 1, 2), copy("u2", 2, 2)])),
            (0, ask("ann.1", "q1", 2)),
            (1, submit_to("site", "r2", [job("s1")])),
            (5, give_back("u2/1")),
            (5, give_back("u2/1")),
            (6, ask("ann.1", "q2", 1)),
            (7, finish("s1/1", passed())),
            (8, ask("ann.1", "q3", 1)),
            (9, finish("u2/2", failed(FailureClass::TestsFailed, "1 failed"))),
            (9, finish("u2/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save u1 queued
                save u2 queued
                tell #2: done
            0s #3 ann.1 asks q1 for 2
                save u1/1 started by ann.1 for q1
                save u2/1 started by ann.1 for q1
                tell #3: yours is u1/1, u2/1
            1s #4 submit r2 of site
                save r2 accepted
                save s1 queued
                tell #4: done
            5s #5 u2/1 gives its runner back
                save u2/1 over: cancelled
                save u2 queued
                tell #5: accepted
            5s #6 u2/1 gives its runner back
                tell #6: already
            6s #7 ann.1 asks q2 for 1
                save s1/1 started by ann.1 for q2
                tell #7: yours is s1/1
            7s #8 s1/1 finishes: passed
                save s1/1 over: passed
                save s1 ended: passed
                save r2 ended: passed
                tell #8: accepted
            8s #9 ann.1 asks q3 for 1
                save u2/2 started by ann.1 for q3
                tell #9: yours is u2/2
            9s #10 u2/2 finishes: failed, tests_failed: 1 failed
                save u2/2 over: failed, tests_failed: 1 failed
                save u2 ended: failed, tests_failed: 1 failed
                tell #10: accepted
            9s #11 u2/1 finishes: passed
                tell #11: already
            next wake-up 10s
        "#]],
    );
}

#[test]
fn one_slot_in_sixteen_is_kept_free_of_further_copies() {
    let names: Vec<String> = (1..=8).map(|n| format!("r{n}")).collect();
    let ups: Vec<(i64, Line)> = names.iter().map(|name| (0, up(&format!("{name}.1")))).collect();
    let copies: [PlannedJob; 16] =
        std::array::from_fn(|n| copy(&format!("u{}", n + 1), u32::try_from(n + 1).unwrap(), 16));
    let asks = names.iter().map(|name| (0, ask(&format!("{name}.1"), &format!("q{name}"), 2)));
    let mut story: Vec<_> = ups.into_iter().chain([(0, submit_to("shop", "run", copies))]).chain(asks).collect();
    story.push((1, ask("r8.1", "more", 1)));
    let (_, core) = tell(story);
    assert_eq!(wait_of(&core, at(2), "run", 14), "it does not wait");
    assert_eq!(wait_of(&core, at(2), "run", 15), "turn: one slot in 16 is kept free of further copies of split jobs");
}
