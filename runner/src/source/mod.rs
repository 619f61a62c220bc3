//! Brings the files of a run into an attempt's workspace: a commit by git, or a snapshot's archive.

mod unpack;

use anyhow::{Context, ensure};
use futures::future::BoxFuture;
use sidings_git::{CommitId, Mirrors, RepoUrl};
use sidings_proto::BlobId;
use sidings_proto::snapshot::BOUNDS;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
pub(crate) use unpack::{unpack, unpack_tar};

/// Puts the snapshot of the attempt at hand into a file.
pub(crate) type Fetch = Box<dyn Fn(PathBuf) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// Why there are no files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// They are not to be had like this, however often it is tried: the user's failure.
    #[error("{0:#}")]
    User(anyhow::Error),
    /// Git, the controller or this machine failed.
    #[error(transparent)]
    Ours(#[from] anyhow::Error),
}

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
) -> Result<String, SourceError> {
    fetch(archive.clone()).await.context("fetch the snapshot")?;
    let expected = blob.clone();
    let unpacking = move || {
        check_hash(&archive, &expected).context("check the snapshot")?;
        let file = File::open(&archive).context("open the snapshot")?;
        let unpacked = unpack(file, &into, BOUNDS).context("unpack the snapshot").map_err(whose)?;
        std::fs::remove_file(&archive).context("remove the archive")?;
        Ok::<_, SourceError>(unpacked)
    };
    let unpacked = tokio::task::spawn_blocking(unpacking).await.context("unpack the snapshot")??;
    let entries = if unpacked.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", unpacked.entries) };
    Ok(format!("snapshot {} ({entries}, {} bytes) unpacked", &blob.as_str()[..16], unpacked.bytes))
}

/// Whether a file has this hash.
pub(crate) fn check_hash(archive: &Path, expected: &BlobId) -> anyhow::Result<()> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(archive)?, &mut hasher)?;
    ensure!(hasher.finalize().to_hex().as_str() == expected.as_str(), "what came is not what was asked for");
    Ok(())
}

/// The archive is what the user sent, to the byte, so what is wrong with it is wrong for ever. What the system says has
/// a number, and is ours unless it is about the names in the archive.
fn whose(error: anyhow::Error) -> SourceError {
    let said = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    let ours = said.filter(|error| error.raw_os_error().is_some()).any(|error| {
        let of_names = [ErrorKind::AlreadyExists, ErrorKind::NotADirectory, ErrorKind::InvalidFilename];
        !of_names.contains(&error.kind())
    });
    if ours { SourceError::Ours(error) } else { SourceError::User(error) }
}

#[cfg(test)]
mod tests;
