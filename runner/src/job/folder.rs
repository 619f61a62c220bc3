//! An attempt's folder: its workspace, the folders of its steps, the log of its setup.

use crate::removal::remove_tree;
use anyhow::{Context, ensure};
use sidings_proto::{AttemptId, StepNo};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

const REMOVE_AGAIN: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(500), Duration::from_secs(3)];

/// `<attempts>/<job>-<fence>/`: `workspace/`, `copies/<step>/`, `steps/<step>/`, `setup/log`.
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

    /// Makes a step's folder.
    pub(super) fn make_step(&self, step: StepNo) -> anyhow::Result<PathBuf> {
        let path = self.path.join("steps").join(step.to_string());
        std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(path)
    }

    /// Makes a copy of the workspace for one step. What steps wrote there is copied as it is, links as links; files
    /// share their blocks where the file system can.
    pub(super) async fn copy_workspace(&self, step: StepNo) -> anyhow::Result<PathBuf> {
        let copy = self.path.join("copies").join(step.to_string());
        std::fs::create_dir_all(&copy).with_context(|| format!("make {}", copy.display()))?;
        let mut command = tokio::process::Command::new("cp");
        command.args(["--archive", "--reflink=auto", "--no-target-directory", "--"]);
        command.arg(self.workspace()).arg(&copy).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.context("start cp")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "copy the workspace: {}", said.lines().next().unwrap_or("cp failed"));
        Ok(copy)
    }
}

fn make(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(path).with_context(|| format!("make {}", path.display()))
}
