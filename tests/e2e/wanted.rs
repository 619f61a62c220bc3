//! What a run is given, and which part of its pipeline is asked for.

use super::verdicts;
use crate::support::{Fleet, job_of, tree};
use expect_test::expect;
use sidings_proto::api::RunView;

const PIPELINE: &str = "\
image: debian:bookworm-slim
inputs:
  target: { options: [staging, production], default: staging }
  version:
jobs:
  lint: { steps: [{ name: lint, run: 'true' }] }
  deploy:
    needs: lint
    when: { inputs: { target: production } }
    steps:
      - { name: prepare, run: 'exit 1' }
      - { name: tell, run: 'echo $INPUT_VERSION to $INPUT_TARGET' }
  docs: { steps: [{ name: docs, run: 'true' }] }
";

#[tokio::test]
async fn inputs_reach_steps_and_a_retry_asks_for_the_same_part_again() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", PIPELINE)]);
    let base = ["submit", "--project", "test", "--json"];
    let asked = ["--input", "target=production", "--input", "version=a b"];
    let (code, _, stderr) = fleet.sidings(&tree, &[&base, &asked[..2], &["--job", "depoly"][..]].concat());
    assert_eq!((code, stderr.contains("the input `version` has no default")), (2, true), "{stderr}");
    let (code, _, stderr) = fleet.sidings(&tree, &[&base, &asked[..], &["--job", "depoly"]].concat());
    assert_eq!((code, stderr.contains("no job `depoly`: did you mean `deploy`?")), (2, true), "{stderr}");

    let part = ["--job", "deploy", "--from", "tell"];
    let (code, stdout, stderr) = fleet.sidings(&tree, &[&base, &asked[..], &part].concat());
    assert_eq!(code, 0, "{stderr}");
    let run = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
    let view = fleet.client.until_ended(run).await;
    let expected = expect![[r#"
        run: passed
        lint: passed, attempts 1
          lint: passed, code 0
        deploy: passed, attempts 1
          tell: passed, code 0
        docs: skipped, attempts 0
          docs: none
    "#]];
    expected.assert_eq(&verdicts(&view));
    assert_eq!(fleet.client.log(job_of(&view, "deploy"), 2).await, "a b to production\n");

    let (code, stdout, stderr) = fleet.sidings(&tree, &["retry", &run.to_string(), "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let again = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
    expected.assert_eq(&verdicts(&fleet.client.until_ended(again).await));
}

#[tokio::test]
async fn a_step_runs_alone_on_a_laptop() {
    let fleet = Fleet::start().await;
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", PIPELINE)]);
    let given = ["--input", "version=1", "--input", "target=production"];
    let part = ["run", "--plain", "--alone", "--job", "deploy", "--step", "tell"];
    let (code, stdout, stderr) = fleet.sidings(&tree, &[&part[..], &given].concat());
    assert_eq!(code, 0, "{stdout}{stderr}");
    let said = stdout + &stderr;
    assert!(said.contains("1 to production") && !said.contains("prepare"), "{said}");
}
