//! The tree a developer works in: which commit it is based on, and which files are its own.

use crate::CommitId;
use crate::changes;
use crate::command::Git;
use crate::mirror::{CommitInfo, commit_info, object_format};
use anyhow::Context;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A checked-out repository on this machine.
#[derive(Clone, Debug)]
pub struct WorkTree {
    root: PathBuf,
}

/// What a tree is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The commit that is checked out; none before the first one.
    pub head: Option<CommitInfo>,
    /// The full ref that is checked out, `refs/heads/main`, also before its first commit; none when detached.
    pub reference: Option<String>,
    /// The address of the remote `origin`, as it is written there.
    pub origin: Option<String>,
    /// Files differ from the commit, or there are new ones that are not ignored.
    pub dirty: bool,
}

impl WorkTree {
    /// The tree that a folder is in; none when it is in no repository.
    pub async fn find(folder: &Path) -> anyhow::Result<Option<WorkTree>> {
        let output = Git::at(folder, None).args(["rev-parse", "--show-toplevel"]).output().await?;
        let root = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        let found = output.status.success() && !root.is_empty();
        Ok(found.then(|| WorkTree { root: PathBuf::from(OsStr::from_bytes(root)) }))
    }

    /// Its uppermost folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it is based on.
    pub async fn describe(&self) -> anyhow::Result<Description> {
        let reference = self.git().args(["symbolic-ref", "--quiet", "HEAD"]).output();
        let origin = self.git().args(["config", "--get", "remote.origin.url"]).output();
        let status = self.git().args(["status", "--porcelain", "--untracked-files=normal", "-z"]).done();
        let (head, reference, origin, status) =
            tokio::join!(commit_info(self.git(), "HEAD"), reference, origin, status);
        let said =
            |bytes: &[u8]| Some(String::from_utf8_lossy(bytes).trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Description {
            head: head.context("read the commit that is checked out")?,
            reference: said(&reference.context("read HEAD")?.stdout),
            origin: said(&origin.context("read the remote's address")?.stdout),
            dirty: !status.context("compare the files with the commit")?.is_empty(),
        })
    }

    /// The paths in which the tree differs from where its branch left the default branch: what is committed since, what
    /// is not, and new files that are not ignored. None when there is no default branch to compare with, or when more
    /// than `most` differ.
    pub async fn changed(&self, default_branch: &str, most: usize) -> anyhow::Result<Option<Vec<String>>> {
        let Some(base) = self.base(default_branch).await? else { return Ok(None) };
        let options = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative", "-z"];
        let tracked = self.git().args(options).args([base.as_str(), "--"]);
        let new = self.git().args(["ls-files", "--others", "--exclude-standard", "-z"]);
        let (tracked, new) = (changes::paths(tracked, most).await, changes::paths(new, most).await);
        let (tracked, new) = (tracked.context("compare the files")?, new.context("list new files")?);
        let all = tracked.into_iter().zip(new).map(|(tracked, new)| [tracked, new].concat());
        Ok(all.into_iter().find(|all| all.len() <= most))
    }

    /// Where the branch left the default one, as it was when it was last fetched; else the one of this repository.
    async fn base(&self, default_branch: &str) -> anyhow::Result<Option<CommitId>> {
        let known = ["refs/remotes/origin/HEAD".to_owned(), format!("refs/remotes/origin/{default_branch}")];
        for reference in known.into_iter().chain([format!("refs/heads/{default_branch}")]) {
            let commit = format!("{reference}^{{commit}}");
            let there = self.git().args(["rev-parse", "--verify", "--quiet", &commit]).output().await?;
            if there.status.success() {
                return changes::merge_base(self.git(), "HEAD", &commit).await;
            }
        }
        Ok(None)
    }

    /// Checks a commit of this repository out into an empty folder, as a runner does: without filters, and ends of
    /// line as they are stored. The folder is a repository that shares this one's objects. None: there is no such
    /// commit.
    pub async fn check_out(&self, revision: &str, into: &Path) -> anyhow::Result<Option<CommitInfo>> {
        let named = format!("{revision}^{{commit}}");
        let found = self.git().args(["rev-parse", "--verify", "--quiet", "--end-of-options", &named]).output().await?;
        let commit = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        if !found.status.success() {
            return Ok(None);
        }
        let info = commit_info(self.git(), &commit).await?.context("read the commit")?;
        let objects = self.git().args(["rev-parse", "--path-format=absolute", "--git-path", "objects"]).done().await;
        let objects = objects.context("find the objects")?;
        // Nobody's configuration counts.
        let git = || Git::at(into, Some(Path::new("/dev/null"))).setting("core.fsync=none");
        let init = git().args(["init", "--quiet", "--template=", "--initial-branch=main", object_format(&info.commit)]);
        init.args(["."]).done().await.context("git init")?;
        std::fs::write(into.join(".git/objects/info/alternates"), objects).context("share the objects")?;
        git().args(["checkout", "--quiet", "--detach", &commit, "--"]).done().await.context("check out")?;
        Ok(Some(info))
    }

    /// The files and links that are in the tree now, tracked or new and not ignored, relative to the root and sorted.
    pub async fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let options = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "-z"];
        let list = self.git().args(options).output_max(256 * 1024 * 1024).done().await.context("list the files")?;
        let names = list.split(|b| *b == 0).filter(|name| !name.is_empty());
        let mut files: Vec<PathBuf> = names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect();
        // What was deleted is still listed, and repositories inside this one are listed as folders.
        files.retain(|file| self.root.join(file).symlink_metadata().is_ok_and(|found| !found.is_dir()));
        files.sort();
        files.dedup();
        Ok(files)
    }

    fn git(&self) -> Git {
        Git::at(&self.root, None)
    }
}
