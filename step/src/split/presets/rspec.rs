//! RSpec: examples by their ids, as in `./spec/a_spec.rb[1:2]`, told by a formatter that comes along.

use super::told::Events;
use super::{Runner, beside_the_batch, code, program, unstarted};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

const FORMATTER: &str = include_str!("rspec_formatter.rb");

pub(super) struct Rspec;

impl Runner for Rspec {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let list = beside_the_batch().join("rspec-list");
        let mut command = rspec()?;
        command.arg("--dry-run").args(arguments).env("SIDINGS_LIST", &list);
        let code = ended(command)?;
        let listed = read(&list)?;
        let ids = listed.split('\0').filter(|id| !id.is_empty()).map(str::to_owned);
        Ok(if code == 0 { Ok(ids.collect()) } else { Err(code) })
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let mut command = rspec()?;
        let flags = arguments.iter().filter(|word| word.starts_with('-'));
        command.args(["--format", "documentation"]).args(flags).args(tests).env("SIDINGS_EVENTS", events.path());
        ended(command)
    }
}

fn rspec() -> io::Result<Command> {
    let formatter = beside_the_batch().join("sidings_split.rb");
    fs::write(&formatter, FORMATTER)?;
    let mut command = program("rspec");
    command.arg("--require").arg(formatter).args(["--format", "SidingsSplit"]).stdin(Stdio::null());
    Ok(command)
}

fn ended(mut command: Command) -> io::Result<u8> {
    Ok(code(command.status().map_err(|error| unstarted(&command, &error))?))
}

/// A file that nobody wrote is empty.
fn read(file: &Path) -> io::Result<String> {
    match fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}
