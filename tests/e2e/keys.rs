//! One key for an image, whoever computes it: the command line from a work tree or a commit, a runner from a snapshot or
//! a checkout. A run whose key is known builds nothing.

use crate::support::{Fleet, git, tree};
use sidings_proto::RunId;
use sidings_proto::api::RunView;
use sidings_proto::runner::ImageUse;
use std::path::Path;

/// Comments, a stage aside, an argument, a folder and a link; the marker makes the image this test's own.
fn dockerfile(marker: &str) -> String {
    format!(
        "# what this is\nARG V=1\nFROM scratch AS aside\nCOPY other /\nFROM debian:bookworm-slim\nARG V\n\
         LABEL marker={marker}\nCOPY src link /src/\nRUN echo $V >/v\n"
    )
}

fn key(fleet: &Fleet, work: &Path, more: &[&str]) -> String {
    let (code, stdout, stderr) = fleet.sidings(work, &[&["image", "key"], more].concat());
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    stdout
}

async fn image(fleet: &Fleet, work: &Path, more: &[&str]) -> ImageUse {
    let (code, stdout, stderr) = fleet.sidings(work, &[&["submit", "--project", "test", "--json"], more].concat());
    assert_eq!(code, 0, "{stdout}{stderr}");
    let run: RunId = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
    let view = fleet.client.until_ended(run).await;
    let log = fleet.client.log(&view.jobs[0], 0).await;
    assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed), "{log}");
    view.jobs[0].attempts[0].images[0].clone()
}

#[tokio::test]
async fn the_command_line_and_a_runner_have_the_same_key_of_a_tree_and_of_its_commit() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let marker = RunId::new().to_string();
    let pipeline = "build: .\njobs:\n  look:\n    steps: [{ run: 'cat /v /src/main' }]\n";
    let dockerfile = dockerfile(&marker);
    let files = [
        (".sidings.yml", pipeline),
        ("Dockerfile", dockerfile.as_str()),
        (".dockerignore", "**/*.log\n"),
        ("src/main", "one\n"),
        ("src/a.log", "one\n"),
        ("other", "one\n"),
        ("real", "one\n"),
    ];
    let work = tree(fleet.path("work"), &files);
    std::os::unix::fs::symlink("real", work.join("link")).unwrap();
    git(&work, &["init", "-q"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "first"]);
    let expected = key(&fleet, &work, &[]);
    let first = image(&fleet, &work, &[]).await;
    assert_eq!((first.key.clone().unwrap() + "\n", first.built), (expected.clone(), true), "a snapshot");

    let dockerfile = dockerfile.replace("# what this is", "# more of what this is");
    tree(work.clone(), &[("other", "two\n"), ("src/a.log", "two\n"), ("README", "two\n"), ("Dockerfile", &dockerfile)]);
    assert_eq!(key(&fleet, &work, &[]), expected, "nothing that the image sees");
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "second"]);
    let (url, commit) = (format!("file://{}", work.display()), git(&work, &["rev-parse", "HEAD"]));
    let second = image(&fleet, &work, &["--repo", &url, "--commit", commit.trim()]).await;
    assert_eq!((second.key.clone(), second.built), (first.key.clone(), false), "a checkout of another commit");
    let compared = key(&fleet, &work, &["--diff", "HEAD~1", "HEAD"]);
    assert!(compared.ends_with("the same key: nothing is built\n"), "{compared}");

    tree(work.clone(), &[("real", "three\n")]);
    git(&work, &["commit", "-qam", "third"]);
    assert_ne!(key(&fleet, &work, &[]), expected, "what a link leads to");
    let compared = key(&fleet, &work, &["--diff", "HEAD~1", "HEAD"]);
    let lines: Vec<&str> = compared.lines().skip(3).collect();
    assert!(
        matches!(lines[..], [gone, new] if gone.starts_with("- file real: ") && new.ends_with("  (line 8)")),
        "{compared}"
    );
    let commit = git(&work, &["rev-parse", "HEAD"]);
    let third = image(&fleet, &work, &["--repo", &url, "--commit", commit.trim()]).await;
    assert_eq!((third.key.clone().unwrap() + "\n", third.built), (key(&fleet, &work, &[]), true));
    for image in [first, third] {
        let mut remove = std::process::Command::new("docker");
        remove.args(["rmi", "-f", &image.reference]);
        crate::support::run(remove);
    }
}

#[tokio::test]
async fn without_an_engine_a_key_says_which_bases_it_does_not_know() {
    let fleet = Fleet::start().await;
    let pipeline = "images:\n  tools: { build: tools }\n  python: { image: 'python:3.12' }\nimage: python\njobs:\n  look:\n    \
                    steps: [{ run: 'true' }]\n";
    let files = [(".sidings.yml", pipeline), ("tools/Dockerfile", "FROM debian:bookworm-slim\n")];
    let work = tree(fleet.path("work"), &files);
    let without_engine = |arguments: &[&str]| {
        let mut command = std::process::Command::new(crate::support::SIDINGS);
        command.args(["image", "key"]).args(arguments).current_dir(&work).env("DOCKER_HOST", "unix:///nowhere");
        crate::support::run(command)
    };
    let (code, stdout, stderr) = without_engine(&["--env", "tools", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("it is not known which image debian:bookworm-slim is: no engine answers"), "{stderr}");
    let told: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(told["unknown_bases"], serde_json::json!(["debian:bookworm-slim"]));
    assert_eq!(without_engine(&["tools"]).1.trim(), told["key"], "the same by its folder");
    let (code, _, stderr) = without_engine(&[]);
    assert_eq!((code, stderr.as_str()), (2, "error: python:3.12 is fetched and not built: it has no key\n"));
    let (code, _, stderr) = without_engine(&["--env", "ghost"]);
    assert_eq!((code, stderr.as_str()), (2, "error: there is no image \"ghost\": .sidings.yml names python, tools\n"));
}
