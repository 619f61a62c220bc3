//! `sidings lint`, and the look at a pipeline before it is sent anywhere.

use super::output::print;
use crate::args::LintArgs;
use crate::exit::{Exit, Refusal};
use crate::worktree::{self, Project};
use anyhow::Context as _;
use sidings_pipeline::{Context, Diagnostics, FILE, Files, Input};
use sidings_proto::Trigger;
use std::io;
use std::path::{Component, Path, PathBuf};

pub(super) async fn lint(args: LintArgs) -> anyhow::Result<Exit> {
    let file = if args.path.is_dir() { args.path.join(FILE) } else { args.path.clone() };
    let text = read(&file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let project = worktree::project(folder).await?;
    let found = look(&file.display().to_string(), &text, &project);
    if args.json {
        print(&crate::client::pretty(&found)?)?;
    } else {
        print(&found.render(true))?;
        print(&verdict(&file, &found))?;
    }
    Ok(if found.has_errors() { Exit::Configuration } else { Exit::Passed })
}

/// Whether a project's pipeline can be run; if not, everything that is wrong is shown on stderr.
pub(super) fn is_right(project: &Project) -> anyhow::Result<bool> {
    let text = read(&project.root.join(FILE))?;
    let found = look(FILE, &text, project);
    anstream::eprint!("{}", found.render(true));
    Ok(!found.has_errors())
}

fn look(name: &str, text: &str, project: &Project) -> Diagnostics {
    let context = Context {
        trigger: Trigger::Manual,
        commit: project.commit.clone(),
        default_branch: project.default_branch.clone(),
        project: project.name.clone(),
    };
    let files = Tree(project.root.clone());
    sidings_pipeline::lint(&Input { file: name, text, context: &context, files: &files })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let bytes = match std::fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Refusal::configuration(format!("there is no {shown}: `sidings init` writes a first one")));
        }
        bytes => bytes.with_context(|| format!("reading {shown}"))?,
    };
    String::from_utf8(bytes).with_context(|| format!("{shown} is not UTF-8"))
}

fn verdict(file: &Path, found: &Diagnostics) -> String {
    if found.has_errors() { String::new() } else { format!("{} is right\n", file.display()) }
}

/// The project's files as they are now. Paths lead nowhere else.
struct Tree(PathBuf);

impl Files for Tree {
    fn read(&self, path: &str) -> Option<String> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let bytes = inside.then(|| std::fs::read(self.0.join(path)).ok()).flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_below_the_root_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("project")).unwrap();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        std::fs::write(folder.path().join("project/Dockerfile"), "FROM scratch").unwrap();
        let tree = Tree(folder.path().join("project"));
        assert_eq!(tree.read("./Dockerfile").as_deref(), Some("FROM scratch"));
        assert_eq!(tree.read("../secret"), None);
        assert_eq!(tree.read(folder.path().join("secret").to_str().unwrap()), None);
    }

    #[test]
    fn no_pipeline_file_is_told_with_the_way_to_one() {
        let error = read(Path::new("/nowhere/.sidings.yml")).unwrap_err();
        assert!(error.to_string().contains("sidings init"));
        assert_eq!(crate::exit::exit_of(&error).code(), 64);
    }
}
