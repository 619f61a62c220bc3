//! Runners that an operator takes out, and lets in again.

use super::story::{ask, at, beat, check, drain, finish, job, passed, resume, submit, tell, tell_to, up, wait_of};
use crate::core::{Core, Policy};
use expect_test::expect;
use sidings_proto::api::RunnerState;
use sidings_proto::fleet::Drained;

#[test]
fn a_drained_runner_finishes_what_it_has_and_gets_nothing_new_until_it_is_resumed() {
    check(
        [
            (0, up("ann.1")),
            (1, submit("r1", [job("a"), job("b")])),
            (2, ask("ann.1", "q1", 1)),
            (3, drain("ann", "anna")),
            (4, drain("ann", "bert")),
            (5, ask("ann.1", "q2", 1)),
            (6, beat("ann.1", ["a/1"])),
            (7, finish("a/1", passed())),
            (8, resume("ann")),
            (9, resume("ann")),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 submit r1 of shop
                save r1 accepted
                save a queued
                save b queued
                tell #2: done
            2s #3 ann.1 asks q1 for 1
                save a/1 started by ann.1 for q1
                tell #3: yours is a/1
            3s #4 anna drains ann
                save ann drained by anna
                tell #4: done
            4s #5 bert drains ann
                tell #5: already
            5s #6 ann.1 asks q2 for 1
            6s #7 ann.1 holds a/1
                tell #7: go on a/1
            7s #8 a/1 finishes: passed
                save a/1 over: passed
                save a ended: passed
                tell #8: accepted
            8s #9 ann may go on
                save ann resumed
                save b/1 started by ann.1 for q2
                tell #9: done
                tell #6: yours is b/1
            9s #10 ann may go on
                tell #10: already
            next wake-up 18s
        "#]],
    );
}

#[test]
fn the_next_process_of_a_drained_runner_is_drained_as_well() {
    check(
        [
            (0, up("ann.1")),
            (1, drain("ann", "anna")),
            (2, up("ann.2")),
            (3, submit("r1", [job("a")])),
            (4, ask("ann.2", "q1", 1)),
            (5, up("bob.1")),
            (6, ask("bob.1", "q1", 1)),
        ],
        expect![[r#"
            0s #1 ann.1 is up
                tell #1: done
            1s #2 anna drains ann
                save ann drained by anna
                tell #2: done
            2s #3 ann.2 is up
                tell #3: done
            3s #4 submit r1 of shop
                save r1 accepted
                save a queued
                tell #4: done
            4s #5 ann.2 asks q1 for 1
            5s #6 bob.1 is up
                tell #6: done
            6s #7 bob.1 asks q1 for 1
                save a/1 started by bob.1 for q1
                tell #7: yours is a/1
            next wake-up 16s
        "#]],
    );
}

#[test]
fn after_a_restart_of_the_controller_it_is_still_drained() {
    let mut core = Core::new(Policy::default());
    let drained = Drained { by: "anna".to_owned(), at: at(-60) };
    core.restore_drains([("ann".to_owned(), drained.clone())].into());
    let story = [(0, up("ann.1")), (1, submit("r1", [job("a")])), (2, ask("ann.1", "q1", 1))];
    let (dialogue, core) = tell_to(core, story);
    assert!(dialogue.contains("tell #1: done") && !dialogue.contains("yours"), "{dialogue}");
    let view = core.runners(at(3)).remove(0);
    assert_eq!((view.state, view.drained), (RunnerState::Draining, Some(drained)));
}

#[test]
fn a_job_is_told_who_drained_the_runner_that_it_could_have() {
    let (_, core) = tell([(1, up("ann.1")), (2, drain("ann", "anna")), (3, submit("r1", [job("a")]))]);
    let why = "runner: no runner is up; ann is drained by anna since 1970-01-01 00:00 utc";
    assert_eq!(wait_of(&core, at(3), "r1", 0), why);
    let (_, core) =
        tell([(1, up("ann.1")), (2, up("bob.1")), (3, drain("ann", "anna")), (4, submit("r1", [job("a")]))]);
    let why = "turn: a runner is about to take it; ann is drained by anna since 1970-01-01 00:00 utc";
    assert_eq!(wait_of(&core, at(4), "r1", 0), why);
    assert!(core.has_others(at(4), core.runners(at(4))[0].id), "bob is there");
    assert!(!core.has_others(at(4), core.runners(at(4))[1].id), "ann is not");
}
