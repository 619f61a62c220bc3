//! Gradle: classes of tests, `package.Class`, with all that is in them. A script that comes along asks Gradle itself which
//! compiled classes a task of tests looks through, has it look through those of a batch only, and tells what it runs.
//!
//! A class has a result when Gradle has ended it. One that Gradle looked through and found nothing to run in was left
//! out, if all else came to its end; otherwise nothing is known of it.

use super::classes::{Classes, outermost};
use super::reports::Cases;
use super::told::Events;
use super::{FAILED, Runner, beside_the_batch, code, program, unstarted};
use sidings_proto::split::SplitOutcome;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const SCRIPT: &str = include_str!("gradle_init.gradle");
/// A project's own.
const WRAPPER: &str = "./gradlew";
/// What is run where the arguments name no task.
const TASK: &str = "test";
/// Gradle would keep what the script does from one batch to the next.
const NOT_KEPT: [&str; 2] = ["-Dorg.gradle.configuration-cache=false", "-Dorg.gradle.unsafe.configuration-cache=false"];

pub(super) struct Gradle;

impl Runner for Gradle {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let (mut command, told) = gradle(None)?;
        // What it prints is not the list.
        command.arg("--quiet").args(arguments).args(task(arguments)).stdout(io::stderr());
        let status = command.status().map_err(|error| unstarted(&command, &error))?;
        if !status.success() {
            return Ok(Err(code(status)));
        }
        let told = Told::read(&told)?;
        if !told.has_come_to_its_end() {
            return Err(io::Error::other("Gradle has not said of all its tests which classes they are"));
        }
        Ok(Ok(told.tests()?.into_iter().collect()))
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let names = beside_the_batch().join("gradle-tests");
        fs::write(&names, tests.iter().flat_map(|test| [test, "\0"]).collect::<String>())?;
        let (mut command, told) = gradle(Some((&names, events.path())))?;
        // Tasks behind one that failed have tests as well.
        command.arg("--continue").args(arguments).args(task(arguments));
        let status = command.status().map_err(|error| unstarted(&command, &error))?;
        let mut told = Told::read(&told)?;
        let is_whole = status.success() && told.has_come_to_its_end();
        if is_whole {
            for test in told.leave_out_those_without_tests(tests) {
                writeln!(io::stderr(), "sidings: Gradle finds nothing to run in {test}")?;
            }
        } else {
            told.forget_what_may_lack_a_part()?;
        }
        let (_, has_failed) = told.cases.tell(tests, events)?;
        // Gradle takes a process of tests that ended itself with 0 for one that was done.
        let is_wrong = has_failed || !is_whole;
        Ok(if status.success() && is_wrong { FAILED } else { code(status) })
    }
}

/// And where it will tell; with the names of a batch and its events it runs that.
fn gradle(batch: Option<(&Path, &Path)>) -> io::Result<(Command, PathBuf)> {
    let folder = beside_the_batch();
    let (script, told) = (folder.join("sidings.gradle"), folder.join("gradle-told"));
    // Not by `-D`, which does not reach a daemon whose project says how it is started.
    let (tests, events) = batch.unzip();
    let said = [("told", Some(told.as_path())), ("tests", tests), ("events", events)].map(definition).concat();
    fs::write(&script, said + SCRIPT)?;
    // That of the batch before.
    fs::write(&told, "")?;
    let mut command = program(if Path::new(WRAPPER).is_file() { WRAPPER } else { "gradle" });
    command.arg("--console=plain").args(NOT_KEPT).arg("--init-script").arg(script).stdin(Stdio::null());
    Ok((command, told))
}

/// In the script's language.
fn definition((name, path): (&str, Option<&Path>)) -> String {
    let text = path.map(|path| path.display().to_string().replace('\\', "\\\\").replace('\'', "\\'"));
    format!("def {name} = {}\n", text.map_or_else(|| "null".to_owned(), |text| format!("'{text}'")))
}

/// A word that is no flag names a task.
fn task(arguments: &[&str]) -> Option<&'static str> {
    arguments.iter().all(|word| word.starts_with('-')).then_some(TASK)
}

/// What the script told of one start of Gradle.
#[derive(Default)]
struct Told {
    /// Tasks of tests: how many there are, which have ended, and which of those did all they should.
    tasks: usize,
    ended: usize,
    done: usize,
    /// Whole tasks and processes of tests that began, and those that came to their end.
    opened: usize,
    closed: usize,
    /// Compiled classes that were looked through, by the task that did.
    files: Vec<(String, String, PathBuf)>,
    /// How often classes began to run, by the outermost class, and how often they ended.
    begun: BTreeMap<String, usize>,
    over: BTreeMap<String, usize>,
    cases: Cases,
}

impl Told {
    fn read(file: &Path) -> io::Result<Told> {
        let mut told = Told::default();
        String::from_utf8_lossy(&fs::read(file)?).lines().for_each(|line| told.add(line));
        Ok(told)
    }

    fn add(&mut self, line: &str) {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["tasks", count] => self.tasks += count.parse::<usize>().unwrap_or_default(),
            ["task", end] => {
                self.ended += 1;
                self.done += usize::from(end == "done");
            }
            ["open"] => self.opened += 1,
            ["close"] => self.closed += 1,
            ["has", task, class, file] => self.files.push((task.to_owned(), class.to_owned(), file.into())),
            ["begin", class] => *self.begun.entry(outermost(class).to_owned()).or_default() += 1,
            ["end", class, outcome, ms] => {
                let test = outermost(class);
                *self.over.entry(test.to_owned()).or_default() += 1;
                let took = Duration::from_millis(ms.parse().unwrap_or_default());
                self.cases.extend(read(outcome).map(|outcome| (test.to_owned(), outcome, took)));
            }
            _ => {}
        }
    }

    /// Whether nothing broke off: no task, no process, no class.
    fn has_come_to_its_end(&self) -> bool {
        self.tasks == self.done && self.opened == self.closed && self.begun == self.over
    }

    /// The classes of each task.
    fn classes(&self) -> io::Result<BTreeMap<&str, Classes>> {
        let mut tasks: BTreeMap<&str, Classes> = BTreeMap::new();
        for (task, class, file) in &self.files {
            tasks.entry(task).or_default().add(class, file)?;
        }
        Ok(tasks)
    }

    /// Outermost classes in which there may be tests.
    fn tests(&self) -> io::Result<BTreeSet<String>> {
        let tasks = self.classes()?;
        let classes = tasks.values().flat_map(Classes::that_may_have_tests);
        Ok(classes.map(|class| outermost(class).to_owned()).collect())
    }

    /// Those of the batch that were looked through and brought nothing.
    fn leave_out_those_without_tests<'t>(&mut self, tests: &'t [String]) -> Vec<&'t str> {
        let seen: BTreeSet<&str> = self.files.iter().map(|(_, class, _)| outermost(class)).collect();
        let is_without = |test: &&String| seen.contains(test.as_str()) && !self.cases.has(test);
        let without: Vec<&str> = tests.iter().filter(is_without).map(String::as_str).collect();
        self.cases.extend(without.iter().map(|test| ((*test).to_owned(), SplitOutcome::Skipped, Duration::ZERO)));
        without
    }

    /// Something broke off: a class counts only when all classes in it that run by themselves, in all tasks, ended.
    fn forget_what_may_lack_a_part(&mut self) -> io::Result<()> {
        let mut by_themselves: BTreeMap<&str, usize> = BTreeMap::new();
        let tasks = self.classes()?;
        for class in tasks.values().flat_map(Classes::that_run_by_themselves) {
            *by_themselves.entry(outermost(class)).or_default() += 1;
        }
        let is_seen = self.ended == self.tasks;
        let whole: BTreeSet<String> = self
            .over
            .iter()
            .filter(|(test, over)| {
                let parts = by_themselves.get(test.as_str()).copied().unwrap_or_default();
                is_seen && self.begun.get(*test) == Some(over) && **over >= parts
            })
            .map(|(test, _)| test.clone())
            .collect();
        self.cases.keep(|test| whole.contains(test));
        Ok(())
    }
}

/// None where there was nothing to run.
fn read(outcome: &str) -> Option<SplitOutcome> {
    match outcome {
        "passed" => Some(SplitOutcome::Passed),
        "failed" => Some(SplitOutcome::Failed),
        "skipped" => Some(SplitOutcome::Skipped),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the script told it with Gradle 4.4.1, of a batch with a class that has no test.
    const WHOLE: &str = "\
tasks\t1
has\t:test\troman.SignTest\tSignTest.class
has\t:test\troman.LaterTest\tLaterTest.class
has\t:test\troman.WrongTest\tWrongTest.class
has\t:test\troman.InPartsTest$Read\tInPartsTest$Read.class
has\t:test\troman.InPartsTest$Written\tInPartsTest$Written.class
has\t:test\troman.TestNumbers\tTestNumbers.class
has\t:test\troman.InPartsTest\tInPartsTest.class
open
open
begin\troman.SignTest
end\troman.SignTest\tpassed\t73
begin\troman.LaterTest
end\troman.LaterTest\tskipped\t8
begin\troman.WrongTest
end\troman.WrongTest\tfailed\t2
begin\troman.InPartsTest$Read
end\troman.InPartsTest$Read\tpassed\t18
begin\troman.InPartsTest$Written
end\troman.InPartsTest$Written\tpassed\t4
close
close
task\tdone
";

    /// The same of a test that halted its process with 0: Gradle said that the build was successful.
    const HALTED: &str = "\
tasks\t1
has\t:test\troman.SignTest\tSignTest.class
has\t:test\troman.InPartsTest$Read\tInPartsTest$Read.class
has\t:test\troman.InPartsTest$Written\tInPartsTest$Written.class
has\t:test\troman.DiesTest\tDiesTest.class
has\t:test\troman.InPartsTest\tInPartsTest.class
open
open
begin\troman.SignTest
end\troman.SignTest\tpassed\t92
begin\troman.InPartsTest$Read
end\troman.InPartsTest$Read\tpassed\t8
begin\troman.DiesTest
close
task\tdone
";

    fn told(text: &str) -> Told {
        let mut told = Told::default();
        text.lines().for_each(|line| told.add(line));
        told
    }

    /// Files of which it is not known what is in them.
    fn with_files(mut told: Told) -> (Told, tempfile::TempDir) {
        let dir = tempfile::TempDir::new().unwrap();
        for (_, _, file) in &mut told.files {
            *file = dir.path().join(&file);
            fs::write(file, "").unwrap();
        }
        (told, dir)
    }

    #[test]
    fn a_class_is_what_all_in_it_came_to_and_one_without_tests_was_left_out() {
        let mut told = told(WHOLE);
        assert!(told.has_come_to_its_end());
        let tests = ["roman.TestNumbers", "roman.SignTest", "roman.Unknown"].map(str::to_owned);
        assert_eq!(told.leave_out_those_without_tests(&tests), ["roman.TestNumbers"]);
        let mut expected = Cases::default();
        expected.extend(
            [
                ("roman.SignTest", SplitOutcome::Passed, 73),
                ("roman.LaterTest", SplitOutcome::Skipped, 8),
                ("roman.WrongTest", SplitOutcome::Failed, 2),
                ("roman.InPartsTest", SplitOutcome::Passed, 22),
                ("roman.TestNumbers", SplitOutcome::Skipped, 0),
            ]
            .map(|(test, outcome, ms)| (test.to_owned(), outcome, Duration::from_millis(ms))),
        );
        assert_eq!(told.cases, expected);
    }

    #[test]
    fn a_process_that_halts_takes_all_results_with_it_that_may_lack_a_part() {
        let (mut told, _dir) = with_files(told(HALTED));
        assert!(!told.has_come_to_its_end());
        told.forget_what_may_lack_a_part().unwrap();
        let left = ["roman.SignTest", "roman.InPartsTest", "roman.DiesTest"].map(|test| told.cases.has(test));
        assert_eq!(left, [true, false, false]);
    }

    #[test]
    fn a_task_that_was_never_come_to_may_have_had_more_of_any_class() {
        let (mut told, _dir) = with_files(told(&WHOLE.replace("tasks\t1", "tasks\t2")));
        assert!(!told.has_come_to_its_end());
        told.forget_what_may_lack_a_part().unwrap();
        assert_eq!(told.cases, Cases::default());
    }

    #[test]
    fn what_did_not_run_now_has_not_come_to_its_end() {
        assert!(told("tasks\t1\ntask\tdone\n").has_come_to_its_end());
        assert!(!told("tasks\t1\ntask\tnot\n").has_come_to_its_end());
        assert!(!told("tasks\t1\n").has_come_to_its_end());
    }

    #[test]
    fn a_path_is_a_text_in_the_script() {
        assert_eq!(definition(("told", Some(Path::new(r"/a b/it's\so")))), "def told = '/a b/it\\'s\\\\so'\n");
        assert_eq!(definition(("tests", None)), "def tests = null\n");
    }

    #[test]
    fn tasks_may_be_named() {
        assert_eq!(task(&["--info", "-Pfast=true"]), Some("test"));
        assert_eq!(task(&[":core:test"]), None);
    }
}
