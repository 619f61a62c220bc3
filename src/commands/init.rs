//! `sidings init`: a first pipeline, and a Dockerfile when there is none, for what the folder holds. It writes only
//! what is not there.

use super::output::{print, write_new};
use crate::args::InitArgs;
use crate::exit::{Exit, Refusal};
use sidings_pipeline::FILE;
use std::path::Path;

/// What a project is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    /// Its name.
    name: &'static str,
    /// Files that tell it.
    signs: &'static [&'static str],
    /// Packages of Debian that its environment needs.
    packages: &'static [&'static str],
    /// Its steps: name and command.
    steps: &'static [(&'static str, &'static str)],
}

impl Kind {
    /// What it is, as people say it.
    fn project(self) -> String {
        format!("{} project", self.name).trim_start().to_owned()
    }
}

/// The first whose sign is there counts; the last has none.
const KINDS: [Kind; 7] = [
    Kind {
        name: "Rust",
        signs: &["Cargo.toml"],
        packages: &["cargo", "rustc"],
        steps: &[("build", "cargo build --all-targets"), ("test", "cargo test")],
    },
    Kind {
        name: "Go",
        signs: &["go.mod"],
        packages: &["ca-certificates", "golang-go"],
        steps: &[("vet", "go vet ./..."), ("test", "go test ./...")],
    },
    Kind {
        name: "Node",
        signs: &["package.json"],
        packages: &["ca-certificates", "nodejs", "npm"],
        steps: &[("install", "npm install"), ("test", "npm test")],
    },
    Kind {
        name: "Python",
        signs: &["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "pytest.ini", "tox.ini"],
        packages: &["python3", "python3-pytest"],
        steps: &[("test", "python3 -m pytest")],
    },
    Kind {
        name: "C (CMake)",
        signs: &["CMakeLists.txt"],
        packages: &["cmake", "g++", "gcc", "make"],
        steps: &[
            ("configure", "cmake -S . -B out"),
            ("build", "cmake --build out"),
            ("test", "ctest --test-dir out --output-on-failure"),
        ],
    },
    Kind {
        name: "make",
        signs: &["Makefile", "makefile", "GNUmakefile"],
        packages: &["g++", "gcc", "make"],
        steps: &[("build", "make"), ("test", "make test")],
    },
    Kind {
        name: "",
        signs: &[],
        packages: &[],
        steps: &[("hello", "echo \"replace this by what checks the project\"")],
    },
];

pub(super) fn init(args: &InitArgs) -> anyhow::Result<Exit> {
    let root = &args.path;
    anyhow::ensure!(root.is_dir(), Refusal::usage(format!("there is no folder {}", root.display())));
    let kind = kind_of(root);
    if !write_new(&root.join(FILE), &pipeline(kind))? {
        return Err(Refusal::configuration(format!(
            "{} is there already and stays as it is",
            root.join(FILE).display()
        )));
    }
    let mut told = format!("wrote {} for a {}\n", root.join(FILE).display(), kind.project());
    if write_new(&root.join("Dockerfile"), &dockerfile(kind))? {
        told.push_str(&format!("wrote {}: the environment of its jobs\n", root.join("Dockerfile").display()));
    }
    print(&format!("{told}look at them, then run it here: sidings run\n"))?;
    Ok(Exit::Passed)
}

fn kind_of(root: &Path) -> Kind {
    let tells = |kind: &&Kind| kind.signs.is_empty() || kind.signs.iter().any(|sign| root.join(sign).is_file());
    let [.., other] = KINDS;
    KINDS.iter().find(tells).copied().unwrap_or(other)
}

fn pipeline(kind: Kind) -> String {
    let steps = kind.steps.iter().map(|(name, run)| format!("      - name: {name}\n        run: {run}\n"));
    format!(
        "# What is to be run for each commit. `sidings lint` checks this file, `sidings run` runs it here.\n\
         \n\
         # The environment of every job: the Dockerfile next to this file.\n\
         build: .\n\
         \n\
         # Jobs run at once, each with its own copy of the files; `needs: [other]` makes one wait.\n\
         jobs:\n\
         \x20 test:\n\
         \x20   timeout: 15m\n\
         \x20   # Each step is a container of its own; the first that fails ends the job.\n\
         \x20   steps:\n{}",
        steps.collect::<String>()
    )
}

fn dockerfile(kind: Kind) -> String {
    let packages: String = kind.packages.iter().map(|package| format!("        {package} \\\n")).collect();
    let install = format!(
        "RUN apt-get update \\\n && apt-get install -y --no-install-recommends \\\n{packages} && rm -rf /var/lib/apt/lists/*\n"
    );
    let install = if kind.packages.is_empty() { String::new() } else { install };
    format!(
        "# What the steps of .sidings.yml find installed. Pin versions here: everybody then builds with the same.\nFROM debian:bookworm-slim\n{install}"
    )
}

#[cfg(test)]
mod tests;
