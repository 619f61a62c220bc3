//! CTest: tests of a build folder, by what `ctest` prints. A test is called by its name and run by its number, as its
//! names may be any text and its expressions for names may not.
//!
//! Its JUnit is not read: a test whose program is missing stands there like one that was left out.

use super::told::Events;
use super::{Runner, code, program, unstarted};
use sidings_proto::split::SplitOutcome;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Behind the name of a test that is listed and will not be run.
const DISABLED: &str = " (Disabled)";

pub(super) struct Ctest;

impl Runner for Ctest {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let mut names = Vec::new();
        let code = each_line(numbers(arguments), |line| {
            names.extend(listed(line).map(|(_, name)| name.to_owned()));
            Ok(())
        })?;
        Ok(if code == 0 { Ok(names) } else { Err(code) })
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let mut known = BTreeMap::new();
        let listing = each_line(numbers(arguments), |line| {
            known.extend(listed(line).map(|(number, name)| (name.to_owned(), number)));
            Ok(())
        })?;
        let wanted: Vec<u32> = tests.iter().filter_map(|test| known.get(test).copied()).collect();
        let [first, ..] = wanted.as_slice() else { return Ok(listing) };
        let rest = wanted.iter().map(|number| format!(",{number}"));
        let mut command = program("ctest");
        command
            .args(arguments)
            .arg("--output-on-failure")
            .arg("-I")
            .arg(format!("{first},{first},1{}", rest.collect::<String>()));
        let names: BTreeMap<u32, &str> = known.iter().map(|(name, number)| (*number, name.as_str())).collect();
        each_line(command, |line| {
            writeln!(io::stdout(), "{line}")?;
            tell(line, &names, events)
        })
    }
}

fn numbers(arguments: &[&str]) -> Command {
    let mut command = program("ctest");
    command.args(arguments).arg("-N");
    command
}

fn each_line(mut command: Command, mut each: impl FnMut(&str) -> io::Result<()>) -> io::Result<u8> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| unstarted(&command, &error))?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("ctest has no output"))?;
    for line in BufReader::new(stdout).split(b'\n') {
        each(&String::from_utf8_lossy(&line?))?;
    }
    Ok(code(child.wait()?))
}

/// `  Test  #1: one`.
fn listed(line: &str) -> Option<(u32, &str)> {
    let (number, name) = numbered(line.trim_start().strip_prefix("Test ")?)?;
    Some((number, name.strip_suffix(DISABLED).unwrap_or(name)))
}

/// ` #1: one`.
fn numbered(text: &str) -> Option<(u32, &str)> {
    let (number, rest) = text.trim_start().strip_prefix('#').unwrap_or(text).trim_start().split_once(": ")?;
    Some((number.parse().ok()?, rest))
}

/// `    Start  1: one` and `1/5 Test  #1: one ...........   Passed    0.00 sec`.
fn tell(line: &str, names: &BTreeMap<u32, &str>, events: &mut Events) -> io::Result<()> {
    if let Some((number, name)) = line.trim_start().strip_prefix("Start ").and_then(numbered)
        && names.get(&number) == Some(&name)
    {
        return events.started(name);
    }
    match ended(line, names) {
        Some((name, outcome, took)) => events.ended(name, outcome, took),
        None => Ok(()),
    }
}

fn ended<'a>(line: &str, names: &BTreeMap<u32, &'a str>) -> Option<(&'a str, SplitOutcome, Duration)> {
    let (count, rest) = line.trim_start().split_once(" Test ")?;
    let is_count = count.chars().all(|letter| letter.is_ascii_digit() || letter == '/');
    let (number, rest) = numbered(rest).filter(|_| is_count)?;
    let name = names.get(&number)?;
    let rest = rest.strip_prefix(name)?.trim_start_matches([' ', '.']);
    let (status, seconds) = rest.strip_suffix(" sec").and_then(|rest| rest.rsplit_once(' ')).unwrap_or((rest, "0"));
    let outcome = match status.trim() {
        "Passed" => SplitOutcome::Passed,
        "***Skipped" | "***Not Run (Disabled)" => SplitOutcome::Skipped,
        _ => SplitOutcome::Failed,
    };
    let took = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Some((name, outcome, took.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use SplitOutcome::{Failed, Passed, Skipped};

    #[test]
    fn names_stand_behind_numbers_and_may_be_anything() {
        assert_eq!(listed("  Test  #1: one"), Some((1, "one")));
        assert_eq!(listed("  Test #10: a: \"b\" #2: c"), Some((10, "a: \"b\" #2: c")));
        assert_eq!(listed("  Test #11: later (Disabled)"), Some((11, "later")));
        assert_eq!(listed("Total Tests: 11"), None);
        assert_eq!(listed("Test project /work"), None);
    }

    #[test]
    fn an_end_is_told_in_ctests_own_words() {
        let names = BTreeMap::from([(2, "two words"), (10, "ten .. 1"), (11, "later")]);
        let end = |line: &str| ended(line, &names).map(|(name, outcome, took)| (name, outcome, took.as_millis()));
        assert_eq!(end("1/5 Test  #2: two words ....   Passed    0.25 sec"), Some(("two words", Passed, 250)));
        assert_eq!(
            end(" 2/5 Test #10: ten .. 1 ...***Exception: SegFault  1.50 sec"),
            Some(("ten .. 1", Failed, 1500))
        );
        assert_eq!(end("3/5 Test #11: later ....***Not Run (Disabled)   0.00 sec"), Some(("later", Skipped, 0)));
        assert_eq!(end("3/5 Test #11: later ....***Not Run   0.00 sec"), Some(("later", Failed, 0)));
        assert_eq!(end("3/5 Test #11: later ....***Skipped   0.00 sec"), Some(("later", Skipped, 0)));
        assert_eq!(end("5/5 Test #12: unknown ...   Passed    0.00 sec"), None);
    }
}
