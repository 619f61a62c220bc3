//! A folder of the client's own in the container, for lists, results, and what presets bring along.

use sidings_proto::split::Preset;
use sidings_proto::step::WORKSPACE;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const PYTEST_PLUGIN: &str = include_str!("pytest_plugin.py");

/// The folder, removed when it is dropped.
pub(super) struct Folder {
    path: PathBuf,
    preset: Preset,
}

impl Folder {
    /// Where temporary files go; in the workspace, where an image has no such place.
    pub(super) fn make(preset: Preset) -> io::Result<Folder> {
        let places = env::var_os("TMPDIR").map(PathBuf::from).into_iter().chain(["/tmp".into(), WORKSPACE.into()]);
        let mut error = io::Error::other("there is no place for temporary files");
        for place in places {
            let path = place.join(format!(".sidings-split-{}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Folder { path, preset }.furnished(),
                Err(refused) => error = io::Error::new(refused.kind(), format!("make {}: {refused}", path.display())),
            }
        }
        Err(error)
    }

    fn furnished(self) -> io::Result<Folder> {
        if self.preset == Preset::Pytest {
            fs::write(self.path.join("sidings_split.py"), PYTEST_PLUGIN)?;
        }
        Ok(self)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// An empty folder for one batch.
    pub(super) fn of_batch(&self, number: u64) -> io::Result<PathBuf> {
        let path = self.path.join(format!("batch-{number}"));
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// Lets a program find what its preset brings along.
    pub(super) fn equip(&self, command: &mut Command) {
        if self.preset == Preset::Pytest {
            command.env("PYTHONPATH", with("PYTHONPATH", &self.path.display().to_string(), ":"));
            command.env("PYTEST_ADDOPTS", with("PYTEST_ADDOPTS", "-p sidings_split", " "));
        }
    }
}

/// A variable with something before what it holds.
fn with(name: &str, first: &str, between: &str) -> String {
    match env::var(name) {
        Ok(rest) if !rest.is_empty() => format!("{first}{between}{rest}"),
        Ok(_) | Err(_) => first.to_owned(),
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The container goes soon, and its files with it.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The script as a program, in a process group of its own.
pub(super) fn script(shell: &[String], script: &str) -> io::Result<Command> {
    use std::os::unix::process::CommandExt;
    let (program, arguments) = shell.split_first().ok_or_else(|| io::Error::other("there is no shell"))?;
    let mut command = Command::new(program);
    command.args(arguments).arg(script).process_group(0);
    Ok(command)
}

/// Whether there is anything in a file.
pub(super) fn has_something(file: &Path) -> bool {
    file.metadata().is_ok_and(|about| about.is_file() && about.len() > 0)
}
