use super::*;
use crate::{Context, Input, Policy, compile, lint};
use expect_test::{Expect, expect};
use sidings_proto::{Commit, Trigger};

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

struct Tree(BTreeMap<&'static str, String>);

impl Files for Tree {
    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }
}

fn tree<const N: usize>(files: [(&'static str, &str); N]) -> Tree {
    Tree(files.map(|(path, text)| (path, text.to_owned())).into())
}

const PIPELINE: &str = "\
build: { context: ., args: { VERSION: '13' } }
jobs:
  test:
    services:
      db: { image: 'postgres:16' }
    steps: [{ run: make }]
  lint:
    image: ghcr.io/tools/lint:2
    matrix: { level: [1, 2] }
    steps: [{ run: lint }]
";
const DOCKERFILE: &str = "\
ARG VERSION=12
FROM golang:1.22 AS unused
FROM node:20 AS web

FROM debian:${VERSION}
COPY --from=web /x /x
COPY --from=busybox:1 /bin/sh /sh
RUN --mount=type=bind,from=alpine:3,target=/a make
";

fn with_lock(lock: &str) -> Tree {
    tree([("Dockerfile", DOCKERFILE), (FILE, lock)])
}

fn locked(entries: &[(&str, &str)]) -> String {
    let entry = |(name, digest): &(&str, &str)| ((*name).to_owned(), (*digest).to_owned());
    Lock { digests: entries.iter().map(entry).collect() }.text()
}

fn found(text: &str, files: &Tree) -> Diagnostics {
    let context = Context {
        trigger: Trigger::Manual,
        commit: Commit::default(),
        default_branch: "main".to_owned(),
        project: "test".to_owned(),
        inputs: BTreeMap::new(),
    };
    let input = Input { file: ".sidings.yml", text, context: &context, files, policy: &Policy::default() };
    let found = lint(&input);
    assert_eq!(compile(&input).is_err(), found.has_errors());
    found
}

fn check(lock: &str, expected: Expect) {
    expected.assert_eq(&Lock::read(FILE, lock).unwrap_err().to_string());
}

#[test]
fn what_is_written_is_read_again() {
    let lock = Lock { digests: [("debian:12", ONE), ("ghcr.io/a/b", TWO)].map(|(n, d)| (n.into(), d.into())).into() };
    expect![[r#"
        # Which images this project's references mean. Made by `sidings lock`; check it in.
        # `sidings lock --update [NAME…]` takes what the registries have now.
        version: 1
        images:
          "debian:12": sha256:1111111111111111111111111111111111111111111111111111111111111111
          "ghcr.io/a/b": sha256:2222222222222222222222222222222222222222222222222222222222222222
    "#]]
    .assert_eq(&lock.text());
    assert_eq!(Lock::read(FILE, &lock.text()), Ok(lock));
    assert_eq!(Lock::read(FILE, &Lock::default().text()), Ok(Lock::default()));
}

#[test]
fn a_lock_file_that_is_wrong_is_told_at_its_place() {
    check(
        "version: 1\nimages:\n  \"debian:12\": latest\n  debian@sha256:1: x\n  Debian:12: x\nimage: {}\n",
        expect![[r#"
            error[bad_value]: `latest` is no digest
             --> .sidings.lock:3:16
              |
            3 |   "debian:12": latest
              |                ^^^^^^ `sha256:` and 64 hex digits in lower case
              |
              = help: take the line out; `sidings lock` writes what is missing

            error[bad_image]: `debian@sha256:1` has a digest, so there is nothing to lock
             --> .sidings.lock:4:3
              |
            4 |   debian@sha256:1: x
              |   ^^^^^^^^^^^^^^^
              |
              = help: take the line out; `sidings lock` writes what is missing

            error[bad_image]: `Debian:12` is not an image's reference: a repository's name is in lower case
             --> .sidings.lock:5:3
              |
            5 |   Debian:12: x
              |   ^^^^^^^^^
              |
              = help: take the line out; `sidings lock` writes what is missing

            error[unknown_key]: `image` is not a key of a lock file
             --> .sidings.lock:6:1
              |
            6 | image: {}
              | ^^^^^
              |
              = help: `image` stands in a step under `steps`

            4 errors in .sidings.lock
        "#]],
    );
    check(
        "images: {}\n",
        expect![[r#"
        error[missing_key]: the lock file has no `version`
         --> .sidings.lock:1:1
          |
        1 | images: {}
          | ^^^^^^^^^^
          |
          = help: write `version: 1` at its top; is this a lock file of Sidings?
    "#]],
    );
    check(
        "version: 2\n",
        expect![[r#"
        error[bad_value]: this lock file is of version `2`, which is not known here
         --> .sidings.lock:1:10
          |
        1 | version: 2
          |          ^ `1`
          |
          = help: a newer `sidings` may know it
    "#]],
    );
    check(
        "",
        expect![[r#"
        error[wrong_type]: a lock file is empty
         --> .sidings.lock:1:1
          |
        1 |
          | ^ a map
          |
          = help: write something there, or take it out
    "#]],
    );
    check(
        "<<<<<<< ours\nversion: 1\n=======\nversion: 1\n>>>>>>> theirs\n",
        expect![[r#"
            error[syntax]: both sides of a merge stand in the lock file
             --> .sidings.lock:1:1
              |
            1 | <<<<<<< ours
              | ^^^^^^^
              |
              = help: keep either side as it is, then `sidings lock` adds what is missing
        "#]],
    );
    check(
        &format!("version: 1\nimages:\n  \"a:1\": {ONE}\n  \"a:1\": {TWO}\n"),
        expect![[r#"
        error[duplicate_key]: the key `a:1` stands twice here
         --> .sidings.lock:4:3
          |
        3 |   "a:1": sha256:1111111111111111111111111111111111111111111111111111111111111111
          |   ----- first here
        4 |   "a:1": sha256:2222222222222222222222222222222222222222222222222222222222222222
          |   ^^^^^ again here
          |
          = help: keep one of the two
    "#]],
    );
}

#[test]
fn the_references_of_a_pipeline_are_those_that_its_builds_reach() {
    let named = references(".sidings.yml", PIPELINE, &with_lock("")).unwrap();
    let lines: Vec<String> =
        named.iter().map(|it| format!("{}:{} {}\n", it.place.file, it.place.line, it.reference)).collect();
    expect![[r#"
        .sidings.yml:8 ghcr.io/tools/lint:2
        .sidings.yml:5 postgres:16
        Dockerfile:8 alpine:3
        Dockerfile:7 busybox:1
        Dockerfile:5 debian:13
        Dockerfile:3 node:20
    "#]]
    .assert_eq(&lines.concat());
    assert!(references(".sidings.yml", "jobs: 1\n", &with_lock("")).unwrap_err().has_errors());
}

#[test]
fn what_a_lock_file_lacks_is_a_warning_on_the_line_that_names_it() {
    let all = ["alpine:3", "busybox:1", "debian:13", "ghcr.io/tools/lint:2", "node:20", "postgres:16"];
    let whole: Vec<_> = all.map(|name| (name, ONE)).to_vec();
    assert_eq!(found(PIPELINE, &with_lock(&locked(&whole))), Diagnostics::default());
    let some: Vec<_> = whole.iter().filter(|(name, _)| !["debian:13", "postgres:16"].contains(name)).copied().collect();
    expect![[r#"
        warning[not_locked]: `postgres:16` is not in .sidings.lock
         --> .sidings.yml:5:20
          |
        5 |       db: { image: 'postgres:16' }
          |                    ^^^^^^^^^^^^^ another image tomorrow, with nothing changed here
          |
          = help: `sidings lock` adds it

        warning[not_locked]: `debian:13` is not in .sidings.lock
         --> Dockerfile:5:1
          |
        5 | FROM debian:${VERSION}
          | ^^^^^^^^^^^^^^^^^^^^^^ another image tomorrow, with nothing changed here
          |
          = help: `sidings lock` adds it
    "#]]
    .assert_eq(&found(PIPELINE, &with_lock(&locked(&some))).to_string());
    let none = tree([("Dockerfile", DOCKERFILE)]);
    assert_eq!(found(PIPELINE, &none), Diagnostics::default(), "without a lock file nothing is missing in it");
}

#[test]
fn a_digest_that_is_written_must_be_the_one_that_is_locked() {
    let dockerfile = format!("FROM debian:12@{ONE}\n");
    let text = format!(
        "build: .\njobs:\n  a: {{ image: 'redis:7@{ONE}', steps: [{{ run: x }}] }}\n  b: {{ steps: [{{ run: x }}] }}\n"
    );
    let of = |entries: &[(&str, &str)]| {
        found(&text, &tree([("Dockerfile", dockerfile.as_str()), (FILE, locked(entries).as_str())]))
    };
    assert_eq!(of(&[]), Diagnostics::default());
    assert_eq!(of(&[("debian:12", ONE), ("redis:7", ONE)]), Diagnostics::default());
    expect![[r#"
        error[lock_mismatch]: `redis:7` is written with the digest sha256:1111111111111111111111111111111111111111111111111111111111111111, and locked to sha256:2222222222222222222222222222222222222222222222222222222222222222
         --> .sidings.yml:3:15
          |
        3 |   a: { image: 'redis:7@sha256:1111111111111111111111111111111111111111111111111111111111111111', steps: [{ run: x }] }
          |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ another digest than in the lock file
          |
          = help: take the digest out here, or let `sidings lock` take it into .sidings.lock

        error[lock_mismatch]: `debian:12` is written with the digest sha256:1111111111111111111111111111111111111111111111111111111111111111, and locked to sha256:2222222222222222222222222222222222222222222222222222222222222222
         --> Dockerfile:1:1
          |
        1 | FROM debian:12@sha256:1111111111111111111111111111111111111111111111111111111111111111
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ another digest than in the lock file
          |
          = help: take the digest out here, or let `sidings lock` take it into .sidings.lock

        2 errors in .sidings.yml
    "#]].assert_eq(&of(&[("debian:12", TWO), ("redis:7", TWO)]).to_string());
}

#[test]
fn a_pipeline_beside_a_broken_lock_file_is_not_run() {
    expect![[r#"
        error[wrong_type]: `images` is a text, but must be a map
         --> .sidings.lock:2:9
          |
        2 | images: x
          |         ^ a map
    "#]]
    .assert_eq(&found(PIPELINE, &with_lock("version: 1\nimages: x\n")).to_string());
}
