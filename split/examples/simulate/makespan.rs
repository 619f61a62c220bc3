//! One suite on four workers that start one after the other: how long it takes, against the best there could be and
//! against splits that are made beforehand.

use crate::crew::{Agenda, Crew, Deed};
use crate::dice::Dice;
use crate::suite::{Known, Suite};
use sidings_proto::Timestamp;
use sidings_split::{Parallelism, Target};

pub(crate) const STARTS_MS: [u64; 4] = [0, 0, 5_000, 15_000];

/// How a trial goes.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) known: Known,
    pub(crate) stream: bool,
    pub(crate) boot_ms: u64,
    /// One machine is lost when half of the ideal time is over.
    pub(crate) kill: bool,
}

/// What came of it, in milliseconds.
pub(crate) struct Trial {
    pub(crate) ideal: f64,
    pub(crate) queue: f64,
    pub(crate) longest_first: f64,
    pub(crate) by_count: f64,
    /// The best there could be for those that are left when one is lost at half time and its last test with it.
    pub(crate) ideal_of_survivors: f64,
    pub(crate) leases: usize,
}

pub(crate) fn run(seed: u64, terms: Terms) -> Trial {
    let mut dice = Dice::new(seed);
    let suite = Suite::draw(&mut dice, terms.known);
    let speeds = STARTS_MS.map(|_| dice.between(0.8, 1.2));
    let ideal = ideal(&suite, &speeds, terms);
    let (queue, leases) = by_queue(&suite, &speeds, terms, ideal);
    Trial {
        ideal,
        queue,
        longest_first: planned(&suite, &speeds, terms, &longest_first(&suite, STARTS_MS.len())),
        by_count: planned(&suite, &speeds, terms, &by_count(&suite)),
        ideal_of_survivors: ideal_of_survivors(&suite, &speeds, terms, ideal),
        leases,
    }
}

fn ideal(suite: &Suite, speeds: &[f64; 4], terms: Terms) -> f64 {
    let work: f64 = suite.truth_ms.iter().sum();
    let longest = suite.truth_ms.iter().copied().fold(0.0, f64::max);
    let before: f64 = speeds.iter().zip(STARTS_MS).map(|(speed, start)| speed * (start + terms.boot_ms) as f64).sum();
    ((work + before) / speeds.iter().sum::<f64>()).max(longest)
}

/// The lost one works until half time; the others do the rest.
fn ideal_of_survivors(suite: &Suite, speeds: &[f64; 4], terms: Terms, ideal: f64) -> f64 {
    let work: f64 = suite.truth_ms.iter().sum();
    let lost = speeds[0] * (ideal / 2.0 - (STARTS_MS[0] + terms.boot_ms) as f64).max(0.0);
    let others = || speeds.iter().zip(STARTS_MS).skip(1);
    let before: f64 = others().map(|(speed, start)| speed * (start + terms.boot_ms) as f64).sum();
    (work - lost + before) / others().map(|(speed, _)| speed).sum::<f64>()
}

fn by_queue(suite: &Suite, speeds: &[f64; 4], terms: Terms, ideal: f64) -> (f64, usize) {
    let parallelism = Parallelism { min: 1, max: 4, target: Target::Fastest };
    let mut crew = Crew::new(suite.split(parallelism, terms.boot_ms), suite, terms.stream, terms.boot_ms);
    let mut agenda: Agenda<(usize, Deed)> = Agenda::default();
    let mut plans = Vec::new();
    for (speed, start) in speeds.iter().zip(STARTS_MS) {
        crew.join(Timestamp(0), Timestamp(start as i64), *speed, &mut plans);
    }
    crew.actors[0].dies = terms.kill.then_some(Timestamp((ideal / 2.0) as i64));
    while crew.closed.is_none() {
        plans.drain(..).for_each(|(at, worker, deed)| agenda.put(at, (worker, deed)));
        let (now, (worker, deed)) = agenda.next().expect("somebody beats until it is closed");
        crew.act(now, worker, deed, &mut plans);
    }
    let ledger = crew.split.ledger();
    assert!(ledger.is_closed() && ledger.ran_once == ledger.total, "{ledger}");
    (crew.closed.map_or(f64::NAN, |at| at.0 as f64), crew.split.progress().leases)
}

/// How long it takes when each worker gets its part beforehand.
fn planned(suite: &Suite, speeds: &[f64; 4], terms: Terms, parts: &[Vec<usize>]) -> f64 {
    let ends = parts.iter().zip(speeds).zip(STARTS_MS).map(|((part, speed), start)| {
        let work: f64 = part.iter().map(|test| suite.truth_ms[*test]).sum();
        (start + terms.boot_ms) as f64 + work / speed
    });
    ends.fold(0.0, f64::max)
}

fn by_count(suite: &Suite) -> [Vec<usize>; 4] {
    let size = suite.truth_ms.len().div_ceil(4);
    std::array::from_fn(|part| (part * size..((part + 1) * size).min(suite.truth_ms.len())).collect())
}

/// Each test goes to who has the least so far.
pub(crate) fn longest_first(suite: &Suite, workers: usize) -> Vec<Vec<usize>> {
    let usual: Vec<u64> = suite.manifest.numbers().map(|atom| suite.estimates.of(atom).p50_ms).collect();
    let mut order: Vec<usize> = (0..usual.len()).collect();
    order.sort_by_key(|test| std::cmp::Reverse(usual[*test]));
    let mut parts = vec![(0, Vec::new()); workers];
    for test in order {
        let least = parts.iter_mut().min_by_key(|(load, _)| *load).expect("there is a worker");
        least.0 += usual[test];
        least.1.push(test);
    }
    parts.into_iter().map(|(_, tests)| tests).collect()
}
