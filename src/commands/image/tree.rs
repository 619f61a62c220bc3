//! A project's files at one moment, and what of them is to be built: a folder's Dockerfile, or an image of the pipeline.

use crate::args::KeyArgs;
use crate::commands::lint;
use crate::exit::Refusal;
use crate::worktree::{self, Project};
use anyhow::Context;
use sidings_git::WorkTree;
use sidings_pipeline::place;
use sidings_proto::Environment;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A project's files.
#[derive(Debug)]
pub(super) struct Tree {
    /// The commit as it was asked for; none for the files as they are now.
    pub(super) revision: Option<String>,
    pub(super) root: PathBuf,
    /// Relative to the root; none when all that is there counts.
    pub(super) files: Option<Vec<PathBuf>>,
    /// The commit's time in milliseconds.
    pub(super) time: i64,
    /// Where a commit was checked out, until this is dropped.
    _folder: Option<TempDir>,
}

/// What is to be built.
#[derive(Debug)]
pub(super) struct Build {
    pub(super) context: String,
    pub(super) dockerfile: String,
    pub(super) target: Option<String>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) refresh_ms: Option<u64>,
}

impl Tree {
    /// The files as they are now; what git ignores is left out, as in a run.
    pub(super) async fn now(project: &Project) -> anyhow::Result<Tree> {
        let files = Some(worktree::files(&project.root).await?);
        Ok(Tree { revision: None, root: project.root.clone(), files, time: project.commit.time.0, _folder: None })
    }

    /// Those of a commit.
    pub(super) async fn of_commit(project: &Project, revision: &str) -> anyhow::Result<Tree> {
        let Some(tree) = WorkTree::find(&project.root).await? else {
            return Err(Refusal::usage(format!("{} is in no repository: it has no commits", project.root.display())));
        };
        let folder = tempfile::tempdir().context("making a folder for a commit")?;
        let Some(commit) = tree.check_out(revision, folder.path()).await? else {
            return Err(Refusal::usage(format!("there is no commit {revision:?} in {}", tree.root().display())));
        };
        let root = folder.path().join(project.root.strip_prefix(tree.root()).unwrap_or(Path::new("")));
        let time = commit.time.saturating_mul(1000);
        Ok(Tree { revision: Some(revision.to_owned()), root, files: None, time, _folder: Some(folder) })
    }

    /// What the arguments mean in these files.
    pub(super) fn build(&self, args: &KeyArgs, folder: Option<&Path>) -> anyhow::Result<Build> {
        let names = worktree::pipelines(&self.root).map_err(Refusal::configuration)?;
        match folder {
            Some(folder) => of_folder(folder),
            None if names.is_empty() && args.env.is_none() => of_folder(Path::new("")),
            None => {
                let pipeline = place::pick(&names, args.pipeline.as_deref()).map_err(Refusal::configuration)?;
                self.of_pipeline(pipeline.as_deref(), args.env.as_deref())
            }
        }
    }

    fn of_pipeline(&self, pipeline: Option<&str>, wanted: Option<&str>) -> anyhow::Result<Build> {
        let file = place::path_of(pipeline);
        let text = lint::read(&self.root.join(&file))?;
        let images = sidings_pipeline::images(&file, &text, &lint::Tree::of(&self.root));
        let mut images = images.map_err(|found| Refusal::configuration(found.render(false)))?;
        let known: Vec<String> = images.keys().filter(|name| !name.is_empty()).cloned().collect();
        let among = format!("{file} names {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") });
        let environment = match wanted {
            Some(name) => images.remove(name).filter(|_| !name.is_empty()),
            None => images.remove("").or_else(|| only(images)),
        };
        match (environment, wanted) {
            (Some(Environment::Build { context, dockerfile, target, args, refresh_ms, .. }), _) => {
                Ok(Build { context, dockerfile, target, args, refresh_ms })
            }
            (Some(Environment::Image { reference }), _) => {
                Err(Refusal::usage(format!("{reference} is fetched and not built: it has no key")))
            }
            (None, Some(name)) => Err(Refusal::usage(format!("there is no image {name:?}: {among}"))),
            (None, None) => Err(Refusal::usage(format!("say which image with --env: {among}"))),
        }
    }
}

fn only(images: BTreeMap<String, Environment>) -> Option<Environment> {
    let built = |image: &Environment| matches!(image, Environment::Build { .. });
    let mut built = images.into_values().filter(built);
    built.next().filter(|_| built.next().is_none())
}

/// As `build: FOLDER` of a pipeline.
fn of_folder(folder: &Path) -> anyhow::Result<Build> {
    let text = |path: PathBuf| match path.into_os_string().into_string() {
        Ok(text) => Ok(text),
        Err(path) => Err(Refusal::usage(format!("{} is not UTF-8", path.display()))),
    };
    Ok(Build {
        context: text(Path::new(".").join(folder))?,
        dockerfile: text(folder.join("Dockerfile"))?,
        target: None,
        args: BTreeMap::new(),
        refresh_ms: None,
    })
}
