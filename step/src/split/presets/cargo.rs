//! Rust: the tests of all test programs that `cargo test` builds, each in a process of its own. A test is called as
//! nextest calls it: `PACKAGE::PROGRAM path::of::test`. Doc tests are in no program and so not among them.

use super::each::{self, Ended, Shown, Task};
use super::told::Events;
use super::{Runner, code, program, unstarted};
use serde_json::Value;
use sidings_proto::split::SplitOutcome;
use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) struct Cargo;

impl Runner for Cargo {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let programs = match build(arguments)? {
            Ok(programs) => programs,
            Err(code) => return Ok(Err(code)),
        };
        let mut tests = Vec::new();
        for (name, built) in &programs.all {
            let mut command = programs.command(built)?;
            let listed = command.args(["--list", "--format", "terse"]).stderr(Stdio::inherit()).output();
            let listed = listed.map_err(|error| unstarted(&command, &error))?;
            if !listed.status.success() {
                writeln!(io::stderr(), "{name} cannot list its tests: {}", listed.status)?;
                return Ok(Err(code(listed.status)));
            }
            let printed = String::from_utf8_lossy(&listed.stdout).into_owned();
            tests.extend(
                printed.lines().filter_map(|line| line.strip_suffix(": test")).map(|test| format!("{name} {test}")),
            );
        }
        Ok(Ok(tests))
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let programs = match build(arguments)? {
            Ok(programs) => programs,
            Err(code) => return Ok(code),
        };
        let task = |test: &String| {
            let (name, path) = test.split_once(' ')?;
            let mut command = programs.command(programs.all.get(name)?).ok()?;
            command.args(["--exact", path]).stdin(Stdio::null());
            Some(Task { test: test.clone(), command })
        };
        each::run(tests.iter().filter_map(task).collect(), Shown::Failed, events, outcome)
    }
}

/// A program that ran no test knows none of this name.
fn outcome(ended: &Ended) -> Option<SplitOutcome> {
    let said = String::from_utf8_lossy(&ended.wrote);
    match ended.status.success() {
        false => Some(SplitOutcome::Failed),
        true if said.contains("1 passed; 0 failed; 0 ignored") => Some(SplitOutcome::Passed),
        true if said.contains("0 passed; 0 failed; 1 ignored") => Some(SplitOutcome::Skipped),
        true => None,
    }
}

/// A test program.
struct Built {
    path: PathBuf,
    /// Its package's folder, in which it runs.
    folder: PathBuf,
    package: String,
}

/// Where libraries are looked for first.
const LIBRARIES: &str = if cfg!(target_os = "macos") { "DYLD_FALLBACK_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// The programs, and the folders of libraries that `cargo test` tells them.
#[derive(Default)]
struct Programs {
    all: BTreeMap<String, Built>,
    libraries: Vec<PathBuf>,
}

impl Programs {
    fn command(&self, built: &Built) -> io::Result<Command> {
        let own = built.path.parent().into_iter().flat_map(|deps| [Some(deps), deps.parent()]).flatten();
        let given = env::var_os(LIBRARIES);
        let given = given.iter().flat_map(env::split_paths);
        let all = self.libraries.iter().cloned().chain(own.map(Path::to_owned)).chain(given);
        let mut command = built.command();
        command.env(LIBRARIES, env::join_paths(all).map_err(io::Error::other)?);
        Ok(command)
    }

    /// What a line of cargo's tells: a program, or where a build script put libraries.
    fn add(&mut self, message: &Value) {
        self.all.extend(built(message));
        if message["reason"] == "build-script-executed" {
            let paths = message["linked_paths"].as_array().into_iter().flatten().filter_map(Value::as_str);
            self.libraries
                .extend(paths.map(|path| path.split_once('=').map_or(path, |(_, path)| path)).map(PathBuf::from));
        }
    }
}

impl Built {
    fn command(&self) -> Command {
        let mut command = program(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command.env("CARGO_PKG_NAME", &self.package);
        command
    }
}

/// Builds all test programs; they are known by names that stay the same from build to build.
fn build(arguments: &[&str]) -> io::Result<Result<Programs, u8>> {
    let mut command = program("cargo");
    command.args(["test", "--no-run", "--message-format=json-render-diagnostics"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| unstarted(&command, &error))?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("cargo has no output"))?;
    let mut programs = Programs::default();
    for line in BufReader::new(stdout).split(b'\n') {
        serde_json::from_slice(&line?).iter().for_each(|message| programs.add(message));
    }
    programs.libraries.extend(of_rust());
    let status = child.wait()?;
    Ok(if status.success() { Ok(programs) } else { Err(code(status)) })
}

/// Rust's own libraries, which tests of procedural macros link.
fn of_rust() -> Option<PathBuf> {
    let told = program("rustc").args(["--print", "target-libdir"]).stdin(Stdio::null()).output().ok()?;
    let folder = String::from_utf8(told.stdout).ok()?;
    told.status.success().then(|| PathBuf::from(folder.trim_end()))
}

fn built(message: &Value) -> Option<(String, Built)> {
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let path = message["executable"].as_str().filter(|_| is_test)?;
    let package = package(message["package_id"].as_str()?)?.to_owned();
    let target = message["target"]["name"].as_str()?;
    let name = match message["target"]["kind"][0].as_str()? {
        "test" => format!("{package}::{target}"),
        kind @ ("bin" | "example" | "bench") => format!("{package}::{kind}/{target}"),
        _ => package.clone(),
    };
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
    Some((name, Built { path: path.into(), folder, package }))
}

/// `roman 0.1.0 (path+file:///w)` of older ones, `path+file:///w#roman@0.1.0` or `path+file:///w/roman#0.1.0`.
fn package(id: &str) -> Option<&str> {
    if let Some((name, _)) = id.split_once(' ') {
        return Some(name);
    }
    let (place, name) = id.split_once('#')?;
    name.split_once('@').map(|(name, _)| name).or_else(|| place.rsplit('/').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_known_by_its_name_however_cargo_says_it() {
        let ids = ["roman 0.1.0 (path+file:///w)", "path+file:///w#roman@0.1.0", "path+file:///w/roman#0.1.0"];
        assert_eq!(ids.map(package), [Some("roman"); 3]);
    }

    #[test]
    fn a_program_is_named_by_its_kind_and_what_is_no_test_is_left_out() {
        let message = |kind: &str, test: bool| {
            let text = format!(
                "{{\"reason\":\"compiler-artifact\",\"package_id\":\"roman 0.1.0 (path+file:///w)\",\
                 \"manifest_path\":\"/w/Cargo.toml\",\"target\":{{\"kind\":[\"{kind}\"],\"name\":\"it\"}},\
                 \"profile\":{{\"test\":{test}}},\"executable\":\"/w/target/it-1\"}}"
            );
            built(&serde_json::from_str(&text).unwrap()).map(|(name, _)| name)
        };
        assert_eq!(message("lib", true).as_deref(), Some("roman"));
        assert_eq!(message("test", true).as_deref(), Some("roman::it"));
        assert_eq!(message("bin", true).as_deref(), Some("roman::bin/it"));
        assert_eq!(message("bin", false), None);
    }
}
