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
async fn links_out_of_the_tree_and_files_that_pack_to_nothing_reach_the_job_as_they_are() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let look = "readlink .venv/python up && stat -c %s zeros && cat /seen/up-is && touch here";
    let pipeline = format!(
        "build: .\njobs:\n  look:\n    steps:\n      - {{ name: look, run: '{look}' }}\n      - parallel:\n          \
         - {{ name: one, run: 'readlink up' }}\n          - {{ name: two, run: 'readlink up' }}\n"
    );
    let dockerfile = "FROM debian:bookworm-slim\nCOPY . /seen\nRUN readlink /seen/up > /seen/up-is\n";
    let files = [(".sidings.yml", pipeline.as_str()), ("Dockerfile", dockerfile), (".dockerignore", "zeros\n")];
    let work = tree(fleet.path("work"), &files);
    let secret = fleet.path("secret");
    std::fs::create_dir_all(&secret).unwrap();
    std::fs::write(secret.join("kept"), "kept").unwrap();
    std::fs::create_dir(work.join(".venv")).unwrap();
    std::os::unix::fs::symlink("/usr/bin/python3", work.join(".venv/python")).unwrap();
    std::os::unix::fs::symlink("../../../../..", work.join("up")).unwrap();
    std::os::unix::fs::symlink(&secret, work.join("secret")).unwrap();
    std::fs::write(work.join("zeros"), vec![0; 100 * 1024 * 1024]).unwrap();
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    let setup = fleet.client.log(job_of(&view, "look"), 0).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}{setup}", verdicts(&view));
    let log = fleet.client.log(job_of(&view, "look"), 1).await;
    assert_eq!(log, "/usr/bin/python3\n../../../../..\n104857600\n../../../../..\n");
    // Copied for the siblings, packed for the build, removed: and never followed.
    assert_eq!(std::fs::read_to_string(secret.join("kept")).unwrap(), "kept");
    for image in view.jobs.iter().flat_map(|job| &job.attempts[0].images) {
        let mut remove = std::process::Command::new("docker");
        remove.args(["rmi", "-f", &image.reference]);
        crate::support::run(remove);
    }
}

#[tokio::test]
async fn the_largest_scripts_that_are_taken_can_be_run() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let script = format!("echo ran #{}", "x".repeat(64 * 1024 - 10));
    // Each quote is five characters of what the shell gets.
    let command = format!("echo ran #{}", "'".repeat(13_000));
    let value = "x".repeat(64 * 1024);
    let pipeline = format!(
        "\
image: debian:bookworm-slim
jobs:
  large:
    steps:
      - {{ name: script, run: \"{script}\" }}
      - {{ name: commands, commands: [\"{command}\"] }}
      - {{ name: value, run: 'echo ${{#A}}', environment: {{ A: {value} }} }}
"
    );
    let work = tree(fleet.path("work"), &[(".sidings.yml", &pipeline)]);
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    let log = async |step| fleet.client.log(job_of(&view, "large"), step).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{}", verdicts(&view));
    assert_eq!(log(1).await, "ran\n");
    assert!(log(2).await.ends_with("\nran\n"));
    assert_eq!(log(3).await, "65536\n");
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
      - merge: none
        parallel:
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
