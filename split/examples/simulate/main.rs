//! The queue's figures, measured on the same code that runs jobs, in simulated time: `./scripts/bench split-sim`.
//!
//! Deterministic by its seeds, except for the one figure that is a measurement of this machine. Nothing passes or
//! fails; a bar that is missed is printed as missed.

mod crew;
mod dice;
mod fleet;
mod makespan;
mod pulls;
mod suite;

use fleet::{Fleet, Hour, Line};
use makespan::{Terms, Trial};
use suite::Known;

const SEEDS: u64 = 200;
const HOURS: u64 = 10;

fn main() {
    println!("{SEEDS} seeds each; makespan / ideal\n");
    println!("{:44} {:>7} {:>7} {:>7}   {:>13} {:>13}  leases", "", "mean", "p95", "bar", "longest first", "by count");
    let usual = Terms { known: Known::History, stream: true, boot_ms: 0, kill: false };
    makespans("1 stream, 4 workers", "p95", 1.03, usual);
    for (boot_ms, bar) in [(1_000, 1.07), (2_000, 1.12), (5_000, 1.20)] {
        let what = format!("2 batches, boot {} s", boot_ms / 1_000);
        makespans(&what, "p95", bar, Terms { stream: false, boot_ms, ..usual });
    }
    makespans("4 no history, sizes, stream", "mean", 1.05, Terms { known: Known::Sizes, ..usual });
    makespans("4 no history, no sizes, stream", "mean", 1.15, Terms { known: Known::Nothing, ..usual });
    println!("\none of four lost at half time: seconds more than the best of the survivors\n");
    println!("{:44} {:>7} {:>7} {:>7} {:>7}", "", "mean", "p95", "p99", "bar");
    losses("5 stream", 5.0, Terms { kill: true, ..usual });
    losses("5 batches, boot 1 s", 25.0, Terms { kill: true, stream: false, boot_ms: 1_000, ..usual });
    let pulls = pulls::measure();
    println!("\n{:44} {:>7} {:>7} {:>7} {:>7}", "milliseconds of this machine", "mean", "p95", "p99", "bar");
    let verdict = if pulls.p99 <= 10.0 { "" } else { "  MISSED" };
    let what = "8 pull, 500 workers, 50,000 tests";
    println!("{what:44} {:>7.3} {:>7.3} {:>7.3} {:>7}{verdict}", pulls.mean, pulls.p95, pulls.p99, 10);
    println!("\nthree suites at a time and small jobs on sixteen runners, {HOURS} hours: seconds\n");
    println!("{:44} {:>23}   {:>15}", "", "a small job waits", "a suite takes");
    println!("{:44} {:>7} {:>7} {:>7}   {:>7} {:>7}", "", "mean", "p95", "p99", "mean", "p95");
    let hours = |one: &dyn Fn(u64) -> Hour| (0..HOURS).map(one).collect::<Vec<_>>();
    Hour::print(&hours(&|seed| Fleet::an_hour(seed, true, 0)), "10 stream (bars 15 and 20)");
    Hour::print(&hours(&|seed| Fleet::an_hour(seed, false, 2_000)), "10 batches, boot 2 s");
    Hour::print(&hours(&|seed| Line::an_hour(seed, 2_000)), "first come, first served, longest first");
}

fn losses(what: &str, bar: f64, terms: Terms) {
    let trials = (0..SEEDS).map(|seed| makespan::run(seed, terms));
    let delay = Spread::of(trials.map(|trial| (trial.queue - trial.ideal_of_survivors) / 1_000.0));
    let verdict = if delay.mean <= bar { "" } else { "  MISSED" };
    println!("{what:44} {:>7.1} {:>7.1} {:>7.1} {bar:>7.0}{verdict}", delay.mean, delay.p95, delay.p99);
}

fn makespans(what: &str, of: &str, bar: f64, terms: Terms) {
    let trials: Vec<Trial> = (0..SEEDS).map(|seed| makespan::run(seed, terms)).collect();
    let queue = Spread::of(trials.iter().map(|trial| trial.queue / trial.ideal));
    let longest = Spread::of(trials.iter().map(|trial| trial.longest_first / trial.ideal));
    let count = Spread::of(trials.iter().map(|trial| trial.by_count / trial.ideal));
    let leases = trials.iter().map(|trial| trial.leases).sum::<usize>() as f64 / trials.len() as f64;
    let judged = if of == "p95" { queue.p95 } else { queue.mean };
    let verdict = if judged <= bar { "" } else { "  MISSED" };
    println!(
        "{what:44} {:>7.3} {:>7.3} {bar:>7.2}   {:>5.2} / {:<5.2} {:>5.2} / {:<5.2}  {leases:.0}{verdict}",
        queue.mean, queue.p95, longest.mean, longest.p95, count.mean, count.p95,
    );
}

/// How some figures lie.
pub(crate) struct Spread {
    pub(crate) mean: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

impl Spread {
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let rank = |part: f64| sorted[((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len()) - 1];
        Spread { mean: sorted.iter().sum::<f64>() / sorted.len() as f64, p95: rank(0.95), p99: rank(0.99) }
    }
}
