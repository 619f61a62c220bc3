//! What becomes of what parallel steps change: merged, refused, thrown away; on overlays and on copies.

use super::{submit, verdicts};
use crate::support;
use crate::support::{Fleet, job_of, tree};
use expect_test::expect;
use sidings_proto::Verdict;

const BASE: &str = "image: debian:bookworm-slim\njobs:\n  test:\n    steps:\n";

/// A runner whose folder has a comma in its path works on copies.
const RUNNERS: [&str; 2] = ["a", "a,b"];

async fn played(fleet: &Fleet, steps: &str) -> sidings_proto::api::RunView {
    let work =
        tree(fleet.path("work"), &[(".sidings.yml", &format!("{BASE}{steps}")), ("old", "old\n"), ("d/x", "x\n")]);
    fleet.client.until_ended(submit(fleet, &work)).await
}

#[tokio::test]
async fn changes_of_siblings_are_there_for_the_next_step() {
    for runner in RUNNERS {
        let fleet = Fleet::start().await;
        let _runner = fleet.runner(runner, 1).await;
        let steps = "
      - { name: before, run: echo before > before; rm d/x }
      - name: checks
        parallel:
          - { name: one, run: 'cat before; ls d; echo one > one; rm -r d; echo same > same' }
          - { name: two, run: 'cat before; echo two > two; rm old; chmod 700 before; echo same > same' }
          - { name: fails, run: echo report > report; exit 3, allow_failure: true }
      - { name: after, run: 'grep . one two same report; ls; stat -c %a before' }
      - merge: none
        parallel: [{ name: none, run: echo changed > one; ls one }]
      - parallel: [{ name: last, run: cat one }]
";
        let view = played(&fleet, steps).await;
        assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{runner}: {}", verdicts(&view));
        let job = job_of(&view, "test");
        assert_eq!(fleet.client.log(job, 2).await, "before\n");
        let after = "one:one\ntwo:two\nsame:same\nreport:report\nbefore\none\nreport\nsame\ntwo\n700\n";
        assert_eq!(fleet.client.log(job, 5).await, after, "{runner}");
        assert_eq!(fleet.client.log(job, 7).await, "one\n", "{runner}");
        let setup = fleet.client.log(job, 0).await;
        assert!(setup.contains("7 paths changed by the parallel steps \"checks\" merged in"), "{runner}: {setup}");
        let copies = setup.matches("parallel steps work on copies of the workspace: the data folder's path").count();
        assert_eq!(copies, usize::from(runner == "a,b"), "{setup}");
    }
}

#[tokio::test]
async fn the_same_path_changed_by_two_siblings_fails_the_job_and_is_named() {
    for runner in RUNNERS {
        let fleet = Fleet::start().await;
        let _runner = fleet.runner(runner, 1).await;
        let steps = "
      - parallel:
          - { name: one, run: echo 1 > old; echo fine > fine; echo 1 > new }
          - { name: two, run: echo 2 > old; echo 2 > new }
          - { name: three, run: 'true' }
      - { name: after, run: 'true' }
";
        let view = played(&fleet, steps).await;
        expect![[r#"
            run: failed (step_failed)
            test: failed (step_failed), attempts 1
              one: passed, code 0
              two: passed, code 0
              three: passed, code 0
              after: skipped
        "#]]
        .assert_eq(&verdicts(&view));
        let job = job_of(&view, "test");
        let Some(Verdict::Failed(failure)) = &job.verdict else { panic!("{}", verdicts(&view)) };
        let paths = "new (\"one\", \"two\"), old (\"one\", \"two\")";
        assert_eq!(failure.message, format!("parallel steps changed the same paths in different ways: {paths}"));
        let setup = fleet.client.log(job, 0).await;
        assert!(setup.contains("  new (\"one\", \"two\")\n  old (\"one\", \"two\")\n"), "{setup}");
        assert!(setup.contains("`merge: none`"), "{setup}");
    }
}

#[tokio::test]
async fn a_sibling_that_fails_is_the_jobs_failure_and_its_changes_do_not_clash_in_silence() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let steps = "
      - parallel:
          - { name: one, run: echo 1 > new; exit 4 }
          - { name: two, run: echo 2 > new }
";
    let view = played(&fleet, steps).await;
    let job = job_of(&view, "test");
    let Some(Verdict::Failed(failure)) = &job.verdict else { panic!("{}", verdicts(&view)) };
    assert_eq!(failure.message, "step \"one\" exited with code 4");
    let setup = fleet.client.log(job, 0).await;
    assert!(setup.contains("nothing is merged"), "{setup}");
}

#[tokio::test]
async fn an_image_with_a_user_of_its_own_has_its_changes_merged() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let dockerfile = "FROM debian:bookworm-slim\nRUN useradd --uid 1234 builder\nUSER builder\n";
    let pipeline = "build: .\njobs:\n  test:\n    steps:
      - parallel:
          - { name: one, run: echo 1 > one; rm old }
          - { name: two, run: mkdir d; echo 2 > d/two }
          - { name: root, image: 'debian:bookworm-slim', run: echo root > root }
      - { name: after, run: 'cat one d/two root; echo more >> one; stat -c %U one d root' }
";
    let files = [(".sidings.yml", pipeline), ("Dockerfile", dockerfile), ("old", "")];
    let work = tree(fleet.path("work"), &files);
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{}", verdicts(&view));
    let log = fleet.client.log(job_of(&view, "test"), 4).await;
    assert_eq!(log, "1\n2\nroot\nbuilder\nbuilder\nbuilder\n");
}

#[tokio::test]
async fn a_runner_killed_in_a_group_leaves_no_container_volume_or_mount() {
    let fleet = Fleet::start().await;
    let steps = "
      - parallel:
          - { name: one, run: echo 1 > one; sleep 600 }
          - { name: two, run: echo 2 > two; sleep 600 }
";
    let work = tree(fleet.path("work"), &[(".sidings.yml", &format!("{BASE}{steps}"))]);
    let first = fleet.runner("a", 1).await;
    let id = submit(&fleet, &work);
    fleet.client.until_running(id, "test", 1).await;
    let volumes = |runner: &support::Runner| {
        let mut command = std::process::Command::new("docker");
        command.args(["volume", "ls", "-q", "--filter", &runner.label()]);
        support::run(command).1.lines().count()
    };
    let mounts = || {
        let table = std::fs::read_to_string("/proc/mounts").unwrap();
        table.lines().filter(|line| line.contains(&*fleet.path("runner-a").to_string_lossy())).count()
    };
    while volumes(&first) < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    first.process.kill();

    let second = fleet.runner("a", 1).await;
    let both_run_again = |view: &sidings_proto::api::RunView| {
        let job = job_of(view, "test");
        let again = job.attempts.last().is_some_and(|attempt| attempt.fence == 2);
        (again && job.steps.iter().all(|step| step.started.is_some() && step.ended.is_none())).then_some(())
    };
    fleet.client.until(id, "both steps of attempt 2", both_run_again).await;
    // Steps are told of before their containers are there, and those of the first life may still be.
    let of_the_second = || {
        let mut command = std::process::Command::new("docker");
        command.args(["ps", "-q", "--filter", &second.label(), "--filter", "label=dev.sidings.attempt=2"]);
        support::run(command).1.lines().count()
    };
    while of_the_second() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!((second.step_containers().len(), volumes(&second)), (2, 2), "all of the first life is gone");
    fleet.client.cancel(id).await;
    fleet.client.until_ended(id).await;
    second.until_tidy().await;
    assert_eq!((volumes(&second), mounts()), (0, 0));
}
