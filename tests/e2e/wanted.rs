//! What a run is given, and which part of its pipeline is asked for.

use super::verdicts;
use crate::support::{Fleet, job_of, tree};
use expect_test::expect;
use sidings_proto::api::RunView;
use std::io::{BufRead, BufReader};
use std::time::Duration;

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

#[tokio::test]
async fn what_can_never_begin_on_a_laptop_ends_the_run() {
    let fleet = Fleet::start().await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  fine: { steps: [run: 'true'] }
  train: { labels: { gpu: 'true' }, steps: [run: 'true'] }
  ship: { needs: fine, approval: true, steps: [run: 'true'] }
";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", pipeline)]);
    let (code, stdout, stderr) = fleet.sidings(&tree, &["run", "--plain"]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(
        stdout.contains("[fine] ✓ passed") && stdout.contains("[train] ○ waits: no runner with gpu=true"),
        "{stdout}"
    );
    let expected = "error: job `train` cannot begin on this machine: no runner with gpu=true\n\
                    error: job `ship` cannot begin on this machine: needs the approval of somebody\n";
    assert!(stderr.ends_with(expected), "{stderr}");
}

#[tokio::test]
async fn a_changed_file_is_another_run_until_somebody_ends_it() {
    let fleet = Fleet::start().await;
    let pipeline = "image: debian:bookworm-slim\njobs: { look: { steps: [{ name: look, run: cat text }] } }\n";
    let work = tree(fleet.path("work"), &[(".sidings.yml", pipeline), ("text", "the first\n")]);
    let mut command = std::process::Command::new(crate::support::SIDINGS);
    // One pipe for both, so that their lines come in the order they were written.
    let (output, said) = std::io::pipe().unwrap();
    command.args(["run", "--plain", "--watch"]).current_dir(&work).stdout(said.try_clone().unwrap()).stderr(said);
    let mut running = command.spawn().unwrap();
    drop(command);
    let (said, mut lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| said.send(line))
    });
    let mut until = async |words: &str| {
        let mut all = String::new();
        while let Ok(Some(line)) = tokio::time::timeout(Duration::from_mins(2), lines.recv()).await {
            all += &(line.clone() + "\n");
            if line.contains(words) {
                return all;
            }
        }
        panic!("no {words:?} in {all}");
    };
    assert!(until("waiting for a change").await.contains("the first"));
    // In one move: an empty file would be a change of its own.
    std::fs::write(fleet.path("text"), "the second\n").unwrap();
    std::fs::rename(fleet.path("text"), work.join("text")).unwrap();
    assert!(until("waiting for a change").await.contains("the second"));
    // As while a branch is changed.
    std::fs::rename(work.join(".sidings.yml"), fleet.path("away.yml")).unwrap();
    assert!(until("waiting for a change").await.contains("there is no "));
    std::fs::rename(fleet.path("away.yml"), work.join(".sidings.yml")).unwrap();
    assert!(until("waiting for a change").await.contains("the second"));
    let id = i32::try_from(running.id()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::INT).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(130));
}
