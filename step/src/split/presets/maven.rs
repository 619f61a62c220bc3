//! Maven: classes of tests for Surefire, `package.Class`, found among what `test-compile` made and told by Surefire's
//! reports. What it prints says which class has begun.

use super::classes::{self, Classes};
use super::follow::{Stream, follow};
use super::reports::{Before, Cases, folders};
use super::told::Events;
use super::{FAILED, Runner, code, program, unstarted};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A project's own.
const WRAPPER: &str = "./mvnw";
/// Where a module's compiled tests are, and where what came of them.
const CLASSES: &str = "target/test-classes";
const REPORTS: &str = "target/surefire-reports";
/// What one argument may have of names, in bytes: systems take 128 KiB.
const NAMES_MAX: usize = 64 * 1024;
/// Flags that choose among modules: what others were compiled to before lies beside what these were.
const CHOOSE: [&str; 7] = ["-pl", "--projects", "--file", "-rf", "--resume-from", "-N", "--non-recursive"];
/// What begins as `-f FILE` does, and says what to do after a failure.
const AFTER_FAILURES: [&str; 3] = ["-fae", "-ff", "-fn"];

pub(super) struct Maven;

impl Runner for Maven {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        if let Some(flag) = arguments.iter().find(|word| chooses_modules(word)) {
            let why = "it is not known which classes are of the modules that it chooses";
            return Err(io::Error::other(format!(
                "`{flag}`: {why}; leave it out, or start this in the module's folder"
            )));
        }
        let mut command = maven();
        // What it prints is not the list.
        command.arg("--quiet").args(arguments).arg("test-compile").stdin(Stdio::null()).stdout(io::stderr());
        let status = command.status().map_err(|error| unstarted(&command, &error))?;
        if !status.success() {
            return Ok(Err(code(status)));
        }
        Ok(Ok(tests(&compiled()?)))
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

/// As Maven takes it: `-pl`, `-pl=one`, `-plone`.
fn chooses_modules(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    let is_file = word.starts_with("-f") && !AFTER_FAILURES.contains(&word);
    CHOOSE.contains(&name) || word.starts_with("-pl") || is_file
}

/// Each once: modules may have classes of one name, whose tests are run in all of them.
fn tests(compiled: &[Classes]) -> Vec<String> {
    let tests: BTreeSet<&str> = compiled.iter().flat_map(Classes::of_tests).collect();
    tests.into_iter().map(str::to_owned).collect()
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
    let cases = of_all_modules(&before.written()?, compiled)?;
    let (missing, has_failed) = cases.tell(tests, events)?;
    let has_died = missing.iter().any(|test| started.contains(test));
    Ok(if status.success() && (has_failed || has_died) { FAILED } else { code(status) })
}

/// What the reports say of classes that all modules have reported that have them: what is missing of one may have failed.
fn of_all_modules(written: &[PathBuf], compiled: &[Classes]) -> io::Result<Cases> {
    let (mut all, mut reported): (Cases, BTreeMap<String, usize>) = Default::default();
    for of_module in written.chunk_by(|one, other| one.parent() == other.parent()) {
        let cases = Cases::read(of_module, |case| outermost(&case.suite).map(str::to_owned))?;
        cases.tests().for_each(|test| *reported.entry(test.to_owned()).or_default() += 1);
        all.join(cases);
    }
    let mut having: BTreeMap<&str, usize> = BTreeMap::new();
    compiled.iter().flat_map(Classes::of_tests).for_each(|test| *having.entry(test).or_default() += 1);
    all.keep(|test| reported.get(test) >= having.get(test));
    Ok(all)
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
    let mut having = compiled.iter().filter(|classes| classes.has(test)).peekable();
    if having.peek().is_none() {
        return format!("{test},{test}$*");
    }
    let nested: BTreeSet<&str> = having.flat_map(|classes| classes.nested_in(test)).collect();
    [test].into_iter().chain(nested).collect::<Vec<_>>().join(",")
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

    /// Of classes that cannot be read, and so may be anything.
    fn module(names: &[&str]) -> Classes {
        let dir = tempfile::TempDir::new().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mut classes = Classes::default();
        names.iter().for_each(|name| classes.add(name, &file).unwrap());
        classes
    }

    #[test]
    fn a_class_counts_when_all_modules_that_have_it_have_said_so() {
        let dir = tempfile::TempDir::new().unwrap();
        let report = |module: &str, class: &str| {
            let file = dir.path().join(module).join(REPORTS).join(format!("TEST-{class}.xml"));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let case = format!("<testcase classname=\"{class}\" name=\"one\"/>");
            std::fs::write(&file, format!("<testsuite name=\"{class}\" tests=\"1\">{case}</testsuite>")).unwrap();
            file
        };
        let compiled = [module(&["ATest", "BTest"]), module(&["ATest", "CTest"])];
        let of_one = [report("one", "ATest"), report("one", "BTest")];
        let told: Vec<String> = of_all_modules(&of_one, &compiled).unwrap().tests().map(str::to_owned).collect();
        assert_eq!(told, ["BTest"], "what the other module's ATest did is not known");
        let of_both = [&of_one[..], &[report("two", "ATest")]].concat();
        assert!(of_all_modules(&of_both, &compiled).unwrap().has("ATest"));
    }

    #[test]
    fn a_class_that_two_modules_have_is_one_test_with_what_is_nested_in_both() {
        let compiled = [module(&["ATest", "ATest$In"]), module(&["ATest", "ATest$Other", "BTest"])];
        assert_eq!(tests(&compiled), ["ATest", "BTest"]);
        assert_eq!(pattern("ATest", &compiled), "ATest,ATest$In,ATest$Other");
    }

    #[test]
    fn flags_that_choose_modules_are_known() {
        assert!(
            ["-pl", "-pl=one", "-plone", "--projects=one", "--file=one/pom.xml", "-f", "-fone/pom.xml", "-N"]
                .iter()
                .all(|word| chooses_modules(word))
        );
        assert!(
            !["-fae", "-fn", "-ff", "-Pfast", "--fail-at-end", "-DforkCount=0", "-P"]
                .iter()
                .any(|word| chooses_modules(word))
        );
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
