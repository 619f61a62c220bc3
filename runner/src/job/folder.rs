//! An attempt's folder: its workspace, the folders of its steps, the log of its setup.

use crate::removal::remove_tree;
use anyhow::Context;
use sidings_proto::{AttemptId, StepNo};
use std::path::{Path, PathBuf};
use std::time::Duration;

const REMOVE_AGAIN: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(500), Duration::from_secs(3)];

/// `<attempts>/<job>-<fence>/`: `workspace/`, `steps/<step>/`, `setup/log`, and for groups `views/<step>/`,
/// `replaced/<step>/`.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Where an attempt's folder is.
    pub(crate) fn of(attempts: &Path, attempt: AttemptId) -> Folder {
        Folder { path: attempts.join(format!("{}-{}", attempt.job, attempt.fence)) }
    }

    /// Makes it; there is none left from before.
    pub(super) fn make(&self) -> anyhow::Result<()> {
        make(&self.path)?;
        make(&self.workspace())?;
        make(&self.setup())
    }

    /// Removes it with all in it. A folder that is not there is no error.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        // What was given up half-way (a copy, an unpacking) may write for a moment longer.
        for pause in REMOVE_AGAIN {
            if self.remove_once().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
        self.remove_once().await
    }

    async fn remove_once(&self) -> anyhow::Result<()> {
        let path = self.path.clone();
        let removed = tokio::task::spawn_blocking(move || remove_tree(&path)).await;
        match removed.context("remove an attempt's folder")? {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn workspace(&self) -> PathBuf {
        self.path.join("workspace")
    }

    pub(super) fn setup(&self) -> PathBuf {
        self.path.join("setup")
    }

    /// Where a snapshot's archive is put while it is unpacked.
    pub(super) fn archive(&self) -> PathBuf {
        self.path.join("snapshot.tar.zst")
    }

    /// Where the cases of the job's tests wait to be sent.
    pub(super) fn tests(&self) -> PathBuf {
        self.path.join("tests")
    }

    /// Where results of tests wait to be read.
    pub(super) fn results(&self) -> PathBuf {
        self.path.join("results")
    }

    /// A step's folder.
    pub(super) fn step(&self, step: StepNo) -> PathBuf {
        self.path.join("steps").join(step.to_string())
    }

    /// Makes the empty folder into which another job's artifacts are unpacked.
    pub(super) fn input(&self) -> anyhow::Result<PathBuf> {
        let path = self.path.join("input");
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("empty {}", path.display()))
            }
            Ok(()) | Err(_) => make(&path).map(|()| path),
        }
    }

    /// Where the folder of a cache's path is that steps see in place of their own.
    pub(super) fn cached(&self, cache: usize, path: usize) -> PathBuf {
        self.path.join("cached").join(format!("{cache}-{path}"))
    }

    /// Makes the empty folder into which a cache is unpacked.
    pub(super) fn unpacked_cache(&self, cache: usize) -> anyhow::Result<PathBuf> {
        let path = self.path.join(format!("cache-{cache}"));
        make(&path).map(|()| path)
    }

    /// Where the list of an entry of artifacts is written.
    pub(super) fn manifest(&self) -> PathBuf {
        self.path.join("manifest.json")
    }

    /// Makes a step's folder.
    pub(super) fn make_step(&self, step: StepNo) -> anyhow::Result<PathBuf> {
        let path = self.step(step);
        std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(path)
    }

    /// Where a sibling's view of the workspace is made.
    pub(super) fn view(&self, step: StepNo) -> PathBuf {
        self.path.join("views").join(step.to_string())
    }

    /// Where a merge puts what it replaces, by the group's first step.
    pub(super) fn replaced(&self, step: StepNo) -> PathBuf {
        self.path.join("replaced").join(step.to_string())
    }
}

fn make(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(path).with_context(|| format!("make {}", path.display()))
}
