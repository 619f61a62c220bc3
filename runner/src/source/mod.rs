//! Brings the files of a run into an attempt's workspace: a commit by git, or a snapshot's archive.

mod unpack;

use anyhow::{Context, ensure};
use futures::future::BoxFuture;
use sidings_git::{CommitId, Mirrors, RepoUrl};
use sidings_proto::BlobId;
use std::fs::File;
use std::path::{Path, PathBuf};
pub(crate) use unpack::{Bounds, unpack};

/// Puts the snapshot of the attempt at hand into a file.
pub(crate) type Fetch = Box<dyn Fn(PathBuf) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// Checks a commit out into an empty folder; says what it did.
pub(crate) async fn check_out(mirrors: &Mirrors, url: &str, commit: &str, into: &Path) -> anyhow::Result<String> {
    let url: RepoUrl = url.parse().context("read the repository's address")?;
    let commit: CommitId = commit.parse()?;
    mirrors.mirror(&url).check_out(&commit, into).await?;
    Ok(format!("commit {commit} of {url} checked out"))
}

/// Gets a snapshot and unpacks it into an empty folder; says what it did.
pub(crate) async fn unpack_snapshot(
    fetch: &Fetch,
    blob: &BlobId,
    archive: PathBuf,
    into: PathBuf,
) -> anyhow::Result<String> {
    fetch(archive.clone()).await.context("fetch the snapshot")?;
    let expected = blob.clone();
    let unpacking = move || {
        let mut hasher = blake3::Hasher::new();
        std::io::copy(&mut File::open(&archive)?, &mut hasher)?;
        ensure!(hasher.finalize().to_hex().as_str() == expected.as_str(), "what came is not what was asked for");
        let unpacked = unpack(File::open(&archive)?, &into, Bounds::default())?;
        std::fs::remove_file(&archive)?;
        Ok(unpacked)
    };
    let unpacked = tokio::task::spawn_blocking(unpacking).await.context("unpack the snapshot")?;
    let unpacked = unpacked.context("unpack the snapshot")?;
    Ok(format!("snapshot {} ({} entries, {} bytes) unpacked", &blob.as_str()[..16], unpacked.entries, unpacked.bytes))
}

#[cfg(test)]
mod tests;
