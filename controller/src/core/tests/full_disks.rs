//! Runners that are up and take no jobs, since their disk is too full: whoever waits is told.

use super::story::{at, beat, job, low_beat, submit, tell, up, wait_of};

#[test]
fn a_job_is_told_that_its_runner_has_no_room_and_how_much_it_lacks() {
    let told = [(1, up("ann.1")), (2, low_beat("ann.1", 4, 10)), (3, submit("r1", [job("a")]))];
    let (_, core) = tell(told);
    let why = "runner: runner ann takes no jobs: 4.0 gb free of 10.0 gb it must keep";
    assert_eq!(wait_of(&core, at(3), "r1", 0), why);
    assert_eq!(core.runners(at(3))[0].low_disk.map(|low| low.free), Some(4_000_000_000));
}

#[test]
fn with_room_again_nothing_is_said_of_it() {
    let told = [(1, up("ann.1")), (2, low_beat("ann.1", 4, 10)), (3, submit("r1", [job("a")])), (4, beat("ann.1", []))];
    let (_, core) = tell(told);
    assert_eq!(wait_of(&core, at(4), "r1", 0), "turn: a runner is about to take it");
}

#[test]
fn where_others_have_room_the_one_without_is_told_as_well() {
    let told = [(1, up("ann.1")), (2, up("bob.1")), (3, low_beat("ann.1", 4, 10)), (4, submit("r1", [job("a")]))];
    let (_, core) = tell(told);
    let why = "turn: a runner is about to take it; runner ann takes no jobs: 4.0 gb free of 10.0 gb it must keep";
    assert_eq!(wait_of(&core, at(4), "r1", 0), why);
}
