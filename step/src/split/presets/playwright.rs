//! Playwright: files of tests in each project of its configuration, `tests/a.spec.ts[firefox]`, told by its own report in
//! JSON. In its JUnit a test that never ran, because what it depends on failed, is one that was left out.

use super::told::Events;
use super::{Runner, beside_the_batch, code, json, node_program, unstarted};
use serde_json::Value;
use sidings_proto::split::SplitOutcome;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub(super) struct Playwright;

impl Runner for Playwright {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let report = beside_the_batch().join("playwright-list.json");
        let mut command = playwright(&report);
        // What the configuration prints is not the list.
        command.args(arguments).args(["--list", "--reporter=json"]).stdout(io::stderr());
        let status = command.status().map_err(|error| unstarted(&command, &error))?;
        let listed = fs::read(&report).and_then(|listed| json::read(&listed));
        if !status.success() {
            let errors = listed.iter().flat_map(|listed| each(listed, "errors"));
            let mut said = errors.filter_map(|error| error["message"].as_str());
            said.try_for_each(|message| writeln!(io::stderr(), "{message}"))?;
            return Ok(Err(code(status)));
        }
        Ok(Ok(files(&listed?, &env::current_dir()?).into_keys().collect()))
    }

    /// A run for each project: one of several would run each file in all of them.
    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let here = env::current_dir()?;
        let mut by_project: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for test in tests {
            let (file, project) = parts(test, |file| here.join(file).is_file());
            by_project.entry(project).or_default().push(file);
        }
        let mut ended = 0;
        for (number, (project, files)) in by_project.into_iter().enumerate() {
            let report = beside_the_batch().join(format!("playwright-{number}.json"));
            let mut command = playwright(&report);
            command.args(["--reporter=list,json", "--retries=0"]).arg(output(number));
            if !project.is_empty() {
                command.arg(format!("--project={project}"));
            }
            // The list has been made of the projects that the arguments name.
            let is_kept = |word: &&&str| word.starts_with('-') && !word.starts_with("--project=");
            command.args(arguments.iter().filter(is_kept));
            command.args(files.iter().map(|file| exactly(&here.join(file))));
            let status = command.status().map_err(|error| unstarted(&command, &error))?;
            if let Ok(report) = fs::read(&report) {
                tell(&json::read(&report)?, tests, events)?;
            }
            ended = if status.success() { ended } else { code(status) };
        }
        Ok(ended)
    }
}

fn playwright(report: &Path) -> Command {
    let mut command = node_program("playwright");
    command.arg("test").env("PLAYWRIGHT_JSON_OUTPUT_NAME", report);
    command
}

/// A folder of its own for what each run leaves, pictures of failures above all: Playwright empties it first.
fn output(number: usize) -> String {
    let batch = beside_the_batch();
    let name = batch.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("--output=test-results/{name}-{number}")
}

/// The file of a test and its project, which is empty where the configuration names none. Both may have brackets.
fn parts(test: &str, is_file: impl Fn(&str) -> bool) -> (&str, &str) {
    let Some(inner) = test.strip_suffix(']') else { return (test, "") };
    let mut cuts = inner.match_indices('[').map(|(at, _)| (&inner[..at], &inner[at + 1..]));
    cuts.find(|(file, _)| is_file(file)).unwrap_or((test, ""))
}

/// A regular expression, as Playwright reads one between slashes, for this file and no other.
fn exactly(file: &Path) -> String {
    let mut pattern = String::from("/^");
    for letter in file.to_string_lossy().chars() {
        if r"\/^$.|?*+()[]{}".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "$/"
}

/// What a report says of a file in a project.
#[derive(Default)]
struct Sum {
    tests: usize,
    failed: usize,
    left_out: usize,
    /// They never ran: what they depend on failed, or it was enough.
    missing: usize,
    took: f64,
}

impl Sum {
    fn add(&mut self, test: &Value) {
        self.tests += 1;
        match (test["status"].as_str(), test["expectedStatus"].as_str()) {
            (Some("skipped"), Some("skipped")) => self.left_out += 1,
            (Some("skipped"), _) => self.missing += 1,
            (Some("expected" | "flaky"), _) => {}
            _ => self.failed += 1,
        }
        self.took += each(test, "results").filter_map(|tried| tried["duration"].as_f64()).sum::<f64>();
    }

    fn outcome(&self) -> Option<SplitOutcome> {
        match self {
            Sum { failed: 1.., .. } => Some(SplitOutcome::Failed),
            Sum { missing: 1.., .. } => None,
            Sum { tests, left_out, .. } if tests == left_out => Some(SplitOutcome::Skipped),
            Sum { .. } => Some(SplitOutcome::Passed),
        }
    }
}

fn each<'v>(value: &'v Value, of: &str) -> impl Iterator<Item = &'v Value> {
    value[of].as_array().into_iter().flatten()
}

/// All files of a report in their projects, by what each is called from this folder.
fn files(report: &Value, here: &Path) -> BTreeMap<String, Sum> {
    let root = Path::new(report["config"]["rootDir"].as_str().unwrap_or_default());
    let name = |file: &str, project: &str| {
        let path = root.join(file);
        let file = path.strip_prefix(here).unwrap_or(&path).to_string_lossy().into_owned();
        if project.is_empty() { file } else { format!("{file}[{project}]") }
    };
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for of_file in each(report, "suites") {
        // Those within may say another file, whose functions this one calls.
        let file = of_file["file"].as_str().unwrap_or_default();
        let mut suites = vec![of_file];
        while let Some(suite) = suites.pop() {
            suites.extend(each(suite, "suites"));
            for test in each(suite, "specs").flat_map(|spec| each(spec, "tests")) {
                sums.entry(name(file, test["projectName"].as_str().unwrap_or_default())).or_default().add(test);
            }
        }
    }
    sums
}

/// Tells of the files that were asked for; projects that these depend on ran as well.
fn tell(report: &Value, tests: &[String], events: &mut Events) -> io::Result<()> {
    for (test, sum) in files(report, &env::current_dir()?) {
        if let Some(outcome) = sum.outcome().filter(|_| tests.contains(&test)) {
            events.ended(&test, outcome, Duration::from_secs_f64(sum.took.max(0.0) / 1000.0))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use SplitOutcome::{Failed, Passed, Skipped};

    /// As Playwright 1.57 wrote it on Node.js 20 with `--retries=1`, but for texts and paths.
    const REPORT: &str = include_str!("playwright_report.json");

    #[test]
    fn a_file_in_a_project_is_a_test_and_what_never_ran_has_no_result() {
        let report = json::read(REPORT.as_bytes()).unwrap();
        let told: Vec<_> =
            files(&report, Path::new("/work")).into_iter().map(|(test, sum)| (test, sum.outcome())).collect();
        let told: Vec<_> = told.iter().map(|(test, outcome)| (test.as_str(), *outcome)).collect();
        let expected = [
            ("tests/before.setup.js[setup]", Some(Failed)),
            ("tests/deep/again [and] again.spec.js[Desktop [wide]]", Some(Passed)),
            ("tests/needy.spec.js[after]", None),
            ("tests/none.spec.js[Desktop [wide]]", Some(Skipped)),
            ("tests/ones.spec.js[Desktop [wide]]", Some(Passed)),
            ("tests/ones.spec.js[phone]", Some(Passed)),
            ("tests/wrong.spec.js[Desktop [wide]]", Some(Failed)),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_name_is_a_file_and_its_project_whatever_brackets_they_have() {
        let dir = tempfile::TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("tests/[id]")).unwrap();
        for file in ["tests/[id]/a [b].spec.js", "c.spec.js"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let parts = |test| parts(test, |file| dir.path().join(file).is_file());
        let deep = ("tests/[id]/a [b].spec.js", "Desktop [wide]");
        assert_eq!(parts("tests/[id]/a [b].spec.js[Desktop [wide]]"), deep);
        assert_eq!(parts("c.spec.js[phone]"), ("c.spec.js", "phone"));
        assert_eq!(parts("c.spec.js"), ("c.spec.js", ""));
    }

    #[test]
    fn a_file_is_asked_for_by_itself() {
        assert_eq!(exactly(Path::new("/w/a+b.spec.js")), r"/^\/w\/a\+b\.spec\.js$/");
    }
}
