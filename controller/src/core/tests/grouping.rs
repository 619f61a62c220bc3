//! Groups: who waits for whom, and who makes way for whom; and jobs that wait for a person.

use super::story::{
    Line, approve, ask, at, beat, cancel, check, finish, finished, job, needing, passed, restart, run_spec, stored,
    submitted, tell, up, wait_of,
};
use crate::core::event::{ActiveJob, ActiveRun, RunContent, RunSpec, StoredState};
use expect_test::expect;
use sidings_proto::{Approval, Cancel, Concurrency, PlannedJob, Scheduling, Verdict};
use std::sync::Arc;

fn of(group: &str, limit: u32, cancel: Cancel) -> Concurrency {
    Concurrency { group: group.to_owned(), limit, cancel }
}

fn spec<const N: usize>(run: &str, branch: &str, group: Option<Concurrency>, jobs: [PlannedJob; N]) -> Arc<RunSpec> {
    let mut spec = Arc::unwrap_or_clone(run_spec("shop", run, jobs.into()));
    spec.number = run.trim_start_matches('r').parse().unwrap();
    spec.commit.reference = format!("refs/heads/{branch}");
    if let RunContent::Plan { plan, .. } = &mut spec.content {
        plan.concurrency = group;
    }
    Arc::new(spec)
}

/// A run of a branch, in a group of that name.
fn run<const N: usize>(run: &str, branch: &str, cancel: Cancel, jobs: [PlannedJob; N]) -> Line {
    submitted(spec(run, branch, Some(of(branch, 1, cancel)), jobs))
}

fn in_group(name: &str, concurrency: Concurrency) -> PlannedJob {
    PlannedJob { scheduling: Scheduling { concurrency: Some(concurrency), ..Scheduling::default() }, ..job(name) }
}

fn alone<const N: usize>(name: &str, branch: &str, jobs: [PlannedJob; N]) -> Line {
    submitted(spec(name, branch, None, jobs))
}

fn approved(name: &str, needs: &[&str]) -> PlannedJob {
    let approval = Some(Approval { from: vec!["release".to_owned()] });
    let needs = needs.iter().map(|need| (*need).to_owned()).collect();
    PlannedJob { needs, scheduling: Scheduling { approval, ..Scheduling::default() }, ..job(name) }
}

#[test]
fn runs_of_a_group_go_on_one_after_another_the_oldest_first() {
    let story = [
        (0, up("ann.1")),
        (0, run("r1", "main", Cancel::None, [job("a"), needing("b", ["a"])])),
        (1, run("r2", "main", Cancel::None, [job("c")])),
        (2, run("r3", "main", Cancel::None, [job("d")])),
        (3, ask("ann.1", "q1", 2)),
        (4, finish("a/1", passed())),
        (4, ask("ann.1", "q2", 2)),
        (5, finish("b/1", passed())),
        (5, ask("ann.1", "q3", 2)),
    ];
    let (dialogue, core) = tell(story);
    expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save a queued
            tell #2: done
        1s #3 submit r2 of shop
            save r2 accepted
            tell #3: done
        2s #4 submit r3 of shop
            save r3 accepted
            tell #4: done
        3s #5 ann.1 asks q1 for 2
            save a/1 started by ann.1 for q1
            tell #5: yours is a/1
        4s #6 a/1 finishes: passed
            save a/1 over: passed
            save a ended: passed
            save b queued
            tell #6: accepted
        4s #7 ann.1 asks q2 for 2
            save b/1 started by ann.1 for q2
            tell #7: yours is b/1
        5s #8 b/1 finishes: passed
            save b/1 over: passed
            save b ended: passed
            save r1 ended: passed
            save c queued
            tell #8: accepted
        5s #9 ann.1 asks q3 for 2
            save c/1 started by ann.1 for q3
            tell #9: yours is c/1
        next wake-up 15s
    "#]]
    .assert_eq(&dialogue);
    assert_eq!(wait_of(&core, at(6), "r3", 0), "group: group \"main\" is held by run 2");
}

#[test]
fn a_newer_run_takes_the_place_of_an_older_one_that_runs() {
    check(
        [
            (0, up("ann.1")),
            (0, run("r1", "topic", Cancel::Running, [job("a"), job("b")])),
            (0, ask("ann.1", "q1", 1)),
            (1, run("r2", "topic", Cancel::Running, [job("c")])),
            (2, beat("ann.1", ["a/1"])),
            (2, ask("ann.1", "q2", 1)),
            (3, finish("a/1", finished(Verdict::Cancelled, Vec::new()))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            1s #4 submit r2 of shop
                save r2 accepted
                save r1 cancelling: run 2 took its place
                save b ended: cancelled
                tell #4: done
                poke ann
            2s #5 ann.1 holds a/1
                tell #5: cancel a/1
            2s #6 ann.1 asks q2 for 1
            3s #7 a/1 finishes: cancelled
                save a/1 over: cancelled
                save a ended: cancelled
                save r1 ended: cancelled
                save c queued
                save c/1 started by ann.1 for q2
                tell #7: accepted
                tell #6: yours is c/1
            next wake-up 13s
        "#]],
    );
}

#[test]
fn what_has_begun_is_not_cancelled_where_only_what_waits_is() {
    check(
        [
            (0, up("ann.1")),
            (0, run("r1", "topic", Cancel::Queued, [job("a")])),
            (0, ask("ann.1", "q1", 1)),
            (1, run("r2", "topic", Cancel::Queued, [job("b")])),
            (2, run("r3", "topic", Cancel::Queued, [job("c")])),
            (3, finish("a/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            0s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            1s #4 submit r2 of shop
                save r2 accepted
                tell #4: done
            2s #5 submit r3 of shop
                save r3 accepted
                save r2 cancelling: run 3 took its place
                save b ended: cancelled
                save r2 ended: cancelled
                tell #5: done
            3s #6 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                save r1 ended: passed
                save c queued
                tell #6: accepted
        "#]],
    );
}

#[test]
fn nothing_of_the_default_branch_is_cancelled_for_something_newer() {
    check(
        [
            (0, up("ann.1")),
            (0, run("r1", "main", Cancel::Running, [job("a")])),
            (1, run("r2", "main", Cancel::Running, [job("b")])),
            (2, cancel("r1")),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save a queued
                tell #2: done
            1s #3 submit r2 of shop
                save r2 accepted
                tell #3: done
            2s #4 cancel r1
                save r1 cancelling
                save a ended: cancelled
                save r1 ended: cancelled
                save b queued
                tell #4: done
        "#]],
    );
}

#[test]
fn groups_of_other_projects_and_other_names_are_others() {
    let mut other = Arc::unwrap_or_clone(spec("r2", "main", Some(of("main", 1, Cancel::Running)), [job("b")]));
    other.project = "web".to_owned();
    check(
        [
            (0, run("r1", "main", Cancel::None, [job("a")])),
            (1, submitted(Arc::new(other))),
            (2, run("r3", "topic", Cancel::None, [job("c")])),
        ],
        expect![[r#"
            0s #1 submit r1 of shop
                save r1 accepted
                save a queued
                tell #1: done
            1s #2 submit r2 of web
                save r2 accepted
                save b queued
                tell #2: done
            2s #3 submit r3 of shop
                save r3 accepted
                save c queued
                tell #3: done
        "#]],
    );
}

#[test]
fn jobs_of_a_group_wait_for_one_another_over_runs_and_hold_it_until_they_end() {
    let deploy = |name: &str| in_group(name, of("deploy", 1, Cancel::None));
    let story = [
        (0, up("ann.1")),
        (0, alone("r1", "main", [deploy("d1"), job("t1")])),
        (1, alone("r2", "main", [deploy("d2")])),
        (2, alone("r3", "main", [deploy("d3")])),
        (3, ask("ann.1", "q1", 4)),
        (4, finish("d1/1", passed())),
    ];
    let (dialogue, core) = tell(story);
    expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save d1 queued
            save t1 queued
            tell #2: done
        1s #3 submit r2 of shop
            save r2 accepted
            tell #3: done
        2s #4 submit r3 of shop
            save r3 accepted
            tell #4: done
        3s #5 ann.1 asks q1 for 4
            save d1/1 started by ann.1 for q1
            save t1/1 started by ann.1 for q1
            tell #5: yours is d1/1, t1/1
        4s #6 d1/1 finishes: passed
            save d1/1 over: passed
            save d1 ended: passed
            save d2 queued
            tell #6: accepted
        next wake-up 13s
    "#]]
    .assert_eq(&dialogue);
    assert_eq!(wait_of(&core, at(5), "r3", 0), "group: group \"deploy\" is held by run 2");
}

#[test]
fn a_limit_of_two_lets_two_go_on() {
    let deploy = |name: &str| in_group(name, of("deploy", 2, Cancel::None));
    check(
        [(0, alone("r1", "main", [deploy("a"), deploy("b"), deploy("c")]))],
        expect![[r#"
        0s #1 submit r1 of shop
            save r1 accepted
            save a queued
            save b queued
            tell #1: done
    "#]],
    );
}

#[test]
fn a_newer_job_takes_the_place_of_an_older_one_and_its_run_goes_on() {
    let preview = |name: &str| in_group(name, of("preview", 1, Cancel::Running));
    check(
        [
            (0, up("ann.1")),
            (0, alone("r1", "topic", [preview("p1"), job("t1"), needing("e1", ["p1"])])),
            (0, ask("ann.1", "q1", 2)),
            (1, alone("r2", "topic", [preview("p2")])),
            (2, beat("ann.1", ["p1/1", "t1/1"])),
            (3, finish("p1/1", finished(Verdict::Cancelled, Vec::new()))),
            (4, finish("t1/1", passed())),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save p1 queued
                save t1 queued
                tell #2: done
            0s #3 ann.1 asks q1 for 2
                save p1/1 started by ann.1 for q1
                save t1/1 started by ann.1 for q1
                tell #3: yours is p1/1, t1/1
            1s #4 submit r2 of shop
                save r2 accepted
                save p1 stopping: run 2 took its place
                tell #4: done
                poke ann
            2s #5 ann.1 holds p1/1, t1/1
                tell #5: cancel p1/1, go on t1/1
            3s #6 p1/1 finishes: cancelled
                save p1/1 over: cancelled
                save p1 ended: cancelled
                save e1 ended: cancelled
                save p2 queued
                tell #6: accepted
            4s #7 t1/1 finishes: passed
                save t1/1 over: passed
                save t1 ended: passed
                save r1 ended: cancelled
                tell #7: accepted
        "#]],
    );
}

#[test]
fn the_101st_that_waits_for_a_group_is_turned_away() {
    let mut core = crate::core::Core::new(crate::core::Policy::default());
    let mut said = Vec::new();
    for number in 0..102 {
        let spec = spec(&format!("r{number}"), "main", Some(of("main", 1, Cancel::None)), []);
        let mut spec = Arc::unwrap_or_clone(spec);
        let name = format!("j{number}");
        let content = run_spec("shop", "r", vec![job(&name)]);
        spec.content = content.content.clone();
        if let RunContent::Plan { plan, .. } = &mut spec.content {
            plan.concurrency = Some(of("main", 1, Cancel::None));
        }
        let ask = crate::core::event::Ask(number);
        said = core.handle(at(0), crate::core::event::Event::Submitted { ask, run: Arc::new(spec) });
    }
    let said: Vec<String> = said.iter().filter_map(super::dialogue::said).collect();
    expect![[r#"
        save r101 accepted
        save r101 cancelling: too many wait for group "main" already
        save j101 ended: cancelled
        save r101 ended: cancelled
        tell #101: done"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn groups_are_the_same_after_a_restart() {
    let queued = || StoredState::Queued { since: at(1), not_before: at(1) };
    let active = |name: &str, second: i64, state: StoredState| {
        let spec = spec(name, "main", Some(of("main", 1, Cancel::None)), [job(&format!("of {name}"))]);
        let state = ActiveJob { state, ..stored("r9", [(job("x"), 0, queued())]).jobs.remove(0) };
        ActiveRun { run: spec, accepted: at(second), began: None, stopping: None, jobs: vec![state] }
    };
    let runs =
        [active("r3", 3, StoredState::Waiting), active("r2", 2, StoredState::Waiting), active("r1", 1, queued())];
    check(
        [(10, restart(runs)), (11, cancel("r1")), (12, cancel("r2"))],
        expect![[r#"
        10s the controller starts anew
        11s #2 cancel r1
            save r1 cancelling
            save of r1 ended: cancelled
            save r1 ended: cancelled
            save of r2 queued
            tell #2: done
        12s #3 cancel r2
            save r2 cancelling
            save of r2 ended: cancelled
            save r2 ended: cancelled
            save of r3 queued
            tell #3: done
    "#]],
    );
}

#[test]
fn a_job_waits_for_a_person_when_its_needs_are_met() {
    let (dialogue, core) = tell([
        (0, up("ann.1")),
        (0, alone("r1", "main", [job("test"), approved("ship", &["test"])])),
        (1, approve("ship", "release")),
        (2, ask("ann.1", "q1", 1)),
        (3, finish("test/1", passed())),
    ]);
    expect![[r#"
        0s #1 ann.1 is up
            tell #1: done
        0s #2 submit r1 of shop
            save r1 accepted
            save test queued
            tell #2: done
        1s #3 release approves ship
            tell #3: stale
        2s #4 ann.1 asks q1 for 1
            save test/1 started by ann.1 for q1
            tell #4: yours is test/1
        3s #5 test/1 finishes: passed
            save test/1 over: passed
            save test ended: passed
            tell #5: accepted
    "#]]
    .assert_eq(&dialogue);
    assert_eq!(wait_of(&core, at(4), "r1", 1), "approval: needs the approval of release");
    check(
        [
            (0, alone("r1", "main", [approved("ship", &[])])),
            (1, approve("ship", "release")),
            (2, approve("ship", "release")),
            (3, cancel("r1")),
            (4, approve("ship", "release")),
        ],
        expect![[r#"
            0s #1 submit r1 of shop
                save r1 accepted
                tell #1: done
            1s #2 release approves ship
                save ship approved by release
                save ship queued
                tell #2: done
            2s #3 release approves ship
                tell #3: already
            3s #4 cancel r1
                save r1 cancelling
                save ship ended: cancelled
                save r1 ended: cancelled
                tell #4: done
            4s #5 release approves ship
                tell #5: stale
        "#]],
    );
}

#[test]
fn what_was_approved_stays_so_over_a_restart_and_what_was_not_still_waits() {
    let run =
        stored("r1", [(approved("yes", &[]), 0, StoredState::Waiting), (approved("no", &[]), 0, StoredState::Waiting)]);
    let mut jobs = run.jobs.clone();
    jobs[0].approved = true;
    check(
        [(10, restart([ActiveRun { jobs, ..run }])), (11, cancel("r1"))],
        expect![[r#"
        10s the controller starts anew
            save yes queued
        11s #2 cancel r1
            save r1 cancelling
            save yes ended: cancelled
            save no ended: cancelled
            save r1 ended: cancelled
            tell #2: done
    "#]],
    );
}
