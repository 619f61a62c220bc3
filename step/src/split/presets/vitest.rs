//! Vitest: files of tests by their paths from the folder it is started in, told by its own report in JSON. In its JUnit a
//! test whose worker was killed has passed.

use super::jest::{judged, listed, statuses, tell};
use super::told::Events;
use super::{Runner, beside_the_batch, code, json, node_program, unstarted};
use serde_json::Value;
use sidings_proto::split::SplitOutcome;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

pub(super) struct Vitest;

impl Runner for Vitest {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let mut command = node_program("vitest");
        command.arg("list").args(arguments).args(["--filesOnly", "--json"]);
        listed(command, |listed| listed["file"].as_str())
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let (report, here) = (beside_the_batch().join("vitest.json"), env::current_dir()?);
        let mut command = node_program("vitest");
        let flags = arguments.iter().filter(|word| word.starts_with('-'));
        let mut output = OsString::from("--outputFile.json=");
        output.push(&report);
        // One report for people and one for us.
        command.arg("run").args(flags).args(["--reporter=default", "--reporter=json"]).arg(output);
        // It takes a path for a part of one, so the whole one finds the fewest others; what is told of those counts for
        // nothing.
        command.args(tests.iter().map(|test| here.join(test)));
        let status = command.status().map_err(|error| unstarted(&command, &error))?;
        if let Ok(report) = fs::read(&report) {
            tell(&json::read(&report)?, events, of_file)?;
        }
        Ok(code(status))
    }
}

/// None for a file of which a test never came to an end: its process died, whatever else is said of it.
fn of_file(file: &Value, folder: &Path) -> Option<(String, SplitOutcome)> {
    let is_torn = file["status"] != "failed" && statuses(file)?.contains(&"pending");
    (!is_torn).then(|| judged(file, folder, |status| matches!(status, "skipped" | "todo"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use SplitOutcome::{Failed, Passed, Skipped};

    /// As Vitest 4.1 wrote it on Node.js 20, in two runs, but for texts and numbers.
    const REPORT: &str = include_str!("vitest_report.json");

    #[test]
    fn a_file_whose_process_was_killed_has_no_result() {
        let report: Value = serde_json::from_str(REPORT).unwrap();
        let files = report["testResults"].as_array().unwrap();
        let told: Vec<_> = files.iter().filter_map(|file| of_file(file, Path::new("/w"))).collect();
        let told: Vec<_> = told.iter().map(|(test, outcome)| (test.as_str(), *outcome)).collect();
        let expected = [
            ("test/a b.test.js", Skipped),
            ("test/broken.test.js", Failed),
            ("test/empty.test.js", Failed),
            ("test/hook.test.js", Failed),
            ("test/ones.test.js", Failed),
            ("test/ones.test.jsx", Passed),
        ];
        assert_eq!(told, expected, "test/dies.test.js was killed");
    }
}
