//! Whole fleets in virtual time, from a seed: the core and the store without a disk, and simulated runners that crash,
//! freeze, retire and come back as zombies, over a network that loses, repeats, delays and reorders. After every step
//! an onlooker checks I1, I2 and I6; at the end I4: whatever was accepted has its outcome.
//!
//! `SIDINGS_SEED=7 cargo test -p sidings-controller one_seed -- --nocapture` writes a seed's dialogue;
//! `SIDINGS_SEEDS=10000 cargo test --release -p sidings-controller no_seed` tries more of them.

mod bug;
mod controller;
mod ledger;
mod random;
mod runner;
mod workload;
mod world;

use bug::Bug;

const SEEDS: u64 = 240;

#[test]
fn no_seed_breaks_an_invariant() {
    for seed in 0..number("SIDINGS_SEEDS").unwrap_or(SEEDS) {
        let (transcript, result) = world::run(seed, None);
        if let Err(violation) = result {
            panic!("seed {seed}: {violation:?}\n{}", tail(&transcript));
        }
    }
}

/// What never happens proves nothing: in these words the dialogues tell what is meant to happen.
const HAPPENS: [&str; 17] = [
    "the controller is gone",
    "the runner fell silent",
    "its runner started anew",
    "there is no proof that it passed",
    "over: cancelled",
    "ended: passed",
    "ended: cancelled",
    "skipped, blocked",
    "the pipeline says `fail_fast`",
    "over: failed, step_failed",
    "took its place",
    "queued, not before",
    "stale",
    "already",
    "unknown life",
    ": drop ",
    ": cancel ",
];

#[test]
fn everything_that_can_go_wrong_does() {
    let transcripts: Vec<_> = (0..40).map(|seed| world::run(seed, None).0).collect();
    for words in HAPPENS {
        assert!(transcripts.iter().any(|transcript| transcript.contains(words)), "never heard: {words}");
    }
}

#[test]
fn one_seed_gives_one_world() {
    let seed = number("SIDINGS_SEED").unwrap_or(7);
    let (first, _) = world::run(seed, None);
    let (second, _) = world::run(seed, None);
    let (other, _) = world::run(seed + 1, None);
    println!("{first}");
    assert!(first == second, "the same seed gave two worlds");
    assert!(first != other, "two seeds gave one world");
}

#[test]
fn a_second_outcome_is_found() {
    finds(Bug::SecondOutcomeTaken, "I1");
}

#[test]
fn a_fence_that_is_handed_out_twice_is_found() {
    finds(Bug::FenceHandedOutTwice, "I1");
}

#[test]
fn a_late_message_that_counts_is_found() {
    finds(Bug::StaleMessagesBelieved, "I2");
}

#[test]
fn a_run_that_is_accepted_before_it_is_saved_is_found() {
    finds(Bug::AcceptedBeforeSaved, "I4");
}

#[test]
fn a_run_that_is_forgotten_is_found() {
    finds(Bug::QueuedRunForgotten, "I4");
}

#[test]
fn a_missing_exit_record_that_counts_as_success_is_found() {
    finds(Bug::MissingRecordIsSuccess, "I6");
}

#[test]
fn a_job_on_a_runner_without_its_labels_is_found() {
    finds(Bug::LabelsMadeUp, "place");
}

#[test]
fn a_job_that_is_tried_too_often_is_found() {
    finds(Bug::FailuresForgotten, "retry");
}

#[test]
fn a_run_that_goes_on_beside_its_group_is_found() {
    finds(Bug::GroupForgotten, "group");
}

/// The planted fault breaks the invariant it is meant to break, within 200 seeds.
fn finds(bug: Bug, invariant: &str) {
    let found = (0..200).find_map(|seed| world::run(seed, Some(bug)).1.err());
    assert_eq!(found.map(|violation| violation.invariant), Some(invariant), "{bug:?}");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn tail(transcript: &str) -> String {
    let lines: Vec<_> = transcript.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
