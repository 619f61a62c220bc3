//! Jest: files of tests by their paths from the folder it is started in, told by its own report in JSON. A file that could
//! not be loaded is failed there; in the usual JUnit it would be missing.

use super::told::Events;
use super::{Runner, beside_the_batch, code, json, node_program, unstarted};
use serde_json::Value;
use sidings_proto::split::SplitOutcome;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

pub(super) struct Jest;

impl Runner for Jest {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let mut command = node_program("jest");
        command.args(arguments).args(["--listTests", "--json"]);
        listed(command, Value::as_str)
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let (report, here) = (beside_the_batch().join("jest.json"), env::current_dir()?);
        let mut command = node_program("jest");
        let flags = arguments.iter().filter(|word| word.starts_with('-'));
        command.args(flags).arg("--json").arg("--outputFile").arg(&report).arg("--runTestsByPath");
        // A file may be called as a flag is.
        command.args(tests.iter().map(|test| here.join(test)));
        command.stdout(Stdio::null());
        let status = command.status().map_err(|error| unstarted(&command, &error))?;
        if let Ok(report) = fs::read(&report) {
            tell(&json::read(&report)?, events, of_file)?;
        }
        Ok(code(status))
    }
}

/// The files of the list that a command prints as JSON, by their paths from here; or the code with which it failed.
pub(super) fn listed(
    mut command: Command,
    file: impl Fn(&Value) -> Option<&str>,
) -> io::Result<Result<Vec<String>, u8>> {
    let printed = command.stderr(Stdio::inherit()).output().map_err(|error| unstarted(&command, &error))?;
    if !printed.status.success() {
        io::stderr().write_all(&printed.stdout)?;
        return Ok(Err(code(printed.status)));
    }
    let (printed, here): (Vec<Value>, _) = (serde_json::from_slice(&printed.stdout)?, env::current_dir()?);
    let mut files: Vec<String> = printed.iter().filter_map(file).map(|file| below(&here, file)).collect();
    files.sort();
    Ok(Ok(files))
}

fn below(folder: &Path, file: &str) -> String {
    Path::new(file).strip_prefix(folder).map_or_else(|_| file.to_owned(), |file| file.to_string_lossy().into_owned())
}

/// Tells of each file of a report; `of_file` says what came of it, if anything did.
pub(super) fn tell(
    report: &Value,
    events: &mut Events,
    of_file: impl Fn(&Value, &Path) -> Option<(String, SplitOutcome)>,
) -> io::Result<()> {
    let here = env::current_dir()?;
    for file in report["testResults"].as_array().into_iter().flatten() {
        let Some((test, outcome)) = of_file(file, &here) else { continue };
        events.ended(&test, outcome, took(file))?;
    }
    Ok(())
}

fn of_file(file: &Value, folder: &Path) -> Option<(String, SplitOutcome)> {
    judged(file, folder, |status| matches!(status, "pending" | "skipped" | "todo" | "disabled"))
}

/// What a report says of a file, which is left out when all of its tests are.
pub(super) fn judged(
    file: &Value,
    folder: &Path,
    is_left_out: impl Fn(&str) -> bool,
) -> Option<(String, SplitOutcome)> {
    let outcome = match (file["status"].as_str()?, statuses(file)?.as_slice()) {
        ("failed", _) => SplitOutcome::Failed,
        (_, all) if !all.is_empty() && all.iter().all(|status| is_left_out(status)) => SplitOutcome::Skipped,
        _ => SplitOutcome::Passed,
    };
    Some((below(folder, file["name"].as_str()?), outcome))
}

/// How the tests of a file ended, each in the report's own word.
pub(super) fn statuses(file: &Value) -> Option<Vec<&str>> {
    Some(file["assertionResults"].as_array()?.iter().filter_map(|test| test["status"].as_str()).collect())
}

/// Times in a report are milliseconds, and may have fractions.
fn took(file: &Value) -> Duration {
    let took = file["endTime"].as_f64().zip(file["startTime"].as_f64()).map_or(0.0, |(end, start)| end - start);
    Duration::from_millis(took.max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SplitOutcome::{Failed, Passed, Skipped};

    /// As Jest 29 wrote it, but for texts and single tests' places.
    const REPORT: &str = include_str!("jest_report.json");

    #[test]
    fn a_file_that_cannot_be_loaded_has_failed() {
        let report: Value = serde_json::from_str(REPORT).unwrap();
        let files = report["testResults"].as_array().unwrap();
        let mut told: Vec<_> = files.iter().filter_map(|file| of_file(file, Path::new("/w"))).collect();
        told.sort_by(|one, other| one.0.cmp(&other.0));
        let told: Vec<_> = told.iter().map(|(test, outcome)| (test.as_str(), *outcome)).collect();
        let expected = [
            ("a b.test.js", Passed),
            ("broken.test.js", Failed),
            ("failing.test.js", Failed),
            ("later.test.js", Skipped),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn times_may_have_fractions() {
        let file = serde_json::json!({ "startTime": 1_795_426_410_266_u64, "endTime": 1_795_426_410_275.5 });
        assert_eq!(took(&file), Duration::from_millis(9));
    }
}
