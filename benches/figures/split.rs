//! A suite on four runners: what the queue makes of it, against the same suite on one runner, and against lists that are
//! dealt out before, by count and longest first. Tests sleep: log-normal with σ 1.5, 48 s in all (480 s as `split-whole`),
//! each run 30 % off, so that what is known of a test is what earlier runs took.

#[path = "../../split/examples/simulate/dice.rs"]
#[expect(dead_code, reason = "shared with the simulation, which uses all of it")]
mod dice;
pub(crate) mod kills;

use crate::report::{Report, median};
use crate::support::{Fleet, tree};
use dice::Dice;
use sidings_proto::Verdict;
use sidings_proto::api::RunView;
use std::path::Path;
use std::time::{Duration, Instant};

const WORKERS: usize = 4;
const SIGMA: f64 = 1.5;
const NOISE: f64 = 0.3;
/// The whole suite on one runner takes eight minutes.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A suite, and how often each way is tried.
pub(crate) struct Suite {
    pub(crate) tests: usize,
    pub(crate) seconds: f64,
    pub(crate) rounds: usize,
}

/// For every day.
pub(crate) const SHORT: Suite = Suite { tests: 200, seconds: 48.0, rounds: 3 };
/// Eight minutes.
pub(crate) const WHOLE: Suite = Suite { tests: 1_000, seconds: 480.0, rounds: 1 };

/// Reads names, sleeps as long as each takes in this run, and tells of it.
const RUN: &str = r#"while IFS= read -r test; do
  read -r ms seconds < "tests/$test"
  sleep "$seconds"
  printf '{"end":"%s","outcome":"passed","ms":%s}\n' "$test" "$ms" >> "${SPLIT_EVENTS:-/dev/null}"
done
"#;

/// Seconds from the request to the verdict, and of them those from the first test to the last.
struct Took {
    wall: f64,
    tests: f64,
}

pub(crate) async fn measure(report: &mut Report, suite: &Suite) {
    let fleet = Fleet::start().await;
    let mut runners = Vec::new();
    for number in 1..=WORKERS {
        runners.push(fleet.warm_runner(&format!("r{number}"), 1).await);
    }
    let mut dice = Dice::new(suite.tests as u64);
    let usual = usual(&mut dice, suite);
    let known = drawn(&mut dice, &usual);
    let serial = run(&fleet, &known, &split(1), &[]).await;
    let [mut queue, mut counted, mut longest, mut ideals, mut set_ups] = [const { Vec::new() }; 5];
    for _ in 0..suite.rounds {
        let truth = drawn(&mut dice, &usual);
        let took = run(&fleet, &truth, &split(WORKERS), &[]).await;
        set_ups.push(took.wall - took.tests);
        queue.push(took.tests);
        counted.push(run(&fleet, &truth, DEALT, &by_count(suite.tests)).await.tests);
        longest.push(run(&fleet, &truth, DEALT, &longest_first(&known)).await.tests);
        ideals.push((truth.iter().sum::<f64>() / WORKERS as f64).max(truth.iter().copied().fold(0.0, f64::max)));
    }
    let [queue, counted, longest, ideal, set_up] =
        [&mut queue, &mut counted, &mut longest, &mut ideals, &mut set_ups].map(|figures| median(figures));
    let detail = format!(
        "{:.1} s on one runner; {ideal:.1} s would be ideal, dealt out by count {counted:.1} s, longest first \
         {longest:.1} s; set-up {set_up:.1} s apart ({:.1} s on one)",
        serial.tests,
        serial.wall - serial.tests
    );
    let what = format!("{} tests of {} s on {WORKERS} runners, by the queue", suite.tests, suite.seconds);
    report.at_most(&what, queue, suite.seconds * 126.0 / 480.0, "s", &detail);
}

/// What each test takes as a rule, in seconds.
fn usual(dice: &mut Dice, suite: &Suite) -> Vec<f64> {
    let drawn: Vec<f64> = (0..suite.tests).map(|_| (SIGMA * dice.normal()).exp()).collect();
    let scale = suite.seconds / drawn.iter().sum::<f64>();
    drawn.into_iter().map(|test| test * scale).collect()
}

/// And in one run.
fn drawn(dice: &mut Dice, usual: &[f64]) -> Vec<f64> {
    usual.iter().map(|test| (test * dice.about_one(NOISE)).max(0.001)).collect()
}

fn split(copies: usize) -> String {
    format!(
        "image: debian:bookworm-slim\njobs:\n  unit:\n    parallelism: {copies}\n    timeout: 30m\n    \
         tests: {{ discover: ls tests, run: sh run.sh }}\n"
    )
}

const DEALT: &str = "image: debian:bookworm-slim\njobs:\n  dealt:\n    parallelism: 4\n    timeout: 30m\n    \
    steps: [{ run: sh run.sh < list.$CI_NODE_INDEX }]\n";

/// The tests of each worker, by their numbers.
type Lists = Vec<Vec<usize>>;

fn by_count(tests: usize) -> Lists {
    let of_each = tests.div_ceil(WORKERS);
    (0..tests).collect::<Vec<_>>().chunks(of_each).map(<[usize]>::to_vec).collect()
}

/// Each to whom has least, by what the run before took.
fn longest_first(known: &[f64]) -> Lists {
    let mut order: Vec<usize> = (0..known.len()).collect();
    order.sort_by(|a, b| known[*b].total_cmp(&known[*a]));
    let mut lists = vec![(0.0_f64, Vec::new()); WORKERS];
    for test in order {
        let least = lists.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        least.0 += known[test];
        least.1.push(test);
    }
    lists.into_iter().map(|(_, list)| list).collect()
}

async fn run(fleet: &Fleet, truth: &[f64], pipeline: &str, lists: &[Vec<usize>]) -> Took {
    let name = |test: usize| format!("t{test:04}");
    let mut files = vec![(".sidings.yml".to_owned(), pipeline.to_owned()), ("run.sh".to_owned(), RUN.to_owned())];
    for (test, seconds) in truth.iter().enumerate() {
        files.push((format!("tests/{}", name(test)), format!("{:.0} {seconds:.3}\n", seconds * 1e3)));
    }
    for (worker, list) in lists.iter().enumerate() {
        let lines: String = list.iter().map(|test| name(*test) + "\n").collect();
        files.push((format!("list.{}", worker + 1), lines));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let work = tree(fleet.path("suite"), &files);
    fleet.settle().await;
    let (wall, view) = verdict(fleet, &work).await;
    let steps = || view.jobs.iter().filter_map(|job| job.steps.last());
    let (began, ended) =
        (steps().map(|step| step.started.unwrap().0).min(), steps().map(|step| step.ended.unwrap().0).max());
    Took { wall, tests: (ended.unwrap() - began.unwrap()) as f64 / 1e3 }
}

async fn verdict(fleet: &Fleet, work: &Path) -> (f64, RunView) {
    let began = Instant::now();
    let (code, stdout, stderr) = fleet.sidings(work, &["submit", "--project", "suite", "--json"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let run = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
    let view = fleet.client.until_ended_within(PATIENCE, run).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{view:#?}");
    (began.elapsed().as_secs_f64(), view)
}
