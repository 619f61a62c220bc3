//! Go: tests, examples and fuzz seeds of packages, by `go test -json`. A test is called `PACKAGE.TestName`.
//!
//! A package that cannot be built has no tests to list, so listing fails then, with what the compiler said.

use super::told::Events;
use super::{Runner, code, program, unstarted};
use serde_json::Value;
use sidings_proto::split::SplitOutcome;
use std::io::{self, BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

/// Benchmarks are none.
const TESTS: &str = "^(Test|Example|Fuzz)";
/// The longest expression that is given to one `go test`, in bytes.
const EXPRESSION_MAX: usize = 48 * 1024;
const EVERYTHING: &str = "./...";

pub(super) struct Go;

impl Runner for Go {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let mut tests = Vec::new();
        let (mut words, packages) = flags_and_packages(arguments);
        words.extend(["-list", TESTS]);
        words.extend(packages);
        let code = go_test(&words, |event| {
            let said = event["Output"].as_str().unwrap_or_default();
            let name = said.trim_end();
            match event["Package"].as_str() {
                Some(package) if is_test(name) => tests.push(format!("{package}.{name}")),
                // Compilers speak here as well, and `ok` is of no use.
                _ if !said.starts_with("ok ") && !said.contains("[no test files]") => {
                    io::stderr().write_all(said.as_bytes())?
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(if code == 0 { Ok(tests) } else { Err(code) })
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let (flags, _) = flags_and_packages(arguments);
        let mut last = 0;
        for (package, names) in by_package(tests) {
            let expression = format!("^({})$", names.join("|"));
            // A pass that Go remembers from another time is none; the user's own flags come later, and count.
            let mut words = vec!["-count=1"];
            words.extend(&flags);
            words.extend(["-run", &expression, package]);
            let code = go_test(&words, |event| tell(&event, events))?;
            last = if code == 0 { last } else { code };
        }
        Ok(last)
    }
}

fn is_test(name: &str) -> bool {
    let is_word = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    is_word && ["Test", "Example", "Fuzz"].iter().any(|begin| name.starts_with(begin))
}

/// What begins with a dash is for `go test`, and what does not is a package. A flag's value stands behind its `=`.
fn flags_and_packages<'a>(arguments: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (flags, packages): (Vec<_>, Vec<_>) = arguments.iter().partition(|word| word.starts_with('-'));
    (flags, if packages.is_empty() { vec![EVERYTHING] } else { packages })
}

/// The names of each package, in the order in which they come, and no more of them at once than an expression may have.
fn by_package(tests: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut packages: Vec<(&str, Vec<&str>)> = Vec::new();
    for (package, name) in tests.iter().filter_map(|test| test.rsplit_once('.')) {
        let has_room = |names: &Vec<&str>| names.iter().map(|name| name.len() + 1).sum::<usize>() < EXPRESSION_MAX;
        match packages.iter_mut().find(|(known, names)| *known == package && has_room(names)) {
            Some((_, names)) => names.push(name),
            None => packages.push((package, vec![name])),
        }
    }
    packages
}

/// Runs `go test -json` and hands on what it says. What is no event is said as it is.
fn go_test(words: &[&str], mut each: impl FnMut(Value) -> io::Result<()>) -> io::Result<u8> {
    let mut command = program("go");
    command.args(["test", "-json"]).args(words).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| unstarted(&command, &error))?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("go has no output"))?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        match serde_json::from_slice::<Value>(&line) {
            Ok(event) if event.is_object() => each(event)?,
            Ok(_) | Err(_) => writeln!(io::stderr(), "{}", String::from_utf8_lossy(&line))?,
        }
    }
    Ok(code(child.wait()?))
}

/// A part of a test, which has a `/` in its name, says nothing that the test does not.
fn tell(event: &Value, events: &mut Events) -> io::Result<()> {
    if let Some(said) = event["Output"].as_str() {
        return io::stdout().write_all(said.as_bytes());
    }
    let (Some(package), Some(name)) = (event["Package"].as_str(), event["Test"].as_str()) else { return Ok(()) };
    if name.contains('/') {
        return Ok(());
    }
    let test = format!("{package}.{name}");
    let took = Duration::try_from_secs_f64(event["Elapsed"].as_f64().unwrap_or_default()).unwrap_or_default();
    match event["Action"].as_str() {
        Some("run") => events.started(&test),
        Some("pass") => events.ended(&test, SplitOutcome::Passed, took),
        Some("fail") => events.ended(&test, SplitOutcome::Failed, took),
        Some("skip") => events.ended(&test, SplitOutcome::Skipped, took),
        Some(_) | None => Ok(()),
    }
}
