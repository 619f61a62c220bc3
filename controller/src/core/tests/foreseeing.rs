//! When jobs in line would start, and how much work waits for whom.

use super::dialogue::name;
use super::story::{ask, at, drain, finish, job, passed, submit, submit_to, tell_to, up, up_with};
use crate::core::{Core, Policy};
use sidings_proto::fleet::PoolView;
use sidings_proto::{PlannedJob, Resources, Scheduling};

/// A core that knows how many seconds jobs take.
fn knowing<const N: usize>(paces: [(&str, &str, u64); N]) -> Core {
    let mut core = Core::new(Policy::default());
    let known = paces.map(|(project, job, seconds)| (project.to_owned(), job.to_owned(), seconds * 1000));
    core.restore_paces(known.into());
    core
}

/// `c at 122s`, in the order of their starts.
fn starts(core: &Core, second: i64) -> String {
    let mut starts: Vec<_> = core.expected_starts(at(second)).into_iter().map(|(job, at)| (at, name(job.0))).collect();
    starts.sort();
    let told: Vec<_> = starts.into_iter().map(|(at, job)| format!("{job} at {}s", at.0 / 1000)).collect();
    told.join(", ")
}

#[test]
fn a_job_starts_when_what_runs_before_it_is_over() {
    let core = knowing([("shop", "a", 120), ("shop", "b", 300), ("shop", "c", 60)]);
    let jobs = [job("a"), job("b"), job("c"), job("d"), job("e")];
    let (_, core) = tell_to(core, [(1, up("ann.1")), (2, submit("r1", jobs)), (2, ask("ann.1", "q1", 2))]);
    assert_eq!(starts(&core, 10), "c at 122s, d at 182s, e at 302s", "nobody knows when d ends, so e waits for b");
}

#[test]
fn what_takes_nobody_knows_how_long_is_followed_by_nothing_known() {
    let (_, core) = tell_to(
        knowing([("shop", "b", 60)]),
        [(1, up("ann.1")), (2, submit("r1", [job("a"), job("a2"), job("b")])), (2, ask("ann.1", "q1", 2))],
    );
    assert_eq!(starts(&core, 10), "");
}

#[test]
fn a_job_that_takes_longer_than_it_did_is_thought_to_end_soon_and_then_no_more() {
    let story = [(0, up("ann.1")), (0, submit("r1", [job("a"), job("b"), job("c")])), (0, ask("ann.1", "q1", 2))];
    let (_, core) = tell_to(knowing([("shop", "a", 20)]), story);
    assert_eq!(starts(&core, 10), "c at 20s");
    assert_eq!(starts(&core, 29), "c at 34s");
}

#[test]
fn the_turns_are_those_of_the_projects_and_no_drained_runner_counts() {
    let core = knowing([("shop", "a", 100), ("shop", "b", 200), ("bank", "x", 200)]);
    let story = [
        (0, up("ann.1")),
        (0, up("bob.1")),
        (0, drain("bob", "anna")),
        (0, submit("r1", [job("a"), job("b"), job("c")])),
        (0, ask("ann.1", "q1", 2)),
        (1, submit_to("bank", "r2", [job("x")])),
    ];
    let (_, core) = tell_to(core, story);
    assert_eq!(starts(&core, 5), "x at 100s, c at 200s", "shop has a slot still when the first is free");
}

#[test]
fn how_long_jobs_take_is_learnt_from_those_that_pass() {
    let story = [
        (0, up("ann.1")),
        (0, submit("r1", [job("a")])),
        (0, ask("ann.1", "q1", 1)),
        (40, finish("a/1", passed())),
        (50, up("ann.1")),
        (50, submit("r2", [job("a"), job("b"), job("c")])),
        (50, ask("ann.1", "q2", 2)),
    ];
    let (_, core) = tell_to(knowing([]), story);
    assert_eq!(starts(&core, 51), "c at 90s");
}

#[test]
fn a_pool_wants_as_many_slots_as_do_what_is_owed_in_time() {
    let core = knowing([("shop", "a", 400), ("shop", "b", 400), ("shop", "c", 400), ("shop", "g", 60)]);
    let gpu = |name: &str| {
        let labels = [("gpu".to_owned(), "a100".to_owned())].into();
        PlannedJob { scheduling: Scheduling { labels, ..Scheduling::default() }, ..job(name) }
    };
    let story = [
        (0, up_with("ann.1", [("os", "linux")], Resources::default())),
        (0, submit("r1", [job("a"), job("b"), job("c"), job("d"), gpu("g")])),
        (0, ask("ann.1", "q1", 1)),
    ];
    let (_, core) = tell_to(core, story);
    let told = |pool: &PoolView| {
        let labels: Vec<_> = pool.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let PoolView { runners, slots, busy, queued, owed_ms, unknown, wanted, .. } = pool;
        let owed = owed_ms / 1000;
        let labels = labels.join(" ");
        format!("{labels}: {runners} with {slots}, {busy} busy, {queued} owe {owed} s and {unknown}, wants {wanted}")
    };
    let pools: Vec<_> = core.pools(at(1)).iter().map(told).collect();
    let expected = [
        "gpu=a100: 0 with 0, 0 busy, 1 owe 60 s and 0, wants 1",
        "os=linux: 1 with 2, 1 busy, 3 owe 800 s and 1, wants 4",
    ];
    assert_eq!(pools, expected);
}
