use super::*;
use sidings_pipeline::{Context, Files, Input, Outcome};
use sidings_proto::{Commit, Trigger};
use std::fs;
use tempfile::TempDir;

struct Dockerfile(String);

impl Files for Dockerfile {
    fn read(&self, path: &str) -> Option<String> {
        path.ends_with("Dockerfile").then(|| self.0.clone())
    }
}

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    found(&Tree::of(project(files).path()))
}

/// What is found of a project with these files: the packages, and what tests it.
fn check(files: &[(&str, &str)], packages: &str, commands: &str) {
    let all = findings(files);
    let steps = all.iter().flat_map(|finding| finding.steps.iter().flat_map(|(_, commands)| commands.clone()));
    assert_eq!(steps.collect::<Vec<_>>().join("; "), commands, "{files:?}");
    let named: Vec<&str> = all.iter().flat_map(|finding| finding.packages.iter().copied()).collect();
    assert_eq!(named.join(" "), packages, "{files:?}");
    compiles(&all);
}

fn compiles(findings: &[Finding]) {
    let context = Context {
        trigger: Trigger::Manual,
        commit: Commit::default(),
        default_branch: "main".to_owned(),
        project: "demo".to_owned(),
        inputs: std::collections::BTreeMap::new(),
    };
    let files = Dockerfile(dockerfile(findings));
    let text = pipeline(findings);
    let input = Input { file: FILE, text: &text, context: &context, files: &files, policy: &Default::default() };
    assert!(sidings_pipeline::lint(&input).0.is_empty(), "{}{text}", sidings_pipeline::lint(&input));
    let Ok(Outcome::Plan(plan)) = sidings_pipeline::compile(&input) else { panic!("no plan of {text}") };
    assert_eq!(plan.jobs.len(), findings.len().max(1));
}

#[test]
fn each_kind_of_project_is_tested_as_its_people_do() {
    check(
        &[("Cargo.toml", ""), ("Cargo.lock", "")],
        "ca-certificates cargo gcc libc6-dev rustc",
        "cargo test --locked",
    );
    check(&[("go.mod", "")], "ca-certificates golang-go", "go vet ./...; go test ./...");
    check(&[("pom.xml", "")], "ca-certificates default-jdk-headless maven", "mvn --batch-mode verify");
    check(&[("build.gradle", ""), ("gradlew", "")], "ca-certificates default-jdk-headless", "./gradlew test");
    let ruby = "ca-certificates g++ gcc git make ruby ruby-bundler ruby-dev";
    check(&[("Gemfile", ""), ("spec/a_spec.rb", "")], ruby, "bundle install; bundle exec rspec");
    check(&[("Gemfile", ""), ("Rakefile", "")], ruby, "bundle install; bundle exec rake test");
    let php = "ca-certificates composer git php-cli php-mbstring php-xml unzip";
    let install = "composer install --no-interaction --no-progress";
    check(&[("composer.json", "{}")], php, &format!("{install}; vendor/bin/phpunit"));
    check(&[("composer.json", r#"{"scripts":{"test":"pest"}}"#)], php, &format!("{install}; composer test"));
    check(&[("Makefile", "all:\n\ncheck: all\n")], "g++ gcc make", "make; make check");
    check(&[("Makefile", "all:\n")], "g++ gcc make", "make");
    check(&[("README.md", "")], "", "");
}

#[test]
fn node_is_tested_by_its_own_script_and_npm_only_where_there_is_something_to_install() {
    let npm = "ca-certificates nodejs npm";
    check(&[("package.json", r#"{"scripts":{"test":"node --test test/"}}"#)], "nodejs", "node --test test/");
    check(&[("package.json", "no JSON")], "nodejs", "node --test");
    check(&[("package.json", r#"{"scripts":{"test":"jest"}}"#)], npm, "npm install; npm test");
    let dependent = r#"{"scripts":{"test":"node a.js"},"devDependencies":{"a":"1"}}"#;
    check(&[("package.json", dependent), ("package-lock.json", "{}")], npm, "npm ci; npm test");
    check(
        &[("package.json", dependent), ("yarn.lock", "")],
        npm,
        "npx --yes yarn@1 install --frozen-lockfile; npm test",
    );
}

#[test]
fn python_is_tested_by_pytest_where_anything_speaks_of_it() {
    let venv = "ca-certificates python3 python3-venv";
    check(&[("app/a.py", ""), ("tests/test_a.py", "import pytest")], "python3 python3-pytest", "python3 -m pytest");
    check(&[("test_a.py", "class T(unittest.TestCase):")], "python3", "python3 -m unittest discover");
    check(
        &[("requirements.txt", "flask\n"), ("tests/test_a.py", "import unittest")],
        venv,
        "python3 -m unittest discover",
    );
    let extra = "[project]\nname = \"a\"\n[project.optional-dependencies]\ntest = [\"pytest\"]\n";
    check(&[("pyproject.toml", extra)], venv, "pip install --target .packages \".[test]\"; python3 -m pytest");
    check(&[("a.py", "")], "", "");
}

#[test]
fn what_tests_need_is_in_the_image_and_counts_for_it() {
    let found = findings(&[("requirements.txt", "flask\n"), ("test_a.py", "import pytest")]);
    insta::assert_snapshot!(format!("{}\n{}", dockerfile(&found), dockerignore(&found)), @r#"
    # What the steps of .sidings.yml find installed. The sources are mounted where a step runs.
    FROM debian:bookworm-slim

    RUN apt-get update \
     && apt-get install -y --no-install-recommends \
            ca-certificates \
            python3 \
            python3-venv \
     && rm -rf /var/lib/apt/lists/*

    # Tests need no root.
    RUN useradd --create-home build

    RUN python3 -m venv /opt/venv && chown -R build /opt/venv
    ENV PATH=/opt/venv/bin:$PATH
    COPY requirements.txt /tmp/
    RUN pip install --no-cache-dir -r /tmp/requirements.txt pytest
    USER build

    # The image is made of what the Dockerfile copies, nothing else.
    *
    !requirements.txt
    "#);
}

#[test]
fn a_project_of_several_languages_has_a_job_for_each() {
    let found = findings(&[("package.json", r#"{"scripts":{"test":"node --test"}}"#), ("go.mod", "")]);
    compiles(&found);
    insta::assert_snapshot!(format!("{}\n{}", pipeline(&found), told(&found)), @r#"
    # What is to be run for each commit. `sidings lint` checks this file, `sidings run` runs it here.

    # The environment of every job: the Dockerfile next to this file.
    build: .

    # Jobs run at once, each with its own copy of the files; `needs: [other]` makes one wait. Each step is a
    # container of its own: the files go on from one to the next, and the first that fails ends the job.
    jobs:
      go:
        timeout: 15m
        environment: { CGO_ENABLED: "0" }
        steps:
          - name: test
            commands:
              - go vet ./...
              - go test ./...
      node:
        timeout: 15m
        steps:
          - name: test
            run: node --test

    found go.mod: Go, tested by `go test ./...`
    found package.json: Node, tested by `node --test`
    "#);
}

#[test]
fn commands_of_others_stay_one_text() {
    for script in ["node --test 'a b'", "node -e \"x: y\" # no", "node 'a' \"b\" \\", "node a\nrm b"] {
        let text = serde_json::json!({ "scripts": { "test": script } }).to_string();
        let found = findings(&[("package.json", &text)]);
        assert_eq!(found[0].test(), script);
        compiles(&found);
    }
}

#[test]
fn what_is_there_stays() {
    let folder = project(&[("Dockerfile", "FROM mine:1"), ("Cargo.toml", "")]);
    let args = InitArgs { path: folder.path().to_owned() };
    let told = environment(folder.path(), &found(&Tree::of(folder.path()))).unwrap();
    assert!(told.ends_with("is there and stays as it is; its image needs cargo\n"), "{told}");
    assert_eq!(init(&args).unwrap(), Exit::Passed);
    assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).unwrap(), "FROM mine:1");
    assert!(!folder.path().join(".dockerignore").exists());
    fs::write(folder.path().join(FILE), "mine").unwrap();
    assert_eq!(crate::exit::exit_of(&init(&args).unwrap_err()), Exit::Configuration);
    assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "mine");
}
