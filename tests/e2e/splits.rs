//! Jobs whose tests are split over their copies, on real containers: every test once, red with the list, and nothing
//! lost with a process.

use super::{submit, verdicts};
use crate::support::{Fleet, SIDINGS, TOKEN, Terminal, copy_example, job_of, tree};
use expect_test::expect;
use sidings_proto::AttemptId;
use sidings_proto::api::RunView;
use std::collections::BTreeSet;

/// A runner of tests: says which it runs, takes those whose names begin with `bad` for failed, and tells of each.
const RUN: &str = r#"#!/bin/sh
while IFS= read -r test; do
  echo "ran: $test"
  case $test in
    bad*) outcome=failed ;;
    once*) if [ -e seen ]; then outcome=passed; else outcome=failed; touch seen; fi ;;
    crash*) kill -SEGV $$ ;;
    *) outcome=passed ;;
  esac
  name=$(printf '%s' "$test" | sed 's/["\\]/\\&/g; s/\t/\\t/g')
  printf '{"end":"%s","outcome":"%s","ms":5}\n' "$name" "$outcome" >> "$SPLIT_EVENTS"
done < "$SPLIT_FILE"
"#;

/// All is well until it has nothing more to do.
const LEAVING: &str = r#"while read -r batch; do
  echo '{"end":"a","outcome":"passed"}' >> "$SPLIT_EVENTS"
done
exit 7
"#;

pub(super) fn project(fleet: &Fleet, pipeline: &str, tests: &str) -> std::path::PathBuf {
    tree(
        fleet.path("tree"),
        &[(".sidings.yml", pipeline), ("run.sh", RUN), ("leaving.sh", LEAVING), ("tests.txt", tests)],
    )
}

/// The tests that a run's copies of a job say they ran, in order of their names.
pub(super) async fn ran(fleet: &Fleet, view: &RunView) -> Vec<String> {
    let mut ran = Vec::new();
    for job in &view.jobs {
        let log = fleet.client.log_if_any(job, 1).await;
        ran.extend(log.lines().filter_map(|line| line.strip_prefix("ran: ")).map(str::to_owned));
    }
    ran.sort();
    ran
}

#[tokio::test]
async fn copies_run_every_test_once_whatever_it_is_called() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 3).await;
    let mut names: Vec<String> = (0..60).map(|no| format!("tests/{no}.t")).collect();
    names
        .extend(["two words", "süß \"quoted\" 'twice'", "back\\slash $HOME `x`", "-n", "tab\there"].map(str::to_owned));
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: 3
    tests: { discover: cat tests.txt, run: sh run.sh }
";
    let id = submit(&fleet, &project(&fleet, pipeline, &(names.join("\n") + "\n")));
    let view = fleet.client.until_ended(id).await;
    expect![[r#"
        run: passed
        unit 1/3: passed, attempts 1
          tests: passed, code 0
        unit 2/3: passed, attempts 1
          tests: passed, code 0
        unit 3/3: passed, attempts 1
          tests: passed, code 0
    "#]]
    .assert_eq(&verdicts(&view));
    assert_eq!(view.splits.len(), 1);
    assert_eq!((view.splits[0].told.as_str(), view.splits[0].passed), ("65 of 65 ran once", Some(true)));
    names.sort();
    assert_eq!(ran(&fleet, &view).await, names);
    runner.until_tidy().await;
}

const RED: &str = "\
image: debian:bookworm-slim
jobs:
  none: { tests: { discover: 'true', run: sh run.sh } }
  twice: { tests: { discover: 'echo a; echo a', run: sh run.sh } }
  broken: { tests: { discover: 'echo a; exit 3', run: sh run.sh } }
  unloadable: { tests: { discover: 'echo Error: no such module >&2; echo at line 7 >&2; exit 1', run: sh run.sh } }
  silent: { tests: { discover: 'echo a; echo b', run: 'true' } }
  failing: { tests: { discover: 'echo good; echo bad one', run: sh run.sh } }
  flaky: { tests: { discover: 'echo once; echo good', run: sh run.sh } }
  strict: { tests: { discover: 'echo once; echo good', run: sh run.sh, on_flaky: fail } }
  untried: { tests: { discover: 'echo once; echo good', run: sh run.sh, max_flaky_retries: 0 } }
  crashing: { tests: { discover: 'printf \"a\\nb\\ncrash\\nd\\n\"', run: sh run.sh } }
  unsound: { tests: { discover: 'echo a; echo b', run: 'sh run.sh; exit 7' } }
  leaving: { tests: { discover: echo a, mode: stream, run: sh leaving.sh } }
  sick: { tests: { discover: 'echo a; echo b', run: 'exit 9' } }
  differing: { parallelism: 2, tests: { discover: 'echo a; echo $CI_NODE_INDEX', run: sleep 3000 } }
";

#[tokio::test]
async fn what_did_not_run_or_went_wrong_is_red_with_the_list() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 4).await;
    let id = submit(&fleet, &project(&fleet, RED, ""));
    let view = fleet.client.until_ended(id).await;
    let why = |job: &sidings_proto::api::JobView| match &job.verdict {
        Some(sidings_proto::Verdict::Failed(failure)) => {
            // Which of the two lists came first is nobody's to say.
            let message = failure.message.split(": it lacks").next().unwrap_or_default();
            format!("{}: {}: {message}\n", job.name, failure.class)
        }
        other => format!("{}: {other:?}\n", job.name),
    };
    expect![[r#"
        none: split_incomplete: discovery found no test
        twice: split_incomplete: discovery printed the same test more than once: a
        broken: step_failed: the tests could not be listed: `discover` ended with exit status: 3
        unloadable: step_failed: the tests could not be listed: Error: no such module
        silent: split_incomplete: 2 not run: a, b
        failing: tests_failed: 1 failed: bad one
        flaky: Some(Passed)
        strict: tests_failed: 1 flaky: once
        untried: tests_failed: 1 failed: once
        crashing: tests_failed: 1 crashed: crash
        unsound: tests_failed: 2 batches went wrong though none of their tests failed: batch 1 ended with 7, batch 2 ended with 7
        leaving: step_failed: step "tests" exited with code 1
        sick: step_failed: step "tests" exited with code 1
        differing 1/2: split_incomplete: two workers discovered different tests
        differing 2/2: split_incomplete: two workers discovered different tests
    "#]]
    .assert_eq(&view.jobs.iter().map(why).collect::<String>());
    let sums = view.splits.iter().map(|sum| format!("{}: {}\n", sum.suite, sum.told));
    expect![[r#"
        crashing: 3 of 4 ran once, 1 crashed
        differing: 0 of 2 ran once, 2 not run
        failing: 1 of 2 ran once, 1 again, 1 failed
        flaky: 1 of 2 ran once, 1 again, 1 flaky
        leaving: 1 of 1 ran once
        none: no test ran
        sick: 0 of 2 ran once, 2 not run
        silent: 0 of 2 ran once, 2 not run
        strict: 1 of 2 ran once, 1 again, 1 flaky
        twice: no test ran
        unsound: 2 of 2 ran once
        untried: 2 of 2 ran once, 1 failed
    "#]]
    .assert_eq(&sums.collect::<String>());
    runner.until_tidy().await;
}

/// A batch that says it is there and waits for the file `go`.
const PATIENT: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: 2
    tests:
      discover: seq 1 40
      run: |
        touch here
        until [ -e go ]; do sleep 0.05; done
        sh run.sh
";

/// Waits until both copies are at work, and gives their attempts.
pub(super) async fn both_at_work(fleet: &Fleet, id: sidings_proto::RunId) -> [AttemptId; 2] {
    let at_work = |view: &RunView| {
        let has_two = view.splits.first().is_some_and(|sum| sum.batches == 2);
        let attempt = |n: usize| AttemptId { job: view.jobs[n].id, fence: 1 };
        has_two.then(|| [attempt(0), attempt(1)])
    };
    fleet.client.until(id, "two batches", at_work).await
}

#[tokio::test]
async fn the_tests_of_a_killed_runner_are_run_by_others() {
    let fleet = Fleet::start().await;
    let tree = project(&fleet, PATIENT, "");
    let (first, second) = (fleet.runner("a", 1).await, fleet.runner("b", 1).await);
    let id = submit(&fleet, &tree);
    let attempts = both_at_work(&fleet, id).await;
    let lost = attempts.into_iter().find(|attempt| first.workspace(*attempt).exists()).expect("one of them has it");
    let left = attempts.into_iter().find(|attempt| *attempt != lost).expect("there are two");
    first.process.kill();
    std::fs::write(second.workspace(left).join("go"), "").unwrap();
    let view = fleet.client.until_ended(id).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}", verdicts(&view));
    assert_eq!(view.splits[0].told, "40 of 40 ran once");
    let lost = view.jobs.iter().find(|job| job.id == lost.job).expect("it is one of them");
    assert_eq!(lost.attempts.len(), 2);
    let ran: BTreeSet<String> = ran(&fleet, &view).await.into_iter().collect();
    assert_eq!(ran.len(), 40);
    // What the killed one left is swept away by its next life.
    fleet.runner("a", 1).await.until_tidy().await;
    second.until_tidy().await;
}

/// Of two copies one makes room for another project's job, is put in line again, and loses nothing by it.
#[tokio::test]
async fn a_split_job_gives_a_runner_to_another_project_between_two_batches() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 2).await;
    let id = submit(&fleet, &project(&fleet, PATIENT, ""));
    let [first, second] = both_at_work(&fleet, id).await;
    let small = tree(fleet.path("small"), &[(".sidings.yml", SMALL)]);
    let (code, stdout, stderr) = fleet.sidings(&small, &["submit", "--project", "site", "--json"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let small = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
    let is_asked = |view: &RunView| view.splits.first().is_some_and(|sum| sum.leaving == 1).then_some(());
    fleet.client.until(id, "it is asked for a runner", is_asked).await;
    std::fs::write(runner.workspace(second).join("go"), "").unwrap();
    let passed = fleet.client.until_ended(small).await;
    assert_eq!(passed.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}", verdicts(&passed));

    let again = fleet.client.until_running(id, "unit 2/2", 1).await;
    assert_eq!(again, AttemptId { fence: 2, ..second });
    for attempt in [first, again] {
        std::fs::write(runner.workspace(attempt).join("go"), "").unwrap();
    }
    let view = fleet.client.until_ended(id).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}", verdicts(&view));
    assert_eq!(view.splits[0].told, "40 of 40 ran once");
    let two = job_of(&view, "unit 2/2");
    assert_eq!(two.attempts.len(), 2, "{}", verdicts(&view));
    let log = fleet.client.text(&format!("/api/v1/jobs/{}/logs/1?attempt=1&format=text", two.id)).await;
    assert!(log.contains("sidings: this runner is given back, as others wait for one"), "{log}");
    runner.until_tidy().await;
}

const SMALL: &str = "image: debian:bookworm-slim\njobs:\n  s:\n    steps: [{ run: echo small }]\n";

#[tokio::test]
async fn a_killed_controller_loses_no_test() {
    let mut fleet = Fleet::start().await;
    let tree = project(&fleet, PATIENT, "");
    let runner = fleet.runner("a", 2).await;
    let id = submit(&fleet, &tree);
    let attempts = both_at_work(&fleet, id).await;
    let mut command = std::process::Command::new(SIDINGS);
    command.args(["split", "status", &id.to_string(), "--follow"]);
    command.env("SIDINGS_SERVER", fleet.client.url()).env("SIDINGS_TOKEN", TOKEN);
    let mut followed = Terminal::start(command);
    followed.until("0 of 40 done, ");
    followed.until("under way\u{1b}[K");
    fleet.kill_controller();
    for attempt in attempts {
        std::fs::write(runner.workspace(attempt).join("go"), "").unwrap();
    }
    fleet.start_controller().await;
    let view = fleet.client.until_ended(id).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}", verdicts(&view));
    assert_eq!(view.splits[0].told, "40 of 40 ran once");
    assert!(view.jobs.iter().all(|job| job.attempts.len() == 1), "no worker is fenced: {}", verdicts(&view));
    assert_eq!(ran(&fleet, &view).await.len(), 40);
    assert_eq!(job_of(&view, "unit 1/2").steps.len(), 1);
    followed.until("unit: 40 of 40 ran once");
    let (code, text) = followed.ended();
    assert_eq!(code, Some(0), "{text}");
    runner.until_tidy().await;
}

/// The tests of pytest's own log, each with how it ended.
fn told_by_pytest(log: &str) -> Vec<String> {
    let told = |line: &str| {
        let ended =
            ["PASSED", "SKIPPED", "FAILED"].iter().find_map(|word| Some((line.find(&format!(" {word}"))?, word)));
        ended.filter(|_| line.starts_with("tests/")).map(|(at, word)| format!("{word} {}", &line[..at]))
    };
    log.lines().filter_map(told).collect()
}

async fn pytest_runs_split_what_it_runs_whole(mode: &str) {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 4).await;
    let tree = copy_example("split-suite", fleet.path("tree"));
    let pipeline = format!(
        "\
build: .
jobs:
  unit:
    parallelism: 3
    tests: {{ preset: pytest, run: python3 -m pytest -v, mode: {mode} }}
  whole:
    steps: [{{ run: python3 -m pytest -v }}]
"
    );
    std::fs::write(tree.join(".sidings.yml"), pipeline).unwrap();
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    let mut split = Vec::new();
    for job in view.jobs.iter().filter(|job| job.name != "whole") {
        split.extend(told_by_pytest(&fleet.client.log_if_any(job, 1).await));
    }
    let mut whole = told_by_pytest(&fleet.client.log(job_of(&view, "whole"), 1).await);
    split.sort();
    whole.sort();
    assert_eq!(split, whole, "{}", verdicts(&view));
    assert_eq!((whole.len(), view.summary.verdict.clone()), (58, Some(sidings_proto::Verdict::Passed)), "{view:#?}");
}

#[tokio::test]
async fn pytest_by_batches_runs_what_it_runs_whole() {
    pytest_runs_split_what_it_runs_whole("batch").await;
}

#[tokio::test]
async fn pytest_as_a_stream_runs_what_it_runs_whole() {
    pytest_runs_split_what_it_runs_whole("stream").await;
}

/// Says of each test that it begins; `crash` kills what runs it.
const STREAM: &str = r#"#!/bin/sh
echo "started"
while IFS= read -r batch; do
  printf '%s' "$batch" | sed 's/.*"atoms":\[//; s/\].*//' | tr ',' '\n' | tr -d '"' > batch.txt; echo >> batch.txt
  while IFS= read -r test; do
    [ -n "$test" ] || continue
    printf '{"start":"%s"}\n' "$test" >> "$SPLIT_EVENTS"
    echo "ran: $test"
    case $test in crash) kill -SEGV $$ ;; esac
    printf '{"end":"%s","outcome":"passed","ms":5}\n' "$test" >> "$SPLIT_EVENTS"
  done < batch.txt
done
echo "left"
"#;

#[tokio::test]
async fn a_stream_says_which_test_killed_it() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  unit:
    tests: { mode: stream, discover: cat tests.txt, run: sh stream.sh }
";
    let mut tests: Vec<String> = (0..30).map(|no| format!("t{no}")).collect();
    tests.insert(11, "crash".to_owned());
    let files = [(".sidings.yml", pipeline), ("stream.sh", STREAM), ("tests.txt", &tests.join("\n"))];
    let view = fleet.client.until_ended(submit(&fleet, &tree(fleet.path("tree"), &files))).await;
    assert_eq!(view.splits[0].told, "30 of 31 ran once, 1 crashed");
    let mut ran = ran(&fleet, &view).await;
    ran.retain(|test| test != "crash");
    tests.retain(|test| test != "crash");
    tests.sort();
    // No other is run again to find out who did it.
    assert_eq!(ran, tests);
    let log = fleet.client.log(&view.jobs[0], 1).await;
    assert!(log.contains("left"), "the end of its input tells it to go: {log}");
    assert!(log.matches("started").count() <= 4, "it lives from batch to batch: {log}");
}

const QUARANTINE: &str = "\
image: debian:bookworm-slim
jobs:
  kept: { tests: { discover: 'echo good; echo bad kept', run: sh run.sh } }
  over: { tests: { discover: 'echo good; echo bad over', run: sh run.sh } }
";

#[tokio::test]
async fn a_test_in_quarantine_does_not_gate_until_its_day_has_come() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let day = |days: i64| (jiff::Zoned::now().date() + jiff::Span::new().days(days)).to_string();
    let entry = |id: &str, since: i64, expires: i64| {
        format!("- {{ id: {id}, owner: eva, since: {}, expires: {} }}\n", day(since), day(expires))
    };
    let tree = project(&fleet, QUARANTINE, "");
    let quarantine = entry("bad kept", -3, 5) + &entry("bad over", -13, -2);
    std::fs::create_dir(tree.join(".sidings")).unwrap();
    std::fs::write(tree.join(".sidings/quarantine.yml"), quarantine).unwrap();
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    expect![[r#"
        run: failed (tests_failed)
        kept: passed, attempts 1
          tests: passed, code 0
        over: failed (tests_failed), attempts 1
          tests: failed (step_failed), code 1
    "#]]
    .assert_eq(&verdicts(&view));
    let told: Vec<&str> = view.splits.iter().map(|sum| sum.told.as_str()).collect();
    assert_eq!(told, ["2 of 2 ran once, 1 quarantined", "1 of 2 ran once, 1 again, 1 failed"]);
}
