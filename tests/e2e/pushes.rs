//! A push to a bare repository makes a run.

use crate::support::{Fleet, git, tree};
use sidings_proto::api::Runs;

const PIPELINE: &str = "\
image: debian:bookworm-slim
jobs:
  test:
    steps:
      - { name: who, run: 'echo $CI_PIPELINE_EVENT of $CI_COMMIT_BRANCH at $CI_COMMIT_SHA; git --version || cat hello' }
  release:
    when: { branch: release }
    steps: [{ name: never, run: 'exit 1' }]
";

#[tokio::test]
async fn a_push_makes_a_run_of_that_commit() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let bare = fleet.path("project.git");
    git(&fleet.path("."), &["init", "-q", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    let (code, stdout, stderr) =
        fleet.sidings(&fleet.path("."), &["project", "add", "pushed", "--repo", bare.to_str().unwrap()]);
    assert_eq!(code, 0, "{stdout}{stderr}");

    let work = tree(fleet.path("work"), &[(".sidings.yml", PIPELINE), ("hello", "hello from the commit\n")]);
    git(&work, &["init", "-q", "--initial-branch=main"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "first"]);
    let said = git(&work, &["push", bare.to_str().unwrap(), "main"]);
    assert!(said.contains("pushed@1"), "the pusher is told: {said}");

    let (code, stdout, stderr) = fleet.sidings(&work, &["runs", "--project", "pushed", "--json"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let run = serde_json::from_str::<Runs>(&stdout).unwrap().runs.remove(0);
    let view = fleet.client.until_ended(run.id).await;
    let words: Vec<_> = view.jobs.iter().map(|job| job.verdict.as_ref().unwrap().word()).collect();
    assert_eq!(words, ["passed", "skipped"]);
    let sha = git(&work, &["rev-parse", "HEAD"]);
    let log = fleet.client.log(&view.jobs[0], 1).await;
    assert!(log.contains(&format!("push of main at {}", sha.trim())), "{log}");
    assert!(log.contains("hello from the commit"), "{log}");
}

#[tokio::test]
async fn a_push_that_asks_for_no_run_makes_none() {
    let fleet = Fleet::start().await;
    let bare = fleet.path("project.git");
    git(&fleet.path("."), &["init", "-q", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    fleet.sidings(&fleet.path("."), &["project", "add", "pushed", "--repo", bare.to_str().unwrap()]);
    let work = tree(fleet.path("work"), &[(".sidings.yml", PIPELINE)]);
    git(&work, &["init", "-q", "--initial-branch=main"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "words only [skip ci]"]);
    git(&work, &["push", bare.to_str().unwrap(), "main"]);
    let (_, stdout, _) = fleet.sidings(&work, &["runs", "--project", "pushed", "--json"]);
    assert_eq!(serde_json::from_str::<Runs>(&stdout).unwrap().runs, []);
}

#[tokio::test]
async fn a_wrong_pipeline_makes_a_failed_run_that_says_what_is_wrong() {
    let fleet = Fleet::start().await;
    let bare = fleet.path("project.git");
    git(&fleet.path("."), &["init", "-q", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    fleet.sidings(&fleet.path("."), &["project", "add", "pushed", "--repo", bare.to_str().unwrap()]);
    let wrong = "image: debian:bookworm-slim\njobs:\n  test:\n    stepz: [{ run: 'true' }]\n";
    let work = tree(fleet.path("work"), &[(".sidings.yml", wrong)]);
    git(&work, &["init", "-q", "--initial-branch=main"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "wrong"]);
    git(&work, &["push", bare.to_str().unwrap(), "main"]);
    let (_, stdout, _) = fleet.sidings(&work, &["runs", "--project", "pushed", "--json"]);
    let run = serde_json::from_str::<Runs>(&stdout).unwrap().runs.remove(0);
    let view = fleet.client.until_ended(run.id).await;
    let diagnostics = view.diagnostics.expect("diagnostics");
    assert!(diagnostics.contains(".sidings.yml:4:5") && diagnostics.contains("`steps`"), "{diagnostics}");
    for command in ["lint", "submit"] {
        let (code, stdout, stderr) = fleet.sidings(&work, &[command]);
        assert_eq!(code, 64, "{command}: {stdout}{stderr}");
    }
}
