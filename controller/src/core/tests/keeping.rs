//! What attempts leave behind counts with an end that is their own.

use super::story::{ask, check, failed, finish, job, passed, submit, up};
use expect_test::expect;
use sidings_proto::FailureClass;
use sidings_proto::artifact::KeptArtifacts;
use sidings_proto::runner::{Finish, Kept};

/// The same end, with something to keep.
fn keeping(finish: Finish) -> Finish {
    let manifest = "0".repeat(64).try_into().unwrap();
    let artifacts = vec![KeptArtifacts { manifest, entries: 1, bytes: 1, expire_in_ms: 1 }];
    Finish { kept: Kept { artifacts }, ..finish }
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
