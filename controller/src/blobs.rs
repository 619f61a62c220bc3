//! Bytes by their hash: snapshots of working trees, and what jobs leave behind. Written beside, checked, then moved to
//! their name.

use anyhow::Context;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use sidings_proto::BlobId;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// No snapshot is larger.
pub(crate) const SNAPSHOT_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// A sender that says nothing for so long is given up …
const SILENT: Duration = Duration::from_secs(60);
/// … and one that, after such a time, sent fewer bytes than these for each second.
const PER_SECOND: u64 = 16 * 1024;

/// Why a blob was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The bytes have another hash.
    #[error("the bytes have another hash than the blob's name says")]
    Differs,
    /// There are too many.
    #[error("a blob may not be larger than {0} bytes here")]
    TooLarge(u64),
    /// The sender is too slow.
    #[error("the bytes come too slowly")]
    TooSlow,
    /// The sender went away.
    #[error("the bytes ended too early")]
    Cut,
    /// The disk failed.
    #[error("writing the blob failed")]
    Failed(#[from] anyhow::Error),
}

/// A folder of blobs.
#[derive(Clone, Debug)]
pub(crate) struct Blobs {
    root: PathBuf,
    /// No blob is larger.
    max: u64,
    /// Held while a blob that is there is said to be, and while one is removed: so none goes between the two.
    going: Arc<Mutex<()>>,
}

impl Blobs {
    /// Makes the folder, and removes what earlier lives left half-written.
    pub(crate) async fn open(root: PathBuf, max: u64) -> anyhow::Result<Self> {
        let incoming = root.join("incoming");
        match fs::remove_dir_all(&incoming).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context("emptying the blob folder"),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir_all(&incoming).await.with_context(|| format!("making {}", incoming.display()))?;
        Ok(Self { root, max, going: Arc::default() })
    }

    /// Where a blob is, or would be.
    pub(crate) fn file(&self, id: &BlobId) -> PathBuf {
        let name = id.as_str();
        self.root.join(name.get(..2).unwrap_or(name)).join(name)
    }

    /// A blob's size; `None` when there is none.
    pub(crate) async fn size(&self, id: &BlobId) -> Option<u64> {
        fs::metadata(self.file(id)).await.ok().map(|about| about.len())
    }

    /// Whether a blob is there. If it is, it counts as new from now on, so that it is not removed before it is used.
    pub(crate) async fn renew(&self, id: &BlobId) -> bool {
        let _going = self.going.lock().await;
        let Ok(file) = std::fs::File::options().append(true).open(self.file(id)) else { return false };
        file.set_modified(SystemTime::now()).is_ok()
    }

    /// Removes all blobs that are older than this and not among those that are used; gives their number and bytes.
    pub(crate) async fn remove_unused(&self, used: &HashSet<BlobId>, before: SystemTime) -> anyhow::Result<(u64, u64)> {
        let (mut number, mut bytes) = (0, 0);
        for (id, file) in self.all().await? {
            if used.contains(&id) {
                continue;
            }
            let _going = self.going.lock().await;
            let Ok(about) = fs::metadata(&file).await else { continue };
            if about.modified()? < before {
                fs::remove_file(&file).await.with_context(|| format!("removing {}", file.display()))?;
                (number, bytes) = (number + 1, bytes + about.len());
            }
        }
        Ok((number, bytes))
    }

    async fn all(&self) -> anyhow::Result<Vec<(BlobId, PathBuf)>> {
        let mut blobs = Vec::new();
        let mut folders = fs::read_dir(&self.root).await?;
        while let Some(folder) = folders.next_entry().await? {
            let mut files = match fs::read_dir(folder.path()).await {
                Ok(files) if folder.file_name() != "incoming" => files,
                Ok(_) | Err(_) => continue,
            };
            while let Some(file) = files.next_entry().await? {
                let id = file.file_name().into_string().ok().and_then(|name| BlobId::try_from(name).ok());
                blobs.extend(id.map(|id| (id, file.path())));
            }
        }
        Ok(blobs)
    }

    /// Keeps a blob; it is on the disk once this returns.
    pub(crate) async fn put<E>(
        &self,
        id: &BlobId,
        bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<(), Refused> {
        let incoming = Incoming(self.root.join("incoming").join(Uuid::new_v4().to_string()));
        let hash = receive(&incoming.0, self.max, bytes).await?;
        if hash.to_hex().as_str() != id.as_str() {
            return Err(Refused::Differs);
        }
        let file = self.file(id);
        move_into_place(&incoming.0, &file).await.with_context(|| format!("writing {}", file.display()))?;
        Ok(())
    }
}

/// A file that is removed if it is still there in the end.
struct Incoming(PathBuf);

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn receive<E>(
    file: &Path,
    max: u64,
    mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<blake3::Hash, Refused> {
    let mut file = File::create(file).await.context("making a file")?;
    let (mut hasher, mut length, begun) = (blake3::Hasher::new(), 0, Instant::now());
    while let Some(piece) = timeout_at(patience(begun, length), bytes.next()).await.map_err(|_| Refused::TooSlow)? {
        let piece = piece.map_err(|_| Refused::Cut)?;
        length += piece.len() as u64;
        if length > max {
            return Err(Refused::TooLarge(max));
        }
        hasher.update(&piece);
        file.write_all(&piece).await.context("writing")?;
    }
    file.flush().await.context("writing")?;
    file.sync_all().await.context("writing")?;
    Ok(hasher.finalize())
}

/// Until when the next bytes are waited for.
fn patience(begun: Instant, length: u64) -> Instant {
    (begun + SILENT + Duration::from_secs(length / PER_SECOND)).min(Instant::now() + SILENT)
}

async fn move_into_place(from: &Path, to: &Path) -> anyhow::Result<()> {
    let folder = to.parent().context("a blob lies in a folder")?;
    fs::create_dir_all(folder).await?;
    fs::rename(from, to).await?;
    File::open(folder).await?.sync_all().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use std::convert::Infallible;

    /// Receives pieces that come some seconds apart.
    async fn sent(pieces: Vec<Vec<u8>>, seconds: u64) -> Result<blake3::Hash, Refused> {
        let folder = tempfile::tempdir().unwrap();
        let pieces = stream::iter(pieces).then(|piece| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok::<_, Infallible>(Bytes::from(piece))
        });
        receive(&folder.path().join("blob"), SNAPSHOT_MAX, Box::pin(pieces)).await
    }

    #[tokio::test(start_paused = true)]
    async fn slow_senders_are_given_up_and_steady_ones_are_not() {
        assert!(matches!(sent(vec![vec![0]], 61).await, Err(Refused::TooSlow)));
        assert!(matches!(sent(vec![vec![0]; 4], 50).await, Err(Refused::TooSlow)));
        assert!(sent(vec![vec![0; 1024 * 1024]; 4], 50).await.is_ok());
    }
}
