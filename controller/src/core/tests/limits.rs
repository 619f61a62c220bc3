//! A run that takes longer than its pipeline lets it.

use super::story::{
    ask, beat, check, finish, finished, job, leased_to, needing, passed, restart, run_spec, stored, submit, submitted,
    tick, up,
};
use crate::core::event::{ActiveRun, RunContent, RunSpec};
use crate::core::tests::story::at;
use expect_test::expect;
use sidings_proto::{PlannedJob, Verdict};
use std::sync::Arc;

fn limited(run: &str, jobs: Vec<PlannedJob>) -> Arc<RunSpec> {
    let mut spec = Arc::unwrap_or_clone(run_spec("shop", run, jobs));
    if let RunContent::Plan { plan, .. } = &mut spec.content {
        plan.timeout_ms = Some(5_000);
    }
    Arc::new(spec)
}

#[test]
fn what_is_not_over_in_time_is_stopped_and_the_run_has_failed() {
    check(
        [
            (0, up("ann.1")),
            (1, submitted(limited("r1", vec![job("unit"), job("lint"), needing("ship", ["unit"])]))),
            // The time begins with the first job, not when the run was accepted.
            (10, ask("ann.1", "q1", 2)),
            (11, finish("lint/1", passed())),
            (15, tick()),
            (16, beat("ann.1", ["unit/1"])),
            (17, finish("unit/1", finished(Verdict::Cancelled, Vec::new()))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 submit r1 of shop
                save r1 accepted
                save unit queued
                save lint queued
                tell #2: done
            10s #3 ann.1 asks q1 for 2
                save unit/1 started by ann.1 for q1
                save lint/1 started by ann.1 for q1
                tell #3: yours is unit/1, lint/1
            11s #4 lint/1 finishes: passed
                save lint/1 over: passed
                save lint ended: passed
                tell #4: accepted
            15s #5 tick
                save r1 cancelling: the run took longer than 5 s
                save ship ended: cancelled
                poke ann
            16s #6 ann.1 holds unit/1
                tell #6: cancel unit/1
            17s #7 unit/1 finishes: cancelled
                save unit/1 over: cancelled
                save unit ended: cancelled
                save r1 ended: failed, timed_out: the run took longer than 5 s
                tell #7: accepted
        "#]],
    );
}

#[test]
fn a_run_that_is_over_in_time_keeps_its_verdict_and_leaves_nothing_behind() {
    check(
        [
            (0, up("ann.1")),
            (1, submitted(limited("r1", vec![job("unit")]))),
            (2, ask("ann.1", "q1", 1)),
            (3, finish("unit/1", passed())),
            (4, submit("r2", [job("lint")])),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 submit r1 of shop
                save r1 accepted
                save unit queued
                tell #2: done
            2s #3 ann.1 asks q1 for 1
                save unit/1 started by ann.1 for q1
                tell #3: yours is unit/1
            3s #4 unit/1 finishes: passed
                save unit/1 over: passed
                save unit ended: passed
                save r1 ended: passed
                tell #4: accepted
            4s #5 submit r2 of shop
                save r2 accepted
                save lint queued
                tell #5: done
        "#]],
    );
}

#[test]
fn the_time_goes_on_while_the_controller_is_away() {
    let run = stored("r1", [(job("unit"), 1, leased_to("ann.1", "q1"))]);
    let run = ActiveRun { run: limited("r1", vec![job("unit")]), began: Some(at(1)), ..run };
    check(
        [(3, restart([run])), (4, up("ann.1")), (6, tick()), (7, beat("ann.1", ["unit/1"]))],
        expect![[r#"
            3s the controller starts anew
            4s #2 ann.1 is up
                tell #2: done
            6s #3 tick
                save r1 cancelling: the run took longer than 5 s
                poke ann
            7s #4 ann.1 holds unit/1
                tell #4: cancel unit/1
            next wake-up 37s
        "#]],
    );
}
