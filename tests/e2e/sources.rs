//! What a step sees: the tree with its uncommitted changes, its own network, its place among its siblings.

use super::{submit, verdicts};
use crate::support::{Fleet, git, job_of, tree};

#[tokio::test]
async fn a_submitted_tree_has_its_uncommitted_changes_and_not_its_ignored_files() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  look:
    steps:
      - { name: list, run: 'cat changed new; ls ignored 2>/dev/null || echo no ignored; stat -c %a tool' }
";
    let work = tree(
        fleet.path("work"),
        &[(".sidings.yml", pipeline), ("changed", "old\n"), (".gitignore", "ignored\n"), ("tool", "#!/bin/sh\n")],
    );
    std::fs::set_permissions(work.join("tool"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    git(&work, &["init", "-q"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "first"]);
    tree(work.clone(), &[("changed", "uncommitted\n"), ("new", "untracked\n"), ("ignored", "x\n")]);
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    let log = fleet.client.log(job_of(&view, "look"), 1).await;
    assert_eq!(log, "uncommitted\nuntracked\nno ignored\n755\n", "{}", verdicts(&view));
}

#[tokio::test]
async fn parallel_siblings_bind_the_same_port_and_keep_their_files_apart() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    // Both hold the port until the other one has had time to try: perl is in the base image.
    let bind =
        r#"perl -MIO::Socket::INET -e 'IO::Socket::INET->new(LocalPort=>8080,Listen=>1) or die "taken: $!"; sleep 2'"#;
    let pipeline = format!(
        "\
image: debian:bookworm-slim
jobs:
  siblings:
    steps:
      - {{ name: before, run: echo shared > shared }}
      - parallel:
          - name: one
            run: |
              cat shared; echo one > mine; {bind}; cat mine
          - name: two
            run: |
              cat shared; echo two > mine; {bind}; cat mine
"
    );
    let work = tree(fleet.path("work"), &[(".sidings.yml", &pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}", verdicts(&view));
    let job = job_of(&view, "siblings");
    assert_eq!(fleet.client.log(job, 2).await, "shared\none\n");
    assert_eq!(fleet.client.log(job, 3).await, "shared\ntwo\n");
}

#[tokio::test]
async fn two_jobs_that_need_one_image_build_it_once_and_the_next_run_not_at_all() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let pipeline = "\
build: .
jobs:
  left: { steps: [{ name: see, run: cat /made }] }
  right: { steps: [{ name: see, run: cat /made }] }
";
    // A layer of its own for every run of this test, so that the engine's cache does not hide a build.
    let dockerfile = format!("FROM debian:bookworm-slim\nRUN echo {} > /made; sleep 1\n", fleet.client.url());
    let work = tree(fleet.path("work"), &[(".sidings.yml", pipeline), ("Dockerfile", &dockerfile)]);
    let built = |view: &sidings_proto::api::RunView| {
        let images = view.jobs.iter().flat_map(|job| &job.attempts).flat_map(|attempt| &attempt.images);
        images.filter(|image| image.built).count()
    };
    let first = fleet.client.until_ended(submit(&fleet, &work)).await;
    assert_eq!((built(&first), first.summary.verdict.as_ref().map(|v| v.word())), (1, Some("passed")));
    let second = fleet.client.until_ended(submit(&fleet, &work)).await;
    assert_eq!((built(&second), second.summary.verdict.as_ref().map(|v| v.word())), (0, Some("passed")));
    let image = &second.jobs[0].attempts[0].images[0];
    assert!(!image.reference.ends_with(":latest"), "{image:?}");
    for image in first.jobs.iter().flat_map(|job| &job.attempts[0].images) {
        let mut remove = std::process::Command::new("docker");
        remove.args(["rmi", "-f", &image.reference]);
        crate::support::run(remove);
    }
}
