//! Test runners that are asked in their own ways: `sidings split list RUNNER` lists their tests, `sidings split run
//! RUNNER` runs those of a batch and tells of each. What stands behind `--` is for the runner itself, in both.
//!
//! One file each. A test that was listed is found again under the same name in what the runner says, and what it says
//! nothing of has no result: nothing here takes a test for passed because the others were.

mod cargo;
mod classes;
mod ctest;
mod each;
mod follow;
mod go;
mod gradle;
mod jest;
mod json;
mod maven;
mod node;
mod phpunit;
mod playwright;
mod reports;
mod rspec;
mod told;
mod vitest;

use sidings_proto::split::Preset;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use told::Events;

/// What a shell would say of a program that a signal ended begins here.
const KILLED: u8 = 128;
/// No code is known.
const FAILED: u8 = 1;

/// A test runner.
trait Runner {
    /// The ids of its tests, or the code with which it failed to list them.
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>>;

    /// Runs these tests, tells of each, and gives the code to end with.
    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8>;
}

fn of(preset: Preset) -> Option<&'static dyn Runner> {
    Some(match preset {
        // These are told by what comes along with them, or by the project itself.
        Preset::Lines | Preset::Pytest => return None,
        Preset::Cargo => &cargo::Cargo,
        Preset::Ctest => &ctest::Ctest,
        Preset::Go => &go::Go,
        Preset::Gradle => &gradle::Gradle,
        Preset::Jest => &jest::Jest,
        Preset::Maven => &maven::Maven,
        Preset::Node => &node::Node,
        Preset::Phpunit => &phpunit::Phpunit,
        Preset::Playwright => &playwright::Playwright,
        Preset::Rspec => &rspec::Rspec,
        Preset::Vitest => &vitest::Vitest,
    })
}

fn named(name: &str) -> io::Result<&'static dyn Runner> {
    let preset = Preset::ALL.into_iter().find(|preset| preset.as_str() == name);
    preset.and_then(of).ok_or_else(|| {
        let known = Preset::ALL.into_iter().filter(|preset| of(*preset).is_some()).map(Preset::as_str);
        io::Error::other(format!("`{name}` is no test runner: {} are", known.collect::<Vec<_>>().join(", ")))
    })
}

/// Lists a runner's tests, into `$SPLIT_LIST` or, for people, as lines.
pub(crate) fn list(name: &str, arguments: &[&str]) -> io::Result<u8> {
    let tests = match named(name)?.list(without_dashes(arguments))? {
        Ok(tests) => tests,
        Err(code) => return Ok(code),
    };
    match env::var_os("SPLIT_LIST") {
        Some(list) => fs::write(list, tests.iter().flat_map(|test| [test, "\0"]).collect::<String>())?,
        None => tests.iter().try_for_each(|test| writeln!(io::stdout(), "{test}"))?,
    }
    Ok(0)
}

/// Runs the tests of `$SPLIT_FILE0`.
pub(crate) fn run(name: &str, arguments: &[&str]) -> io::Result<u8> {
    let runner = named(name)?;
    let missing = |what: &str| io::Error::other(format!("there is no batch: ${what} is not set"));
    let tests = fs::read_to_string(env::var_os("SPLIT_FILE0").ok_or_else(|| missing("SPLIT_FILE0"))?)?;
    let tests: Vec<String> = tests.split('\0').filter(|test| !test.is_empty()).map(str::to_owned).collect();
    let mut events = Events::open(&env::var_os("SPLIT_EVENTS").ok_or_else(|| missing("SPLIT_EVENTS"))?)?;
    runner.run(without_dashes(arguments), &tests, &mut events)
}

fn without_dashes<'a, 'b>(arguments: &'a [&'b str]) -> &'a [&'b str] {
    arguments.strip_prefix(&["--"]).unwrap_or(arguments)
}

/// A folder that goes with the batch.
fn beside_the_batch() -> PathBuf {
    let file = env::var_os("SPLIT_FILE0").or_else(|| env::var_os("SPLIT_LIST")).map(PathBuf::from);
    file.and_then(|file| file.parent().map(PathBuf::from)).unwrap_or_else(env::temp_dir)
}

/// A program of the image, which sees nothing of the batch: tests may start their own runners.
fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    for of_the_batch in ["SPLIT_FILE", "SPLIT_FILE0", "SPLIT_EVENTS", "SPLIT_JUNIT", "SPLIT_LIST"] {
        command.env_remove(of_the_batch);
    }
    command
}

/// A program of Node.js: the project's own, else the image's.
fn node_program(name: &str) -> Command {
    let own = Path::new("node_modules/.bin").join(name);
    let mut command = program(if own.exists() { own.as_os_str() } else { OsStr::new(name) });
    command.stdin(Stdio::null());
    command
}

/// A program that could not even be started, by its name.
fn unstarted(command: &Command, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("start {}: {error}", command.get_program().to_string_lossy()))
}

/// As a shell would give it.
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let signal = status.signal().and_then(|signal| u8::try_from(signal).ok()).map(|signal| KILLED + signal);
    status.code().and_then(|code| u8::try_from(code).ok()).or(signal).unwrap_or(FAILED)
}
