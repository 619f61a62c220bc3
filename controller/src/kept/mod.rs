//! What jobs leave behind: the bytes, the lists of them, and when they go.
//!
//! Bytes come before the end that makes them count, by their hash, so that what is there already is not sent again.
//! Which of them are used is known by the store alone: [`Kept::sweep`] removes what no list names any more, but nothing
//! that is younger than what an attempt needs to come to its end.

mod choose;
mod tar;

use crate::blobs::Blobs;
use crate::store::Store;
use crate::store::stored::{StoredArtifacts, StoredAttempt};
use anyhow::{Context, ensure};
use futures::Stream;
use sidings_proto::artifact::{self, BYTES_MAX, Content, ENTRIES_MAX, KeptArtifacts, MANIFEST_MAX, Manifest};
use sidings_proto::cache::{CacheFound, CacheWanted, KEY_MAX, SavedCache};
use sidings_proto::{BlobId, Timestamp};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Bytes that nothing names yet belong to an attempt that is about to end, or to none.
const UNCLAIMED: Duration = Duration::from_secs(3600);
const EXPIRE_EVERY: Duration = Duration::from_secs(60);
/// Looks at expiry, from one sweep to the next.
const SWEEP_EVERY: u32 = 60;

/// The room's folder and the store that says what of it is used.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) blobs: Blobs,
    store: Arc<dyn Store>,
}

/// A file or link of an attempt, by its path.
pub(crate) type Entries = BTreeMap<String, (Content, Timestamp)>;

/// Why what an attempt wants to keep cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    /// Its list is not in order.
    #[error("the list of artifacts is not in order: {0:#}")]
    Wrong(anyhow::Error),
    /// Some of the bytes are not here, or no longer.
    #[error("artifacts are missing on the controller: {0}")]
    Missing(String),
}

impl Kept {
    pub(crate) async fn open(folder: PathBuf, store: Arc<dyn Store>) -> anyhow::Result<Self> {
        Ok(Self { blobs: Blobs::open(folder, BYTES_MAX).await?, store })
    }

    /// Those of the blobs that are not here. The others stay for long enough to be named.
    pub(crate) async fn missing(&self, blobs: Vec<BlobId>) -> Vec<BlobId> {
        let mut missing = Vec::new();
        for blob in blobs {
            if !self.blobs.renew(&blob).await {
                missing.push(blob);
            }
        }
        missing
    }

    /// Whether all that an attempt names is here and in order.
    pub(crate) async fn check(&self, artifacts: &[KeptArtifacts]) -> Result<(), NotKept> {
        for kept in artifacts {
            let manifest = self.manifest(&kept.manifest).await.map_err(NotKept::Wrong)?;
            let counted = (manifest.entries.len() as u64, sum(&manifest));
            if counted != (kept.entries, kept.bytes) {
                return Err(NotKept::Wrong(anyhow::anyhow!("it has {counted:?} entries and bytes")));
            }
            for entry in manifest.entries {
                if let Content::File { blob, bytes, .. } = entry.content
                    && self.blobs.size(&blob).await != Some(bytes)
                {
                    return Err(NotKept::Missing(entry.path));
                }
            }
        }
        Ok(())
    }

    /// The cache that a run of this project and these scopes gets; it counts as used then.
    pub(crate) async fn find_cache(
        &self,
        project: &str,
        scopes: &[String],
        wanted: &CacheWanted,
        now: Timestamp,
    ) -> anyhow::Result<Option<CacheFound>> {
        let caches = self.store.caches(Some(project)).await?;
        let Some(cache) = choose::choose(&caches, scopes, wanted) else { return Ok(None) };
        if !self.blobs.renew(&cache.blob).await {
            tracing::warn!(project, key = cache.key, "the bytes of a cache are gone");
            self.store.remove_cache(cache).await?;
            return Ok(None);
        }
        self.store.cache_used(cache, now).await?;
        Ok(Some(CacheFound { key: cache.key.clone(), blob: cache.blob.clone(), bytes: cache.bytes }))
    }

    /// Whether a run of this project and these scopes may read that archive.
    pub(crate) async fn is_cache_of(&self, project: &str, scopes: &[String], blob: &BlobId) -> anyhow::Result<bool> {
        let caches = self.store.caches(Some(project)).await?;
        Ok(caches.iter().any(|cache| cache.blob == *blob && scopes.contains(&cache.scope)))
    }

    /// Leaves out those caches whose bytes did not come, or whose keys are none: a job does not fail for them.
    pub(crate) async fn only_whole(&self, caches: Vec<SavedCache>) -> Vec<SavedCache> {
        let mut whole = Vec::new();
        for cache in caches {
            let is_key = !cache.key.is_empty() && cache.key.len() <= KEY_MAX && !cache.key.contains(char::is_control);
            if is_key && self.blobs.size(&cache.blob).await == Some(cache.bytes) {
                whole.push(cache);
            }
        }
        whole
    }

    /// All that an attempt kept. Where two of its lists name a path, both mean the same file.
    pub(crate) async fn entries(&self, attempt: &StoredAttempt) -> anyhow::Result<Entries> {
        let mut entries = Entries::new();
        for StoredArtifacts { manifest, expires, .. } in &attempt.artifacts {
            for entry in self.manifest(manifest).await?.entries {
                let kept = entries.entry(entry.path).or_insert((entry.content, *expires));
                kept.1 = kept.1.max(*expires);
            }
        }
        Ok(entries)
    }

    /// The entries as a tar archive, as it is read.
    pub(crate) fn tar(&self, entries: Entries) -> impl Stream<Item = std::io::Result<bytes::Bytes>> + use<> {
        tar::stream(self.blobs.clone(), entries)
    }

    /// Forgets what expires, and removes bytes that nothing names any more, until it is told to stop.
    pub(crate) async fn go_by(self, now: impl Fn() -> Timestamp, stop: CancellationToken) -> anyhow::Result<()> {
        for turn in 0.. {
            if let Err(error) = self.tick(now(), turn % SWEEP_EVERY == 0).await {
                tracing::warn!("what jobs left behind could not be tidied: {error:#}");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(EXPIRE_EVERY) => {}
            }
        }
        Ok(())
    }

    async fn tick(&self, now: Timestamp, sweeps: bool) -> anyhow::Result<()> {
        let expired = self.store.expire_artifacts(now).await?;
        if expired > 0 {
            tracing::info!(entries = expired, "artifacts expired");
        }
        if !sweeps {
            return Ok(());
        }
        for cache in choose::superfluous(self.store.caches(None).await?, now) {
            tracing::info!(project = cache.project, bytes = cache.bytes, "a cache is removed");
            self.store.remove_cache(&cache).await?;
        }
        self.sweep(SystemTime::now() - UNCLAIMED).await
    }

    /// Removes bytes from before that time that nothing names.
    async fn sweep(&self, before: SystemTime) -> anyhow::Result<()> {
        let mut used: HashSet<BlobId> = HashSet::new();
        for manifest in self.store.kept_manifests().await? {
            match self.manifest(&manifest).await {
                Ok(Manifest { entries }) => used.extend(entries.into_iter().filter_map(|entry| file(entry.content))),
                // Then nobody can get at its files either.
                Err(error) => tracing::warn!(%manifest, "a list of artifacts cannot be read: {error:#}"),
            }
            used.insert(manifest);
        }
        used.extend(self.store.caches(None).await?.into_iter().map(|cache| cache.blob));
        for image in self.store.images().await? {
            used.extend(image.claim.image().into_iter().flat_map(|image| image.blobs()).map(|part| part.blob.clone()));
        }
        let (files, bytes) = self.blobs.remove_unused(&used, before).await?;
        if files > 0 {
            tracing::info!(files, bytes, "removed what no job keeps any more");
        }
        Ok(())
    }

    async fn manifest(&self, id: &BlobId) -> anyhow::Result<Manifest> {
        let size = self.blobs.size(id).await.context("it is not here")?;
        ensure!(size <= MANIFEST_MAX, "it is longer than {MANIFEST_MAX} bytes");
        let bytes = tokio::fs::read(self.blobs.file(id)).await.context("reading it")?;
        let manifest: Manifest = serde_json::from_slice(&bytes).context("reading it")?;
        in_order(&manifest)?;
        Ok(manifest)
    }
}

fn sum(manifest: &Manifest) -> u64 {
    manifest.entries.iter().map(|entry| entry.content.bytes()).fold(0, u64::saturating_add)
}

fn file(content: Content) -> Option<BlobId> {
    match content {
        Content::File { blob, .. } => Some(blob),
        Content::Link { .. } => None,
    }
}

/// Paths that lead out, links that do, and paths that stand twice are not taken from anybody.
fn in_order(manifest: &Manifest) -> anyhow::Result<()> {
    ensure!(manifest.entries.len() as u64 <= ENTRIES_MAX, "it has more than {ENTRIES_MAX} entries");
    ensure!(sum(manifest) <= BYTES_MAX, "it has more than {BYTES_MAX} bytes");
    ensure!(manifest.entries.is_sorted_by(|one, next| one.path < next.path), "its paths are not in order");
    for entry in &manifest.entries {
        ensure!(artifact::is_path(&entry.path), "{:?} is no path in a workspace", entry.path);
        if let Content::Link { target } = &entry.content {
            ensure!(artifact::stays_inside(&entry.path, target), "the link {:?} leads outside", entry.path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
