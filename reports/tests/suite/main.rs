//! Files of many tools, of nobody's, and of somebody with ill intent.

#![allow(clippy::unwrap_used)]

mod bounds;
mod corpus;
mod mutations;

use sidings_proto::{TestCase, TestCounts};
use sidings_reports::{Found, Room};
use std::path::{Path, PathBuf};

/// The files of the corpus, in order.
fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<PathBuf> = folder(&root).iter().flat_map(|tool| folder(tool)).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "xml"));
    files.sort();
    files
}

fn folder(path: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn read(bytes: &[u8]) -> (Found, Vec<TestCase>) {
    let mut cases = Vec::new();
    let found = sidings_reports::read(bytes, &mut Room::default(), &mut |case| cases.push(case));
    (found, cases)
}

fn words(counts: TestCounts) -> String {
    let TestCounts { failed, errored, flaky, passed, skipped } = counts;
    let all = [("failed", failed), ("errored", errored), ("flaky", flaky), ("passed", passed), ("skipped", skipped)];
    let some: Vec<String> =
        all.into_iter().filter(|(_, many)| *many > 0).map(|(word, many)| format!("{many} {word}")).collect();
    if some.is_empty() { "no tests".to_owned() } else { some.join(", ") }
}
