//! `kill -9` at half time of a suite on four runners: of one runner, against what the three that are left could do at
//! best; of the controller, against the same suite undisturbed.

use super::{RUN, Suite, WORKERS, drawn, usual};
use crate::report::Report;
use crate::split::dice::Dice;
use crate::support::{Fleet, Runner, tree};
use sidings_proto::api::RunView;
use sidings_proto::{RunId, Verdict};
use std::time::{Duration, Instant};

const SUITE: Suite = Suite { tests: 400, seconds: 160.0, rounds: 1 };
const OUTAGE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(600);

/// The same tests, from one process that stays; names have no need to be unescaped.
const STREAM: &str = r#"while IFS= read -r batch; do
  for test in $(printf '%s' "$batch" | grep -o 't[0-9]\{4\}'); do
    read -r ms seconds < "tests/$test"
    printf '{"start":"%s"}\n' "$test" >> "$SPLIT_EVENTS"
    sleep "$seconds"
    printf '{"end":"%s","outcome":"passed","ms":%s}\n' "$test" "$ms" >> "$SPLIT_EVENTS"
  done
done
"#;

pub(crate) async fn measure(report: &mut Report) {
    of_a_runner(report, "stream", STREAM, 5.0).await;
    of_a_runner(report, "batch", RUN, 25.0).await;
    of_the_controller(report).await;
}

async fn of_a_runner(report: &mut Report, mode: &str, script: &str, bar: f64) {
    let (fleet, mut runners) = four().await;
    let mut dice = Dice::new(5);
    let usual = usual(&mut dice, &SUITE);
    run(&fleet, mode, script, &drawn(&mut dice, &usual)).await;
    let truth = drawn(&mut dice, &usual);
    let work: f64 = truth.iter().sum();
    let half = work / WORKERS as f64 / 2.0;

    let (id, began) = begin(&fleet, mode, script, &truth).await;
    tokio::time::sleep(Duration::from_secs_f64(half).saturating_sub(began.elapsed())).await;
    runners.swap_remove(0).process.kill();
    let took = settled(&fleet, id, began).await;
    let best = (work - half) / (WORKERS - 1) as f64;
    let told = ended(&fleet, id).await;
    let what = format!("a runner of four killed at half time, {mode}: later than three could be at best");
    report.at_most(&what, took - best, bar, "s", &format!("{took:.1} s, {best:.1} s at best; {told}"));
}

async fn of_the_controller(report: &mut Report) {
    let (mut fleet, _runners) = four().await;
    let mut dice = Dice::new(6);
    let usual = usual(&mut dice, &SUITE);
    run(&fleet, "stream", STREAM, &drawn(&mut dice, &usual)).await;
    let truth = drawn(&mut dice, &usual);
    let undisturbed = run(&fleet, "stream", STREAM, &truth).await;

    let (id, began) = begin(&fleet, "stream", STREAM, &truth).await;
    tokio::time::sleep(Duration::from_secs_f64(undisturbed / 2.0).saturating_sub(began.elapsed())).await;
    let killed = Instant::now();
    fleet.kill_controller();
    tokio::time::sleep(OUTAGE).await;
    fleet.start_controller().await;
    let outage = killed.elapsed().as_secs_f64();
    let took = settled(&fleet, id, began).await;
    let told = ended(&fleet, id).await;
    let detail = format!("{took:.1} s, {undisturbed:.1} s undisturbed, away for {outage:.1} s; {told}");
    let what = "the controller killed at half time: later than undisturbed, less the outage";
    report.at_most(what, took - undisturbed - outage, 2.0, "s", &detail);
}

async fn four() -> (Fleet, Vec<Runner>) {
    let fleet = Fleet::start().await;
    let mut runners = Vec::new();
    for number in 1..=WORKERS {
        runners.push(fleet.warm_runner(&format!("r{number}"), 1).await);
    }
    (fleet, runners)
}

/// Seconds from the first batch to the last verdict of a test.
async fn run(fleet: &Fleet, mode: &str, script: &str, truth: &[f64]) -> f64 {
    let (id, began) = begin(fleet, mode, script, truth).await;
    let took = settled(fleet, id, began).await;
    ended(fleet, id).await;
    took
}

/// Submits the suite and waits for its first batch.
async fn begin(fleet: &Fleet, mode: &str, script: &str, truth: &[f64]) -> (RunId, Instant) {
    let pipeline = format!(
        "image: debian:bookworm-slim\njobs:\n  unit:\n    parallelism: {WORKERS}\n    timeout: 30m\n    \
         tests: {{ discover: ls tests, run: sh run.sh, mode: {mode} }}\n"
    );
    let mut files = vec![(".sidings.yml".to_owned(), pipeline), ("run.sh".to_owned(), script.to_owned())];
    for (test, seconds) in truth.iter().enumerate() {
        files.push((format!("tests/t{test:04}"), format!("{:.0} {seconds:.3}\n", seconds * 1e3)));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let work = tree(fleet.path("suite"), &files);
    fleet.settle().await;
    let (code, stdout, stderr) = fleet.sidings(&work, &["submit", "--project", "suite", "--json"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let id = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
    let has_begun = |view: &RunView| view.splits.first().is_some_and(|sum| sum.batches > 0).then_some(());
    fleet.client.until(id, "the first batch", has_begun).await;
    (id, Instant::now())
}

/// Seconds until every test has its verdict.
async fn settled(fleet: &Fleet, id: RunId, began: Instant) -> f64 {
    let is_settled = |view: &RunView| {
        view.splits.first().is_some_and(|sum| sum.total > 0 && sum.settled == sum.total).then(|| began.elapsed())
    };
    fleet.client.until_within(PATIENCE, id, "the last verdict", is_settled).await.as_secs_f64()
}

/// What the ledger says in the end. The run passes: nothing is lost, nothing counted twice.
async fn ended(fleet: &Fleet, id: RunId) -> String {
    let view = fleet.client.until_ended_within(PATIENCE, id).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{view:#?}");
    view.splits[0].told.clone()
}
