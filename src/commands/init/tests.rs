use super::*;
use sidings_pipeline::{Context, Files, Input, Outcome};
use sidings_proto::{Commit, Trigger};
use std::fs;

struct Dockerfile(String);

impl Files for Dockerfile {
    fn read(&self, path: &str) -> Option<String> {
        path.ends_with("Dockerfile").then(|| self.0.clone())
    }
}

#[test]
fn what_is_written_is_a_right_pipeline() {
    let context = Context {
        trigger: Trigger::Manual,
        commit: Commit::default(),
        default_branch: "main".to_owned(),
        project: "demo".to_owned(),
        inputs: std::collections::BTreeMap::new(),
    };
    for kind in KINDS {
        let files = Dockerfile(dockerfile(kind));
        let input = Input { file: FILE, text: &pipeline(kind), context: &context, files: &files };
        let outcome = sidings_pipeline::compile(&input).unwrap_or_else(|found| panic!("{}: {found}", kind.name));
        let Outcome::Plan(plan) = outcome else { panic!("no plan for {}", kind.name) };
        assert_eq!(plan.jobs[0].spec.steps().count(), kind.steps.len(), "{}", kind.name);
    }
}

#[test]
fn the_files_are_short_and_say_what_they_are_for() {
    let [_, _, _, python, ..] = KINDS;
    insta::assert_snapshot!(format!("{}\n{}", pipeline(python), dockerfile(python)), @r#"
    # What is to be run for each commit. `sidings lint` checks this file, `sidings run` runs it here.

    # The environment of every job: the Dockerfile next to this file.
    build: .

    # Jobs run at once, each with its own copy of the files; `needs: [other]` makes one wait.
    jobs:
      test:
        timeout: 15m
        # Each step is a container of its own; the first that fails ends the job.
        steps:
          - name: test
            run: python3 -m pytest

    # What the steps of .sidings.yml find installed. Pin versions here: everybody then builds with the same.
    FROM debian:bookworm-slim
    RUN apt-get update \
     && apt-get install -y --no-install-recommends \
            python3 \
            python3-pytest \
     && rm -rf /var/lib/apt/lists/*
    "#);
}

#[test]
fn the_folder_decides_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(kind_of(folder.path()).name, "");
    for (sign, name) in [("Makefile", "make"), ("requirements.txt", "Python"), ("Cargo.toml", "Rust")] {
        fs::write(folder.path().join(sign), "").unwrap();
        assert_eq!(kind_of(folder.path()).name, name);
    }
}

#[test]
fn what_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM mine:1").unwrap();
    let args = InitArgs { path: folder.path().to_owned() };
    assert_eq!(init(&args).unwrap(), Exit::Passed);
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).unwrap(), "FROM mine:1");
    fs::write(folder.path().join(FILE), "mine").unwrap();
    assert_eq!(crate::exit::exit_of(&init(&args).unwrap_err()), Exit::Configuration);
    assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "mine");
}

#[test]
fn a_project_is_told_by_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(kind_of(folder.path()).project(), "project");
    std::fs::write(folder.path().join("setup.py"), "").unwrap();
    assert_eq!(kind_of(folder.path()).project(), "Python project");
}
