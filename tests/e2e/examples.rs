//! The example projects pass, by the command that a developer uses first.

use crate::support::{SIDINGS, copy_example, run};
use std::process::Command;
use tempfile::TempDir;

fn passes(example: &str) {
    let dir = TempDir::new().unwrap();
    let tree = copy_example(example, dir.path().join(example));
    let mut command = Command::new(SIDINGS);
    command.arg("run").current_dir(&tree).env("XDG_CACHE_HOME", dir.path().join("cache"));
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    assert!(stdout.contains("passed"), "{stdout}");
}

#[test]
fn the_python_service_passes() {
    passes("python-service");
}

#[test]
fn the_c_program_passes() {
    passes("c-program");
}

#[test]
fn the_node_service_passes() {
    passes("node-service");
}

#[test]
fn the_sql_ledger_passes() {
    passes("sql-ledger");
}

#[test]
fn the_split_suite_passes() {
    passes("split-suite");
}
