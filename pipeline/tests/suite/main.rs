//! Texts in, plans or diagnostics out: what people and the rest of Sidings see of the compiler.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad;
mod book;
mod choices;
mod commits;
mod examples;
mod good;
mod hostile;
mod inputs;
mod lines;
mod mutations;

use sidings_pipeline::{Context, Files, Input, Outcome};
use sidings_proto::{Commit, Plan, Timestamp, Trigger};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files in memory.
#[derive(Default)]
struct Tree(BTreeMap<String, String>);

impl Files for Tree {
    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }
}

impl Tree {
    /// A project with one Dockerfile of two stages.
    fn usual() -> Tree {
        let dockerfile = "FROM debian:bookworm-slim AS base\nRUN true\n\nFROM base AS tools\nRUN true\n";
        Tree(BTreeMap::from([("Dockerfile".to_owned(), dockerfile.to_owned())]))
    }
}

/// Files on disk.
struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Option<String> {
        let bytes = std::fs::read(self.0.join(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A push to `main`.
fn push() -> Context {
    on(Trigger::Push, "refs/heads/main")
}

fn on(trigger: Trigger, reference: &str) -> Context {
    let commit = Commit {
        sha: "1f3c0de9a7b2481e5d6c7b8a9f0e1d2c3b4a5968".to_owned(),
        reference: reference.to_owned(),
        message: "Sell each seat once".to_owned(),
        author: "Ada <ada@example.org>".to_owned(),
        before: None,
        time: Timestamp(1_762_000_000_000),
    };
    Context { trigger, commit, default_branch: "main".to_owned(), project: "seats".to_owned(), inputs: BTreeMap::new() }
}

/// What somebody who lints the text sees.
fn seen(file: &str, text: &str, files: &dyn Files) -> String {
    sidings_pipeline::lint(&Input { file, text, context: &push(), files, policy: &Default::default() }).render(false)
}

/// What the text compiles to for a context; diagnostics end the test.
fn outcome(text: &str, context: &Context) -> Outcome {
    let input =
        Input { file: sidings_pipeline::FILE, text, context, files: &Tree::usual(), policy: &Default::default() };
    sidings_pipeline::compile(&input).unwrap_or_else(|found| panic!("{found}"))
}

fn plan(text: &str, context: &Context) -> Plan {
    match outcome(text, context) {
        Outcome::Plan(plan) => plan,
        Outcome::NoRun { reason } | Outcome::Refused { reason } => panic!("no run: {reason}"),
    }
}

/// Every file of a folder of this crate's tests with this ending, by name.
fn files_of(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Snapshots lie beside the texts they are of, and none without one.
fn snapshots_have_texts(folder: &str) {
    let texts: Vec<String> = files_of(folder, "yml").iter().map(|path| stem(path)).collect();
    let orphans: Vec<String> = files_of(folder, "snap").iter().map(|path| stem(path)).collect();
    let orphans: Vec<&String> = orphans.iter().filter(|name| !texts.contains(name)).collect();
    assert!(orphans.is_empty(), "snapshots without a text: {orphans:?}");
}

/// The project of a text: a folder of its name beside it, else the usual one.
fn project_of(path: &Path) -> Box<dyn Files> {
    let folder = path.with_extension("");
    if folder.is_dir() { Box::new(Folder(folder)) } else { Box::new(Tree::usual()) }
}
