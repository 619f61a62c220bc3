//! `--watch`: waits until a file of the project is not what it was.
//!
//! It looks at the files that a run takes, and at no others, so that what a build writes into ignored folders starts
//! nothing. A look every half second at names, sizes and times needs no watch of the kernel's, of which there are few.

use crate::worktree;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The project's files as they are at a moment: when each was changed, its size, its mode.
#[derive(PartialEq, Eq)]
pub(super) struct Look(BTreeMap<PathBuf, (i64, i64, u64, u32)>);

impl Look {
    /// Looks now.
    pub(super) async fn at(root: &Path) -> anyhow::Result<Look> {
        let files = worktree::files(root).await?;
        let of_file = |path: PathBuf| {
            let about = std::fs::symlink_metadata(root.join(&path)).ok()?;
            Some((path, (about.mtime(), about.mtime_nsec(), about.size(), about.mode())))
        };
        Ok(Look(files.into_iter().filter_map(of_file).collect()))
    }

    /// Waits until something differs, and until whoever changes files rests for a moment.
    pub(super) async fn until_other(&self, root: &Path) -> anyhow::Result<()> {
        let mut last = Look::at(root).await?;
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let now = Look::at(root).await?;
            if now != *self && now == last {
                return Ok(());
            }
            last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_run_takes_is_looked_at_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(".gitignore", "out\n");
        write("source", "one");
        let before = Look::at(folder.path()).await.unwrap();
        write("out", "built");
        assert!(Look::at(folder.path()).await.unwrap() == before);
        write("source", "other");
        assert!(Look::at(folder.path()).await.unwrap() != before);
        before.until_other(folder.path()).await.unwrap();
    }
}
