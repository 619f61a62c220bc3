//! A container that ends whole in the midst of its tests, the helper in it as well: nobody inside can tell of it.

use super::{submit, verdicts};
use crate::support::{Fleet, Runner, run, tree};
use sidings_proto::{FailureClass, Verdict};
use std::collections::BTreeSet;
use std::time::Duration;

/// Says of each test that it begins; `killer` says where it is, and waits for what comes.
const STREAM: &str = r#"#!/bin/sh
while IFS= read -r batch; do
  for test in $(printf '%s' "$batch" | sed 's/.*"atoms":\[//; s/\].*//' | tr ',' ' ' | tr -d '"'); do
    printf '{"start":"%s"}\n' "$test" >> "$SPLIT_EVENTS"
    case $test in killer) touch at-killer; sleep 600 ;; esac
    echo "ran: $test"
    printf '{"end":"%s","outcome":"passed","ms":5}\n' "$test" >> "$SPLIT_EVENTS"
  done
done
"#;

const PIPELINE: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: 2
    tests: { mode: stream, discover: seq 1 30; echo killer, run: sh stream.sh }
";

/// Kills the container that the test is in: of an attempt in which it was not killed before.
async fn kill_where_it_is(runner: &Runner, killed: &mut BTreeSet<String>) {
    for _ in 0..2_400 {
        let folders = std::fs::read_dir(runner.data.join("attempts")).into_iter().flatten();
        for folder in folders.map_while(Result::ok).filter(|folder| folder.path().join("workspace/at-killer").exists())
        {
            let attempt = folder.file_name().into_string().unwrap();
            if killed.insert(attempt.clone()) {
                return kill(&attempt);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the test is in no container");
}

fn kill(attempt: &str) {
    let (job, fence) = attempt.rsplit_once('-').unwrap();
    let docker = |arguments: &[&str]| {
        let mut command = std::process::Command::new("docker");
        command.args(arguments);
        run(command)
    };
    let labels = [format!("label=dev.sidings.job={job}"), format!("label=dev.sidings.attempt={fence}")];
    let (_, containers, _) = docker(&["ps", "-q", "--filter", &labels[0], "--filter", &labels[1]]);
    assert_eq!(docker(&["kill", containers.trim()]).0, 0, "{containers}");
}

#[tokio::test]
async fn a_test_whose_container_dies_twice_has_crashed_and_takes_no_other_with_it() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 2).await;
    let id = submit(&fleet, &tree(fleet.path("tree"), &[(".sidings.yml", PIPELINE), ("stream.sh", STREAM)]));
    let mut killed = BTreeSet::new();
    kill_where_it_is(&runner, &mut killed).await;
    kill_where_it_is(&runner, &mut killed).await;
    let view = fleet.client.until_ended(id).await;
    assert_eq!(view.splits[0].told, "30 of 31 ran once, 1 crashed", "{}", verdicts(&view));
    assert!(view.splits[0].reasons.iter().any(|reason| reason.contains("crashed:\n  killer")), "{view:#?}");
    let attempts: Vec<_> = view.jobs.iter().flat_map(|job| &job.attempts).collect();
    assert_eq!(attempts.len(), 4, "a copy whose container is gone comes again: {}", verdicts(&view));
    let lost = |verdict: &Option<Verdict>| matches!(verdict, Some(Verdict::Failed(failure)) if failure.class == FailureClass::EngineFailed);
    assert_eq!(attempts.iter().filter(|attempt| lost(&attempt.verdict)).count(), 2, "{attempts:#?}");
    runner.until_tidy().await;
}
