//! Maven: classes of tests for Surefire, `package.Class`, found among what `test-compile` made and told by Surefire's
//! reports. What it prints says which class has begun.

use super::classes::{self, Classes};
use super::follow::{Stream, follow};
use super::reports::{Before, Cases, folders};
use super::told::Events;
use super::{FAILED, Runner, code, program, unstarted};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// A project's own.
const WRAPPER: &str = "./mvnw";
/// Where a module's compiled tests are, and where what came of them.
const CLASSES: &str = "target/test-classes";
const REPORTS: &str = "target/surefire-reports";
/// What one argument may have of names, in bytes: systems take 128 KiB.
const NAMES_MAX: usize = 64 * 1024;

pub(super) struct Maven;

impl Runner for Maven {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let mut command = maven();
        // What it prints is not the list.
        command.arg("--quiet").args(arguments).arg("test-compile").stdin(Stdio::null()).stdout(io::stderr());
        let status = command.status().map_err(|error| unstarted(&command, &error))?;
        if !status.success() {
            return Ok(Err(code(status)));
        }
        Ok(Ok(compiled()?.iter().flat_map(Classes::of_tests).map(str::to_owned).collect()))
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let (compiled, mut last) = (compiled()?, 0);
        for tests in parts(tests) {
            let code = part(arguments, tests, &compiled, events)?;
            last = if code == 0 { last } else { code };
        }
        Ok(last)
    }
}

/// The classes of each module.
fn compiled() -> io::Result<Vec<Classes>> {
    let read = |folder| {
        let mut classes = Classes::default();
        classes.read(folder, "").map(|()| classes)
    };
    folders(CLASSES)?.iter().map(|folder| read(folder.as_path())).collect()
}

/// Tests whose names are not too long together.
fn parts(tests: &[String]) -> Vec<&[String]> {
    let (mut parts, mut rest) = (Vec::new(), tests);
    while !rest.is_empty() {
        let mut length = 0;
        let fit = rest.iter().take_while(|test| {
            length += test.len();
            length <= NAMES_MAX
        });
        let (part, others) = rest.split_at(fit.count().max(1));
        parts.push(part);
        rest = others;
    }
    parts
}

fn part(arguments: &[&str], tests: &[String], compiled: &[Classes], events: &mut Events) -> io::Result<u8> {
    let mut command = maven();
    command.args(arguments).args(flags(tests, compiled)).arg("test");
    let (before, mut started) = (Before::look(REPORTS)?, BTreeSet::new());
    let status = follow(command, Stream::Output, |line| {
        if let Some(test) = begun(line).and_then(|name| tests.iter().find(|test| *test == name)) {
            started.insert(test.as_str());
            events.started(test)?;
        }
        writeln!(io::stdout(), "{line}")
    })?;
    let cases = Cases::read(&before.written()?, |case| outermost(&case.suite).map(str::to_owned))?;
    let (missing, has_failed) = cases.tell(tests, events)?;
    let has_died = missing.iter().any(|test| started.contains(test));
    Ok(if status.success() && (has_failed || has_died) { FAILED } else { code(status) })
}

/// What it is told beside the project's own.
fn flags(tests: &[String], compiled: &[Classes]) -> [String; 4] {
    [
        format!("-Dtest={}", tests.iter().map(|test| pattern(test, compiled)).collect::<Vec<_>>().join(",")),
        // A module may have none of the batch: as Surefire 2 and 3 call that.
        "-DfailIfNoTests=false".to_owned(),
        "-Dsurefire.failIfNoSpecifiedTests=false".to_owned(),
        // Modules that need one whose tests failed have tests as well.
        "-Dmaven.test.failure.ignore=true".to_owned(),
    ]
}

/// The class and those nested in it: Surefire 2 would leave them out and say nothing.
fn pattern(test: &str, compiled: &[Classes]) -> String {
    let Some(classes) = compiled.iter().find(|classes| classes.has(test)) else { return format!("{test},{test}$*") };
    [test].into_iter().chain(classes.nested_in(test)).collect::<Vec<_>>().join(",")
}

/// The class that has begun, in a line of what Surefire prints.
fn begun(line: &str) -> Option<&str> {
    outermost(line.strip_prefix("[INFO] ").unwrap_or(line).strip_prefix("Running ")?.trim_end())
}

/// The class around all others; none where there is no name.
fn outermost(class: &str) -> Option<&str> {
    Some(classes::outermost(class)).filter(|name| !name.is_empty())
}

fn maven() -> Command {
    let mut command = program(if Path::new(WRAPPER).is_file() { WRAPPER } else { "mvn" });
    command.args(["--batch-mode", "-Dstyle.color=never"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_begins_is_known_by_what_surefire_prints() {
        assert_eq!(begun("[INFO] Running roman.WritingTest"), Some("roman.WritingTest"));
        assert_eq!(begun("Running roman.WritingTest"), Some("roman.WritingTest"));
        assert_eq!(begun("[INFO] Running roman.WritingTest$Zero$Less"), Some("roman.WritingTest"));
        assert_eq!(begun("[INFO] Tests run: 1, Failures: 0 - in roman.WritingTest"), None);
    }

    #[test]
    fn classes_in_a_class_that_is_not_known_yet_are_asked_for_by_a_pattern() {
        let flags = flags(&["a.BTest".to_owned(), "CTest".to_owned()], &[]);
        assert_eq!(flags[0], "-Dtest=a.BTest,a.BTest$*,CTest,CTest$*");
    }

    #[test]
    fn names_that_are_too_long_together_are_parted_and_none_is_lost() {
        let tests: Vec<String> = (0..4000).map(|no| format!("org.example.a.package.of.tests.Number{no}Test")).collect();
        let parts = parts(&tests);
        assert!(parts.len() > 1);
        assert_eq!(parts.concat(), tests);
        let one = ["x".repeat(NAMES_MAX + 1)];
        assert_eq!(super::parts(&one).len(), 1);
    }
}
