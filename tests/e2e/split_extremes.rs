//! Split jobs at their limits, on real containers: very many tests, very long reports, names of any kind, tests that end
//! their container, and more than one process killed at once. Nothing is lost, and what did not run is told.

use super::splits::{both_at_work, project, ran};
use super::{submit, verdicts};
use crate::support::{Fleet, tree};
use sidings_proto::Verdict;
use std::collections::BTreeSet;

/// A case of 4 kB for each test, so 200 MB for all.
const LONG_REPORT: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    tests:
      discover: seq 1 50000
      run: |
        awk 'BEGIN { text = sprintf(\"%4000s\", \"\"); gsub(/ /, \"x\", text); print \"<testsuite>\" }
          { printf \"<testcase name=\\\"%s\\\" time=\\\"0.01\\\"><system-out>%s</system-out></testcase>\\n\", $0, text }
          END { print \"</testsuite>\" }' \"$SPLIT_FILE\" > \"$SPLIT_JUNIT\"
";

#[tokio::test]
async fn fifty_thousand_tests_with_reports_of_200_mb_all_count() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let id = submit(&fleet, &tree(fleet.path("tree"), &[(".sidings.yml", LONG_REPORT)]));
    let view = fleet.client.until_ended(id).await;
    assert_eq!(view.splits[0].told, "50,000 of 50,000 ran once", "{}", verdicts(&view));
    assert_eq!(view.summary.verdict, Some(Verdict::Passed));
}

const ANY_NAME: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    tests:
      discover: printf 'two\\nlines\\0 \\0\\\"quoted\\\"\\0a\\tb\\0größe\\0'
      run: |
        while IFS= read -r -d '' test; do
          name=${test//\\\"/\\\\\\\"}
          name=${name//$'\\n'/\\\\n}
          name=${name//$'\\t'/\\\\t}
          printf '{\"end\":\"%s\",\"outcome\":\"passed\"}\\n' \"$name\" >> \"$SPLIT_EVENTS\"
        done < \"$SPLIT_FILE0\"
    shell: [bash, -ec]
";

#[tokio::test]
async fn a_name_may_have_line_ends_blanks_and_quotes() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let id = submit(&fleet, &tree(fleet.path("tree"), &[(".sidings.yml", ANY_NAME)]));
    let view = fleet.client.until_ended(id).await;
    let log = fleet.client.log_if_any(&view.jobs[0], 1).await;
    assert_eq!(view.splits.first().map(|sum| sum.told.as_str()), Some("5 of 5 ran once"), "{log}");
}

const KILLER: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: 2
    tests:
      discover: seq 1 9; echo killer
      run: |
        if grep -qx killer \"$SPLIT_FILE\"; then kill -KILL -1; fi
        sh run.sh
";

#[tokio::test]
async fn a_test_that_ends_its_container_leaves_no_test_without_a_verdict() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 2).await;
    let view = fleet.client.until_ended(submit(&fleet, &project(&fleet, KILLER, ""))).await;
    let sum = &view.splits[0];
    assert_eq!((sum.settled, sum.total, sum.passed), (10, 10, Some(false)), "{sum:#?}");
    assert!(matches!(view.summary.verdict, Some(Verdict::Failed(_))), "{}", verdicts(&view));
    assert!(sum.reasons.iter().any(|reason| reason.contains("killer")), "{sum:#?}");
    runner.until_tidy().await;
}

const ONE_IS_SICK: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: 2
    tests:
      discover: seq 1 40
      run: |
        if [ \"$CI_NODE_INDEX\" = 1 ]; then exit 9; fi
        sh run.sh
";

#[tokio::test]
async fn a_copy_that_fails_at_once_takes_no_test_from_the_others() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let view = fleet.client.until_ended(submit(&fleet, &project(&fleet, ONE_IS_SICK, ""))).await;
    assert_eq!(view.splits[0].told, "40 of 40 ran once", "{}", verdicts(&view));
    // The sick one fails, or the other was done before it could fail twice.
    assert_eq!(view.jobs[1].verdict, Some(Verdict::Passed), "{}", verdicts(&view));
}

const PATIENT: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: 2
    tests:
      discover: seq 1 40
      run: |
        until [ -e go ]; do sleep 0.05; done
        sh run.sh
";

#[tokio::test]
async fn a_killed_runner_and_then_a_killed_controller_lose_no_test() {
    let mut fleet = Fleet::start().await;
    let tree = project(&fleet, PATIENT, "");
    let (first, second) = (fleet.runner("a", 1).await, fleet.runner("b", 1).await);
    let id = submit(&fleet, &tree);
    let attempts = both_at_work(&fleet, id).await;
    let lost = attempts.into_iter().find(|attempt| first.workspace(*attempt).exists()).expect("one of them has it");
    let left = attempts.into_iter().find(|attempt| *attempt != lost).expect("there are two");
    first.process.kill();
    fleet.kill_controller();
    std::fs::write(second.workspace(left).join("go"), "").unwrap();
    fleet.start_controller().await;
    let view = fleet.client.until_ended(id).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{}", verdicts(&view));
    assert_eq!(view.splits[0].told, "40 of 40 ran once");
    assert_eq!(ran(&fleet, &view).await.into_iter().collect::<BTreeSet<_>>().len(), 40);
    // What the killed one left is swept away by its next life.
    fleet.runner("a", 1).await.until_tidy().await;
    second.until_tidy().await;
}

const WITHIN: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: { min: 1, max: 3, target: 10m }
    tests: { discover: seq 1 40, run: sh run.sh }
";

#[tokio::test]
async fn as_many_copies_work_as_the_target_needs_and_people_see_which() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 3).await;
    let tree = project(&fleet, WITHIN, "");
    let first = fleet.client.until_ended(submit(&fleet, &tree)).await;
    assert_eq!(first.summary.verdict, Some(Verdict::Passed), "{}", verdicts(&first));
    // Now it is known how long they take.
    let second = fleet.client.until_ended(submit(&fleet, &tree)).await;
    assert_eq!(second.summary.verdict, Some(Verdict::Passed), "{}", verdicts(&second));
    assert_eq!(second.splits[0].told, "40 of 40 ran once");
    let (code, told, _) = fleet.sidings(&tree, &["split", "status", "latest", "--project", "test", "--json"]);
    let told: sidings_proto::split::told::SplitTold = serde_json::from_str(&told).unwrap();
    assert_eq!((code, told.workers.len()), (0, 1), "{told:#?}");
    assert!(told.tests.iter().all(|test| test.runs == 1 && test.verdict.as_deref() == Some("passed")), "{told:#?}");
    let (code, plan, _) = fleet.sidings(&tree, &["split", "plan", "latest", "--explain", "--project", "test"]);
    assert!(code == 0 && plan.contains("the last run in which it passed"), "{plan}");
    let batch = ["split", "repro", "1", "--of", "latest", "--print", "--project", "test"];
    let (code, tests, error) = fleet.sidings(&tree, &batch);
    assert_eq!((code, tests.lines().count()), (0, told.batches[0].tests.len()), "{tests}{error}");
}

#[tokio::test]
async fn one_test_is_run_again_and_again() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let tree = project(&fleet, &PATIENT.replace("until [ -e go ]; do sleep 0.05; done", "true"), "");
    let chosen = ["submit", "--project", "test", "--test", "7", "--times", "5", "--json"];
    let (code, stdout, stderr) = fleet.sidings(&tree, &chosen);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let run: sidings_proto::api::RunView = serde_json::from_str(&stdout).unwrap();
    let view = fleet.client.until_ended(run.summary.id).await;
    assert_eq!(view.splits[0].told, "1 of 1 ran once", "{}", verdicts(&view));
    assert_eq!(ran(&fleet, &view).await, ["7"; 5]);
    let (code, _, stderr) = fleet.sidings(&tree, &["submit", "--project", "test", "--test", "77", "--follow"]);
    assert_ne!(code, 0, "{stderr}");
}
