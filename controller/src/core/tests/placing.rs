//! Which runner gets which job: by labels, by room, by priority, by what its project had.

use super::story::{ask, check, finish, job, passed, submit, submit_to, tell, tick, up, up_with};
use crate::core::tests::story::{at, wait_of};
use expect_test::expect;
use sidings_proto::{FailureClass, PlannedJob, Resources, Scheduling};

fn labelled<const N: usize>(name: &str, labels: [(&str, &str); N]) -> PlannedJob {
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    PlannedJob { scheduling: Scheduling { labels, ..Scheduling::default() }, ..job(name) }
}

fn urgent(name: &str, priority: i32) -> PlannedJob {
    PlannedJob { scheduling: Scheduling { priority, ..Scheduling::default() }, ..job(name) }
}

fn using(name: &str, cpus: u64, gib: u64) -> PlannedJob {
    let mut job = job(name);
    job.spec.stages[0].steps[0].resources = having(cpus, gib);
    job
}

fn having(cpus: u64, gib: u64) -> Resources {
    Resources { milli_cpus: Some(cpus * 1000), memory: Some(gib << 30), pids: None }
}

#[test]
fn a_job_goes_only_to_a_runner_that_has_all_of_its_labels() {
    check(
        [
            (0, up("ann.1")),
            (0, up_with("bob.1", [("gpu", "true"), ("arch", "arm64")], Resources::default())),
            (0, up_with("cat.1", [("gpu", "true"), ("arch", "amd64")], Resources::default())),
            (1, submit("r1", [labelled("train", [("gpu", "true"), ("arch", "amd64")]), job("lint")])),
            (2, ask("ann.1", "q1", 2)),
            (3, ask("bob.1", "q2", 2)),
            (4, ask("cat.1", "q3", 2)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 bob.1 is up
                tell #2: done
            0s #3 cat.1 is up
                tell #3: done
            1s #4 submit r1 of shop
                save r1 accepted
                save train queued
                save lint queued
                tell #4: done
            2s #5 ann.1 asks q1 for 2
                save lint/1 started by ann.1 for q1
                tell #5: yours is lint/1
            3s #6 bob.1 asks q2 for 2
            4s #7 cat.1 asks q3 for 2
                save train/1 started by cat.1 for q3
                tell #7: yours is train/1
            next wake-up 12s
        "#]],
    );
}

#[test]
fn what_no_runner_may_have_is_in_nobodys_way() {
    check(
        [
            (0, up("ann.1")),
            (1, submit("r1", [labelled("g1", [("gpu", "true")]), labelled("g2", [("gpu", "true")])])),
            (2, submit("r2", [job("lint")])),
            (3, ask("ann.1", "q1", 1)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 submit r1 of shop
                save r1 accepted
                save g1 queued
                save g2 queued
                tell #2: done
            2s #3 submit r2 of shop
                save r2 accepted
                save lint queued
                tell #3: done
            3s #4 ann.1 asks q1 for 1
                save lint/1 started by ann.1 for q1
                tell #4: yours is lint/1
            next wake-up 13s
        "#]],
    );
}

#[test]
fn a_job_is_placed_where_there_is_room_and_waits_for_it() {
    check(
        [
            (0, up_with("ann.1", [], having(4, 8))),
            (0, up_with("bob.1", [], having(2, 16))),
            (1, submit("r1", [using("cpus", 3, 1), using("memory", 1, 9), using("more", 3, 1), using("less", 1, 1)])),
            (2, ask("bob.1", "q1", 2)),
            (3, ask("ann.1", "q2", 2)),
            (4, finish("cpus/1", passed())),
            (4, ask("ann.1", "q3", 1)),
            (5, tick()),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 bob.1 is up
                tell #2: done
            1s #3 submit r1 of shop
                save r1 accepted
                save cpus queued
                save memory queued
                save more queued
                save less queued
                tell #3: done
            2s #4 bob.1 asks q1 for 2
                save memory/1 started by bob.1 for q1
                save less/1 started by bob.1 for q1
                tell #4: yours is memory/1, less/1
            3s #5 ann.1 asks q2 for 2
                save cpus/1 started by ann.1 for q2
                tell #5: yours is cpus/1
            4s #6 cpus/1 finishes: passed
                save cpus/1 over: passed
                save cpus ended: passed
                tell #6: accepted
            4s #7 ann.1 asks q3 for 1
                save more/1 started by ann.1 for q3
                tell #7: yours is more/1
            5s #8 tick
            next wake-up 12s
        "#]],
    );
}

/// Small jobs, and a large one that nobody has room for as long as they fill what is free.
fn crowd() -> [PlannedJob; 6] {
    let small = |name: &str| using(name, 2, 1);
    [small("a"), using("large", 4, 1), small("b"), small("c"), small("d"), job("e")]
}

#[test]
fn small_jobs_do_not_go_before_a_large_one_for_ever() {
    check(
        [
            (1, submit("r1", crowd())),
            (55, up_with("ann.1", [], having(4, 8))),
            (55, ask("ann.1", "q1", 2)),
            (58, finish("a/1", passed())),
            (58, ask("ann.1", "q2", 1)),
            // It has waited for a minute: what becomes free is kept. Who needs no room is in nobody's way.
            (62, finish("b/1", passed())),
            (62, ask("ann.1", "q3", 2)),
            (64, finish("e/1", passed())),
            (64, ask("ann.1", "q4", 1)),
            (66, finish("c/1", passed())),
        ],
        expect![[r#"
            1s #1 submit r1 of shop
                save r1 accepted
                save a queued
                save large queued
                save b queued
                save c queued
                save d queued
                save e queued
                tell #1: done
            55s #2 ann.1 is up
                tell #2: done
            55s #3 ann.1 asks q1 for 2
                save a/1 started by ann.1 for q1
                save b/1 started by ann.1 for q1
                tell #3: yours is a/1, b/1
            58s #4 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                tell #4: accepted
            58s #5 ann.1 asks q2 for 1
                save c/1 started by ann.1 for q2
                tell #5: yours is c/1
            62s #6 b/1 finishes: passed
                save b/1 over: passed
                save b ended: passed
                tell #6: accepted
            62s #7 ann.1 asks q3 for 2
                save e/1 started by ann.1 for q3
                tell #7: yours is e/1
            64s #8 e/1 finishes: passed
                save e/1 over: passed
                save e ended: passed
                tell #8: accepted
            64s #9 ann.1 asks q4 for 1
            66s #10 c/1 finishes: passed
                save c/1 over: passed
                save c ended: passed
                save large/1 started by ann.1 for q4
                tell #10: accepted
                tell #9: yours is large/1
            next wake-up 76s
        "#]],
    );
}

#[test]
fn who_waits_for_what_is_kept_free_is_told() {
    let (_, core) =
        tell([(1, submit("r1", crowd())), (55, up_with("ann.1", [], having(4, 8))), (60, ask("ann.1", "q1", 1))]);
    let waits: Vec<String> = [1, 2].map(|index| wait_of(&core, at(63), "r1", index)).to_vec();
    expect![[r#"
        turn: no runner has 4 cpus and 1 gib of memory free; ann takes no other job that needs room until it has
        turn: no runner has 2 cpus and 1 gib of memory free; what is free is kept for a larger job that waits longer"#]]
    .assert_eq(&waits.join("\n"));
}

#[test]
fn a_machine_that_does_not_say_what_it_has_takes_everything() {
    check(
        [(0, up("ann.1")), (1, submit("r1", [using("huge", 512, 4096)])), (2, ask("ann.1", "q1", 1))],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 submit r1 of shop
                save r1 accepted
                save huge queued
                tell #2: done
            2s #3 ann.1 asks q1 for 1
                save huge/1 started by ann.1 for q1
                tell #3: yours is huge/1
            next wake-up 12s
        "#]],
    );
}

#[test]
fn a_level_of_priority_is_worth_five_minutes_of_waiting() {
    check(
        [
            (0, submit("r1", [job("old")])),
            (299, submit("r2", [urgent("urgent", 1)])),
            (301, submit("r3", [urgent("late", 1), urgent("never-mind", -1)])),
            (310, up("ann.1")),
            (311, ask("ann.1", "q1", 4)),
        ],
        expect![[r#"
            0s #1 submit r1 of shop
                save r1 accepted
                save old queued
                tell #1: done
            299s #2 submit r2 of shop
                save r2 accepted
                save urgent queued
                tell #2: done
            301s #3 submit r3 of shop
                save r3 accepted
                save late queued
                save never-mind queued
                tell #3: done
            310s #4 ann.1 is up
                tell #4: done
            311s #5 ann.1 asks q1 for 4
                save urgent/1 started by ann.1 for q1
                save old/1 started by ann.1 for q1
                save late/1 started by ann.1 for q1
                save never-mind/1 started by ann.1 for q1
                tell #5: yours is urgent/1, old/1, late/1, never-mind/1
            next wake-up 321s
        "#]],
    );
}

#[test]
fn priority_moves_a_project_less_than_what_it_has_on_runners() {
    check(
        [
            (0, up("ann.1")),
            (0, submit_to("big", "r1", [urgent("b1", 100), urgent("b2", 100), urgent("b3", 100), urgent("b4", 100)])),
            (0, submit_to("small", "r2", [job("s1"), job("s2")])),
            (1, ask("ann.1", "q1", 6)),
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
            0s #3 submit r2 of small
                save r2 accepted
                save s1 queued
                save s2 queued
                tell #3: done
            1s #4 ann.1 asks q1 for 6
                save b1/1 started by ann.1 for q1
                save b2/1 started by ann.1 for q1
                save s1/1 started by ann.1 for q1
                save b3/1 started by ann.1 for q1
                save b4/1 started by ann.1 for q1
                save s2/1 started by ann.1 for q1
                tell #4: yours is b1/1, b2/1, s1/1, b3/1, b4/1, s2/1
            next wake-up 11s
        "#]],
    );
}

#[test]
fn with_one_slot_projects_take_turns_by_what_they_used() {
    check(
        [
            (0, up("ann.1")),
            (0, submit_to("big", "r1", [job("b1"), job("b2"), job("b3")])),
            (1, submit_to("small", "r2", [job("s1"), job("s2")])),
            (2, ask("ann.1", "q1", 1)),
            (12, finish("b1/1", passed())),
            (12, ask("ann.1", "q2", 1)),
            (15, finish("s1/1", passed())),
            (15, ask("ann.1", "q3", 1)),
            (30, finish("s2/1", passed())),
            (30, ask("ann.1", "q4", 1)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of big
                save r1 accepted
                save b1 queued
                save b2 queued
                save b3 queued
                tell #2: done
            1s #3 submit r2 of small
                save r2 accepted
                save s1 queued
                save s2 queued
                tell #3: done
            2s #4 ann.1 asks q1 for 1
                save b1/1 started by ann.1 for q1
                tell #4: yours is b1/1
            12s #5 b1/1 finishes: passed
                save b1/1 over: passed
                save b1 ended: passed
                tell #5: accepted
            12s #6 ann.1 asks q2 for 1
                save s1/1 started by ann.1 for q2
                tell #6: yours is s1/1
            15s #7 s1/1 finishes: passed
                save s1/1 over: passed
                save s1 ended: passed
                tell #7: accepted
            15s #8 ann.1 asks q3 for 1
                save s2/1 started by ann.1 for q3
                tell #8: yours is s2/1
            30s #9 s2/1 finishes: passed
                save s2/1 over: passed
                save s2 ended: passed
                save r2 ended: passed
                tell #9: accepted
            30s #10 ann.1 asks q4 for 1
                save b2/1 started by ann.1 for q4
                tell #10: yours is b2/1
            next wake-up 40s
        "#]],
    );
}

#[test]
fn a_job_of_a_whole_machine_counts_as_all_of_its_slots() {
    check(
        [
            (0, up_with("ann.1", [], having(8, 8))),
            (0, submit_to("big", "r1", [using("b1", 8, 1), job("b2")])),
            (1, submit_to("small", "r2", [job("s1"), job("s2"), job("s3")])),
            (2, ask("ann.1", "q1", 4)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of big
                save r1 accepted
                save b1 queued
                save b2 queued
                tell #2: done
            1s #3 submit r2 of small
                save r2 accepted
                save s1 queued
                save s2 queued
                save s3 queued
                tell #3: done
            2s #4 ann.1 asks q1 for 4
                save b1/1 started by ann.1 for q1
                save s1/1 started by ann.1 for q1
                save s2/1 started by ann.1 for q1
                save b2/1 started by ann.1 for q1
                tell #4: yours is b1/1, s1/1, s2/1, b2/1
            next wake-up 12s
        "#]],
    );
}

#[test]
fn every_wait_has_its_reason() {
    let gpu = |name: &str| labelled(name, [("gpu", "a100")]);
    let jobs = || [gpu("gpu"), using("huge", 64, 1), using("large", 3, 1), job("unit"), job("docs"), job("e2e")];
    let ship = PlannedJob { needs: ["gpu", "huge", "unit", "docs"].map(str::to_owned).to_vec(), ..job("ship") };
    let fix = PlannedJob { needs: ["unit", "docs"].map(str::to_owned).to_vec(), ..job("fix") };
    let (_, core) = tell([(0, submit("r1", jobs()))]);
    assert_eq!(wait_of(&core, at(1), "r1", 3), "runner: no runner is up");
    let [a, b, c, d, e, f] = jobs();
    let (_, core) = tell([
        (0, up_with("ann.1", [("gpu", "t4"), ("os", "linux")], having(4, 8))),
        (0, submit_to("other", "r0", [using("big", 3, 1)])),
        (0, ask("ann.1", "q1", 1)),
        (1, submit("r1", [a, b, c, d, e, f, ship, fix])),
    ]);
    let waits: Vec<String> = (0..8).map(|index| wait_of(&core, at(2), "r1", index)).collect();
    expect![[r#"
        labels: no runner with gpu=a100 (1 has gpu=t4)
        resources: no runner has 64 cpus and 1 gib of memory; the largest has 4 cpus and 8 gib of memory
        turn: no runner has 3 cpus and 1 gib of memory free
        turn: a runner is about to take it
        turn: 1 job ahead
        turn: 2 jobs ahead
        needs: needs gpu, huge, unit and 1 more
        needs: needs unit, docs"#]]
    .assert_eq(&waits.join("\n"));
}

#[test]
fn a_job_that_is_held_back_says_for_how_long_and_one_whose_runners_are_busy_that_it_is_next() {
    let engine = || super::story::failed(FailureClass::EngineFailed, "the engine is gone");
    let (_, core) = tell([
        (0, up("ann.1")),
        (0, submit("r1", [job("a")])),
        (0, ask("ann.1", "q1", 1)),
        (1, finish("a/1", engine())),
        (1, ask("ann.1", "q2", 1)),
        (2, finish("a/2", engine())),
        (2, submit("r2", [job("b"), job("c"), job("d")])),
        (3, ask("ann.1", "q3", 2)),
    ]);
    assert_eq!(wait_of(&core, at(3), "r1", 0), "backoff: it is tried again in 4 s");
    assert_eq!(wait_of(&core, at(3), "r2", 2), "turn: it is next; every runner that may have it is busy");
    assert_eq!(wait_of(&core, at(3), "r2", 0), "it does not wait");
}
