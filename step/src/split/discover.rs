//! Finds the tests, and tells which they are, or why they could not be found.

use super::desk::{Desk, unexpected};
use super::folder::{Folder, script};
use super::{EXIT_RED, over, say};
use sidings_proto::split::Preset;
use sidings_proto::split::desk::{Ask, Sizes, Told, Work, files_of};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// pytest found no test, which is for the queue to say.
const PYTEST_NO_TESTS: i32 = 5;
/// Bytes at the end of what discovery said in which a reason is looked for.
const TAIL: u64 = 16 * 1024;
/// Characters of a reason.
const WHY_MAX: usize = 300;
/// How long something that discovery left running may keep its end of stderr open, before nothing of it is known.
const LINGERS: Duration = Duration::from_secs(1);

/// Runs discovery. Gives the code to end with, where there is nothing to run.
pub(super) fn discover(desk: &mut Desk, work: &Work, folder: &Folder) -> io::Result<Option<u8>> {
    let (printed, listed) = (folder.file("printed"), folder.file("list"));
    let mut command = script(&work.shell, &work.discover)?;
    command.stdout(File::create(&printed)?).env("SPLIT_LIST", &listed);
    folder.equip(&mut command);
    let (status, said) = run(command)?;
    let none = work.preset == Preset::Pytest && status.code() == Some(PYTEST_NO_TESTS);
    if !status.success() && !none {
        return failed(desk, status, &said, &printed).map(Some);
    }
    let list = if none || listed.exists() { &listed } else { &printed };
    if none {
        File::create(&listed)?;
    }
    let sizes = sizes(&String::from_utf8_lossy(&fs::read(list)?));
    if let Some(told) = desk.told_of_sizes(&sizes)?.filter(|told| *told != Told::Noted) {
        return Err(unexpected(&told));
    }
    let told = desk.ask_with(list, |bytes| Ask::List { bytes })?;
    if let Told::Over { passed, text } = &told {
        return over(*passed, text, None).map(Some);
    }
    if told == Told::Noted { Ok(None) } else { Err(unexpected(&told)) }
}

/// Runs it to its end. What it says at stderr goes on to ours as it comes, and the end of it comes here.
fn run(mut command: Command) -> io::Result<(ExitStatus, Receiver<Vec<u8>>)> {
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let (all_said, said) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        // Nobody waits for it where all went well: what discovery left running may go on talking.
        std::thread::spawn(move || all_said.send(passed_on(stderr, io::stderr())));
    }
    Ok((child.wait()?, said))
}

/// The end of all that was passed on.
fn passed_on(mut from: impl Read, mut to: impl Write) -> Vec<u8> {
    let (mut tail, mut some) = (Vec::new(), [0; 4096]);
    while let Ok(bytes @ 1..) = from.read(&mut some) {
        // A log that cannot be written is no reason to let a program wait for ever.
        let _ = to.write_all(&some[..bytes]);
        tail.extend_from_slice(&some[..bytes]);
        tail.drain(..tail.len().saturating_sub(TAIL as usize));
    }
    tail
}

fn failed(desk: &mut Desk, status: ExitStatus, said: &Receiver<Vec<u8>>, printed: &Path) -> io::Result<u8> {
    let mut printed = File::open(printed)?;
    io::copy(&mut printed, &mut io::stdout())?;
    let ended = format!("`discover` ended with {status}");
    say(&format!("the tests could not be listed: {ended}"))?;
    let from = printed.metadata()?.len().saturating_sub(TAIL);
    printed.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    printed.take(TAIL).read_to_end(&mut tail)?;
    let why = telling(&said.recv_timeout(LINGERS).unwrap_or_default(), &tail).unwrap_or(ended);
    let told = desk.ask(&Ask::Unlisted { why })?;
    if told == Told::Noted { Ok(EXIT_RED) } else { Err(unexpected(&told)) }
}

/// The last error of what was said, else of what was printed, which is mostly the list; else the last line that was
/// said.
fn telling(said: &[u8], printed: &[u8]) -> Option<String> {
    let (said, printed) = (String::from_utf8_lossy(said), String::from_utf8_lossy(printed));
    let said = || said.lines().rev().map(str::trim);
    let error = said().chain(printed.lines().rev().map(str::trim)).find(|line| is_error(line));
    let line = error.or_else(|| said().find(|line| !line.is_empty()));
    line.map(|line| line.chars().take(WHY_MAX).collect())
}

/// As compilers and languages say one: `error: …`, `TypeError: …`, `Error [CODE]: …`, `ERROR tests/a.py`.
fn is_error(line: &str) -> bool {
    ["Error", "ERROR", "error"].into_iter().any(|word| line.starts_with(word))
        || line.contains("Error: ")
        || line.contains("error: ")
}

/// Of all files that may be a test's: a large one probably takes longer, as long as nobody knows.
fn sizes(listed: &str) -> Sizes {
    let names: BTreeSet<&str> = listed.split(['\n', '\0']).flat_map(files_of).collect();
    let size = |name: &&str| fs::metadata(name).ok().filter(fs::Metadata::is_file).map(|about| about.len());
    names.iter().filter_map(|name| Some(((*name).to_owned(), size(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells_most_is_the_last_error_or_what_was_said_last() {
        let why = |said: &str, printed: &str| telling(said.as_bytes(), printed.as_bytes());
        let node = "Error [ERR_MODULE_NOT_FOUND]: Cannot find x\n    at new NodeError (node:1)\n\nNode.js v18\n";
        assert_eq!(why(node, "").unwrap(), "Error [ERR_MODULE_NOT_FOUND]: Cannot find x");
        let pytest = "a.py::b\nERROR a.py - ModuleNotFoundError: No module x\n!! Interrupted: 1 error !!\n";
        assert_eq!(why("a warning\n", pytest).unwrap(), "ERROR a.py - ModuleNotFoundError: No module x");
        assert_eq!(why("sh: 1: jest: not found\n\n", "a\n").unwrap(), "sh: 1: jest: not found");
        assert_eq!(why("\n", "a\nb\n"), None, "a list is no reason");
        assert_eq!(why(&format!("error: {}", "ü".repeat(999)), "").unwrap().chars().count(), WHY_MAX);
    }

    #[test]
    fn what_is_passed_on_is_kept_at_its_end() {
        let said = "x".repeat(TAIL as usize) + "end";
        let mut passed = Vec::new();
        let tail = passed_on(said.as_bytes(), &mut passed);
        assert!(tail.len() == TAIL as usize && tail.ends_with(b"xend"));
        assert_eq!(passed, said.as_bytes());
    }
}
