//! What attempts leave behind counts with an end that is their own.

use super::story::{ask, check, failed, finish, job, passed, run_spec, submit, submitted, up};
use crate::core::event::RunSpec;
use expect_test::expect;
use sidings_proto::artifact::KeptArtifacts;
use sidings_proto::cache::SavedCache;
use sidings_proto::runner::{Finish, Kept};
use sidings_proto::{FailureClass, Source, Trigger};
use std::sync::Arc;

/// The same end, with something to keep.
fn keeping(finish: Finish) -> Finish {
    let manifest = "0".repeat(64).try_into().unwrap();
    let artifacts = vec![KeptArtifacts { manifest, entries: 1, bytes: 1, expire_in_ms: 1 }];
    Finish { kept: Kept { artifacts, caches: Vec::new() }, ..finish }
}

/// The same end, with a cache.
fn caching(finish: Finish) -> Finish {
    let cache = SavedCache { key: "pip-1".to_owned(), blob: "0".repeat(64).try_into().unwrap(), bytes: 1 };
    Finish { kept: Kept { artifacts: Vec::new(), caches: vec![cache] }, ..finish }
}

fn submit_of(run: &str, change: impl FnOnce(&mut RunSpec)) -> super::story::Line {
    let mut spec = Arc::unwrap_or_clone(run_spec("shop", run, vec![job(&format!("job-{run}"))]));
    spec.commit.reference = "refs/heads/topic".to_owned();
    change(&mut spec);
    submitted(Arc::new(spec))
}

#[test]
fn caches_are_saved_by_jobs_that_passed_for_the_ref_they_ran_of_and_never_for_a_pull_request() {
    let tree = || Source::Snapshot { blob: "0".repeat(64).try_into().unwrap() };
    check(
        [
            (0, up("ann.1")),
            (0, submit_of("r1", |_| {})),
            (0, submit_of("r2", |spec| spec.source = tree())),
            (0, submit_of("r3", |spec| spec.trigger = Trigger::PullRequest)),
            (0, submit_of("r4", |_| {})),
            (0, ask("ann.1", "q1", 4)),
            (1, finish("job-r1/1", caching(passed()))),
            (1, finish("job-r2/1", caching(passed()))),
            (1, finish("job-r3/1", caching(passed()))),
            (1, finish("job-r4/1", caching(failed(FailureClass::StepFailed, "code 1")))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save job-r1 queued
                tell #2: done
            0s #3 submit r2 of shop
                save r2 accepted
                save job-r2 queued
                tell #3: done
            0s #4 submit r3 of shop
                save r3 accepted
                save job-r3 queued
                tell #4: done
            0s #5 submit r4 of shop
                save r4 accepted
                save job-r4 queued
                tell #5: done
            0s #6 ann.1 asks q1 for 4
                save job-r1/1 started by ann.1 for q1
                save job-r2/1 started by ann.1 for q1
                save job-r3/1 started by ann.1 for q1
                save job-r4/1 started by ann.1 for q1
                tell #6: yours is job-r1/1, job-r2/1, job-r3/1, job-r4/1
            1s #7 job-r1/1 finishes: passed
                save job-r1/1 over: passed
                save caches pip-1 of shop, refs/heads/topic
                save job-r1 ended: passed
                save r1 ended: passed
                tell #7: accepted
            1s #8 job-r2/1 finishes: passed
                save job-r2/1 over: passed
                save caches pip-1 of shop, tree refs/heads/topic
                save job-r2 ended: passed
                save r2 ended: passed
                tell #8: accepted
            1s #9 job-r3/1 finishes: passed
                save job-r3/1 over: passed
                save job-r3 ended: passed
                save r3 ended: passed
                tell #9: accepted
            1s #10 job-r4/1 finishes: failed, step_failed: code 1
                save job-r4/1 over: failed, step_failed: code 1
                save job-r4 ended: failed, step_failed: code 1
                save r4 ended: failed, step_failed: job "job-r4": code 1
                tell #10: accepted
        "#]],
    );
}

#[test]
fn what_an_attempt_leaves_behind_is_saved_with_its_end_unless_that_was_our_failure_or_without_proof() {
    let unproven = Finish { steps: Vec::new(), ..passed() };
    check(
        [
            (0, up("ann.1")),
            (0, submit("r1", [job("good"), job("bad"), job("ours"), job("claim")])),
            (0, ask("ann.1", "q1", 4)),
            (1, finish("good/1", keeping(passed()))),
            (1, finish("bad/1", keeping(failed(FailureClass::StepFailed, "code 1")))),
            (1, finish("ours/1", keeping(failed(FailureClass::EngineFailed, "gone")))),
            (1, finish("claim/1", keeping(unproven))),
            (2, finish("good/1", keeping(passed()))),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            0s #2 submit r1 of shop
                save r1 accepted
                save good queued
                save bad queued
                save ours queued
                save claim queued
                tell #2: done
            0s #3 ann.1 asks q1 for 4
                save good/1 started by ann.1 for q1
                save bad/1 started by ann.1 for q1
                save ours/1 started by ann.1 for q1
                save claim/1 started by ann.1 for q1
                tell #3: yours is good/1, bad/1, ours/1, claim/1
            1s #4 good/1 finishes: passed
                save good/1 over: passed
                save good/1 keeps 1
                save good ended: passed
                tell #4: accepted
            1s #5 bad/1 finishes: failed, step_failed: code 1
                save bad/1 over: failed, step_failed: code 1
                save bad/1 keeps 1
                save bad ended: failed, step_failed: code 1
                tell #5: accepted
            1s #6 ours/1 finishes: failed, engine_failed: gone
                save ours/1 over: failed, engine_failed: gone
                save ours queued
                tell #6: accepted
            1s #7 claim/1 finishes: passed
                save claim/1 over: failed, engine_failed: there is no proof that it passed: it reports 0 of 1 steps
                save claim queued
                tell #7: accepted
            2s #8 good/1 finishes: passed
                tell #8: already
        "#]],
    );
}
