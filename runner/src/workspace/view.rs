//! A sibling's own view of the workspace: a layer over it where the engine and the file system can, else a copy.

use super::changes::DEEPEST;
use super::tree::{Folder, Kind};
use crate::engine::Layer;
use anyhow::{Context, ensure};
use rustix::fs::{Dir, FileType, XattrFlags};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{OnceLock, PoisonError, RwLock};

/// How an overlay marks a folder that took the place of another one, where it keeps its notes as a user's attributes.
pub(super) const OPAQUE: &str = "user.overlay.opaque";
/// They cannot stand in the options of a mount.
const NOT_IN_OPTIONS: [char; 5] = [',', ':', '\\', '"', '\n'];

/// When each inode of a fresh copy was changed last.
pub(super) type Copied = HashMap<u64, (i64, u64)>;

/// What one sibling sees as its workspace.
#[derive(Debug)]
pub struct View {
    /// Where its changes are: a layer's upper folder, or the whole copy.
    root: PathBuf,
    pub(super) form: Form,
}

#[derive(Debug)]
pub(super) enum Form {
    Layer(Layer),
    Copy(Copied),
}

impl View {
    /// Makes the folders of a layer over the workspace, in `place`. The engine lays it.
    pub fn layer(workspace: &Path, place: &Path) -> anyhow::Result<View> {
        let layer = Layer { upper: place.join("upper"), work: place.join("work") };
        for folder in [&layer.upper, &layer.work] {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        // The uppermost folder of a view is its upper one: it must be as the workspace is.
        let like = fs::symlink_metadata(workspace).context("look at the workspace")?;
        chown(&layer.upper, Some(like.uid()), Some(like.gid())).context("hand a layer over")?;
        let mode = fs::Permissions::from_mode(like.mode() & 0o7777);
        fs::set_permissions(&layer.upper, mode).context("set a layer's mode")?;
        Ok(View { root: layer.upper.clone(), form: Form::Layer(layer) })
    }

    /// Copies the workspace to `place`: links as links, and files share their blocks where the file system can.
    pub async fn copy(workspace: &Path, place: &Path) -> anyhow::Result<View> {
        let root = place.join("copy");
        fs::create_dir_all(&root).with_context(|| format!("make {}", root.display()))?;
        let mut command = tokio::process::Command::new("cp");
        command.args(["--archive", "--reflink=auto", "--no-target-directory", "--"]);
        command.arg(workspace).arg(&root).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.context("start cp")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "copy the workspace: {}", said.lines().next().unwrap_or("cp failed"));
        let looked_at = root.clone();
        let copied = tokio::task::spawn_blocking(move || View::copied(looked_at)).await?;
        copied.context("look through a copy of the workspace")
    }

    /// The view of a copy that was just made.
    pub(super) fn copied(root: PathBuf) -> io::Result<View> {
        let mut copied = Copied::new();
        note(&Folder::root(&root)?, &mut copied, DEEPEST)?;
        Ok(View { root, form: Form::Copy(copied) })
    }

    /// What is mounted as the sibling's workspace, and the layer over it.
    pub fn mount<'v>(&'v self, workspace: &'v Path) -> (&'v Path, Option<&'v Layer>) {
        match &self.form {
            Form::Layer(layer) => (workspace, Some(layer)),
            Form::Copy(_) => (&self.root, None),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }
}

/// What lies deeper is refused when it comes to merging.
fn note(folder: &Folder, copied: &mut Copied, levels: usize) -> io::Result<()> {
    for name in folder.names()? {
        match folder.entry(&name)? {
            Some(entry) if entry.kind == Kind::Folder && levels > 0 => {
                note(&folder.folder(&name)?, copied, levels - 1)?;
            }
            Some(entry) => {
                copied.insert(entry.inode, entry.changed);
            }
            None => {}
        }
    }
    Ok(())
}

/// Whether layers can be laid on this host, as far as is known yet.
#[derive(Debug, Default)]
pub(crate) struct Layering {
    looked: OnceLock<Option<String>>,
    refused: RwLock<Option<String>>,
}

impl Layering {
    /// Why not, if they cannot. Looks at the file system of `folder` when it is asked first.
    pub(crate) fn refusal(&self, folder: &Path) -> Option<String> {
        let looked = self.looked.get_or_init(|| unfit(folder).err().map(|error| format!("{error:#}")));
        looked.clone().or_else(|| self.refused.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The engine could not lay one: nobody needs to ask it again.
    pub(crate) fn refuse(&self, reason: &str) {
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }
}

/// An overlay that cannot keep its notes is laid all the same, and then fails in the midst of a step.
fn unfit(folder: &Path) -> anyhow::Result<()> {
    let text = folder.to_str().context("the data folder's path is not UTF-8")?;
    ensure!(!text.contains(NOT_IN_OPTIONS), "the data folder's path has a comma, a colon or the like in it");
    ensure!(rustix::process::geteuid().is_root(), "the runner is not root, as the files of overlays are");
    let trial = tempfile::Builder::new().prefix(".trial").tempdir_in(folder).context("make a folder")?;
    rustix::fs::setxattr(trial.path(), OPAQUE, b"y", XattrFlags::empty())
        .context("the file system keeps no extended attributes")?;
    fs::write(trial.path().join("file"), "").context("make a file")?;
    let entries: Vec<_> = Dir::read_from(fs::File::open(trial.path())?)?.collect::<Result<_, _>>()?;
    let told = entries.iter().all(|entry| entry.file_type() != FileType::Unknown);
    ensure!(told, "the file system does not tell kinds of files in listings");
    Ok(())
}
