//! Source trees and git repositories for tests.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes a folder with these files.
pub(crate) fn tree(dir: PathBuf, files: &[(&str, &str)]) -> PathBuf {
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// Copies an example project of this repository.
pub(crate) fn copy_example(name: &str, into: PathBuf) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let status = Command::new("cp").arg("-r").arg(from).arg(&into).status().unwrap();
    assert!(status.success(), "cp failed");
    into
}

/// Runs git, as a person with a name, and gives what it printed (stdout and stderr).
pub(crate) fn git(cwd: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(cwd).args(["-c", "user.name=T", "-c", "user.email=t@example.invalid"]).args(args);
    let (code, stdout, stderr) = super::run(command);
    assert_eq!(code, 0, "git {args:?}: {stderr}");
    stdout + &stderr
}
