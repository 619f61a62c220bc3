//! Node.js: files of tests for its own test runner, each in a process of its own. The runner cannot list single tests
//! without running them, so a file is what is handed out, by its path.

use super::each::{self, Ended, Shown, Task};
use super::told::Events;
use super::{Runner, program};
use sidings_proto::split::SplitOutcome;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What ends a program for Node.js.
const ENDINGS: [&str; 3] = [".js", ".cjs", ".mjs"];
/// All in folders of this name is a test.
const FOLDER: &str = "test";
/// Others' code.
const MODULES: &str = "node_modules";

pub(super) struct Node;

impl Runner for Node {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let places: Vec<&str> = arguments.iter().copied().filter(|word| !word.starts_with('-')).collect();
        let mut files = Vec::new();
        for place in if places.is_empty() { vec![""] } else { places } {
            match Path::new(place).is_file() {
                true => files.push(PathBuf::from(place)),
                false => search(Path::new(place), is_of_tests(Path::new(place)), &mut files)?,
            }
        }
        files.sort();
        files.dedup();
        Ok(Ok(files.iter().map(|file| file.to_string_lossy().into_owned()).collect()))
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let task = |test: &String| {
            let mut command = program("node");
            // Without `--test`, which since Node.js 21 takes a path with brackets for a pattern.
            command.arg("--test-reporter=spec").args(arguments.iter().filter(|word| word.starts_with('-')));
            command.arg("--").arg(Path::new(".").join(test)).stdin(Stdio::null());
            Task { test: test.clone(), command }
        };
        each::run(tests.iter().map(task).collect(), Shown::All, events, outcome)
    }
}

fn outcome(ended: &Ended) -> Option<SplitOutcome> {
    Some(if ended.status.success() { SplitOutcome::Passed } else { SplitOutcome::Failed })
}

fn is_of_tests(folder: &Path) -> bool {
    folder.components().any(|part| part.as_os_str() == FOLDER)
}

/// As `node --test` searches; links are not followed, so there is an end.
fn search(folder: &Path, all: bool, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in fs::read_dir(shown)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name().to_string_lossy().into_owned(), entry.file_type()?);
        let path = folder.join(&name);
        if kind.is_dir() && name != MODULES && !name.starts_with('.') {
            search(&path, all || name == FOLDER, files)?;
        } else if kind.is_file() && is_test(&name, all) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_test(name: &str, all: bool) -> bool {
    let Some(stem) = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)) else { return false };
    let ends_so = |end: &str| stem.len() > end.len() && stem.ends_with(end);
    all || stem == "test" || stem.starts_with("test-") || [".test", "-test", "_test"].into_iter().any(ends_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_those_that_node_would_take() {
        for name in ["a.test.js", "a-test.cjs", "a_test.mjs", "test-a.js", "test.js"] {
            assert!(is_test(name, false), "{name}");
        }
        for name in ["a.js", "testa.js", "atest.js", "a.test.ts", ".test.js", "a.test.json"] {
            assert!(!is_test(name, false), "{name}");
        }
        assert!(is_test("helper.js", true) && !is_test("helper.json", true));
    }

    #[test]
    fn modules_of_others_and_hidden_folders_are_not_searched() {
        let dir = tempfile::TempDir::new().unwrap();
        for file in ["node_modules/a/a.test.js", ".git/a.test.js", "src/a.test.js", "src/a.js", "test/deep/b.mjs"] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let mut files = Vec::new();
        search(dir.path(), false, &mut files).unwrap();
        files.sort();
        let files: Vec<_> = files.iter().map(|file| file.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(files, ["src/a.test.js", "test/deep/b.mjs"]);
    }
}
