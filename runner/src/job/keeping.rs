//! Files from other jobs and for other jobs: what an attempt is given before its steps, and keeps after them.

use super::course::{Course, Halt, ours, seconds};
use super::verdict::failed;
use crate::artifact::{self, Found, Wanted, blob_id};
use crate::depot::{Pieces, own};
use crate::source::unpack_tar;
use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt};
use sidings_proto::artifact::{ASKED_MAX, BYTES_MAX, Content, ENTRIES_MAX, KeptArtifacts, MANIFEST_MAX, Manifest};
use sidings_proto::snapshot::Bounds;
use sidings_proto::{Artifacts, BlobId, FailureClass, Verdict};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Bytes on their way to the controller, file by file.
const AT_ONCE: usize = 4;
/// Pieces that wait to be unpacked.
const AHEAD: usize = 4;
const AGAIN: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8)];
/// What other jobs kept was bounded when they did.
const BOUNDS: Bounds = Bounds { entries: ENTRIES_MAX, bytes: BYTES_MAX + (1 << 30), ratio: 1, free: u64::MAX };
/// Longer than any upload that gets on.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// Why nothing is kept.
enum NotKept {
    /// The job is to blame: there is nothing, or too much.
    Job(String),
    /// Nobody of it is.
    Ours(anyhow::Error),
}

impl From<anyhow::Error> for NotKept {
    fn from(error: anyhow::Error) -> NotKept {
        NotKept::Ours(error)
    }
}

impl Course<'_> {
    /// Puts what the jobs before kept into the workspace.
    pub(super) async fn get_inputs(&self) -> Result<(), Halt> {
        if !self.tools.uses_workspace {
            return Ok(());
        }
        for (n, job) in self.assignment.spec.inputs.iter().enumerate() {
            let began = Instant::now();
            let got = self.get_input(n).await.map_err(|error| {
                self.setup.note(&format!("the artifacts of job \"{job}\" could not be put in place: {error:#}"));
                ours("get artifacts", &error)
            })?;
            self.setup.note(&match got {
                Some(placed) => {
                    let (files, size) = (counted(placed.entries), size(placed.bytes));
                    format!("artifacts of job \"{job}\": {files}, {size}, put in place in {}", seconds(began.elapsed()))
                }
                None => format!("there is nothing of job \"{job}\": it kept no files, or did not run"),
            });
        }
        Ok(())
    }

    async fn get_input(&self, n: usize) -> anyhow::Result<Option<artifact::Placed>> {
        for pause in AGAIN {
            match self.get_input_once(n).await {
                Ok(placed) => return Ok(placed),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "artifacts are asked for again"),
            }
            tokio::time::sleep(pause).await;
        }
        self.get_input_once(n).await
    }

    async fn get_input_once(&self, n: usize) -> anyhow::Result<Option<artifact::Placed>> {
        let (tell, told) = mpsc::channel(AHEAD);
        let (into, workspace) = (self.folder.input()?, self.folder.workspace());
        let unpacked = into.clone();
        let unpacking = tokio::task::spawn_blocking(move || unpack_tar(Pieces::new(told), &unpacked, BOUNDS));
        let (there, unpacked) = tokio::join!(self.channel.depot.input(n, tell), unpacking);
        if !there.context("read them")? {
            return Ok(None);
        }
        unpacked.context("unpack them").flatten().context("unpack them")?;
        let placed = tokio::task::spawn_blocking(move || {
            let placed = artifact::place(&into, &workspace, artifact::Links::Inside)?;
            std::fs::remove_dir_all(&into).context("remove what was unpacked")?;
            anyhow::Ok(placed)
        });
        placed.await.context("put them in place").flatten().map(Some)
    }

    /// Keeps what the job's end calls for; a job that leaves less than it must has failed.
    pub(super) async fn keep(&self, verdict: Verdict) -> Verdict {
        let passed = match &verdict {
            Verdict::Passed => true,
            Verdict::Failed(failure) if !failure.class.is_infrastructure() => false,
            Verdict::Failed(_) | Verdict::Cancelled | Verdict::Skipped { .. } => return verdict,
        };
        if !self.tools.uses_workspace {
            return verdict;
        }
        let due = self.assignment.spec.artifacts.iter().filter(|artifacts| artifacts.when.holds(passed));
        for artifacts in due {
            let orders = &self.channel.orders;
            let kept = tokio::select! {
                biased;
                () = orders.cancel.cancelled() => return Verdict::Cancelled,
                () = orders.drop.cancelled() => return Verdict::Cancelled,
                kept = tokio::time::timeout(PATIENCE, self.keep_entry(artifacts)) => kept,
            };
            let kept = kept.unwrap_or_else(|_| Err(anyhow::anyhow!("it took longer than two hours").into()));
            let (class, message) = match kept {
                Ok(()) => continue,
                Err(NotKept::Job(message)) => (FailureClass::StepFailed, message),
                Err(NotKept::Ours(error)) => (FailureClass::EngineFailed, format!("keep the artifacts: {error:#}")),
            };
            self.setup.note(&message);
            // A job that failed before has failed for that.
            if passed {
                return failed(class, message);
            }
        }
        verdict
    }

    async fn keep_entry(&self, artifacts: &Artifacts) -> Result<(), NotKept> {
        let began = Instant::now();
        let named = artifacts.paths.join(", ");
        let wanted = Wanted::parse(&artifacts.paths)?;
        let workspace = self.folder.workspace();
        let finding = blocking(move || artifact::find(&workspace, &wanted)).await;
        let finding =
            finding.map_err(|error| NotKept::Job(format!("the artifacts {named} are not kept: {error:#}")))?;
        finding.left_out.iter().for_each(|note| self.setup.note(note));
        if finding.found.is_empty() {
            let message = format!("no file in the workspace matches {named}");
            if artifacts.required {
                return Err(NotKept::Job(format!("{message}, which `artifacts` requires")));
            }
            self.setup.note(&format!("artifacts: {message}"));
            return Ok(());
        }
        let manifest = self.put_files(finding.found).await?;
        let kept = self.put_manifest(&manifest, artifacts).await?;
        let (files, size) = (counted(kept.entries), size(kept.bytes));
        self.setup.note(&format!("artifacts {named}: {files}, {size}, kept in {}", seconds(began.elapsed())));
        self.account.kept().artifacts.push(kept);
        Ok(())
    }

    /// Sends those of the files that the controller has not.
    async fn put_files(&self, found: Vec<Found>) -> anyhow::Result<Manifest> {
        let workspace = self.folder.workspace();
        let hashing = workspace.clone();
        let manifest = blocking(move || artifact::hash(&hashing, &found)).await?;
        let mut blobs: BTreeMap<BlobId, (String, u64)> = BTreeMap::new();
        for entry in &manifest.entries {
            if let Content::File { blob, bytes, .. } = &entry.content {
                blobs.insert(blob.clone(), (entry.path.clone(), *bytes));
            }
        }
        let ids: Vec<BlobId> = blobs.keys().cloned().collect();
        for ids in ids.chunks(ASKED_MAX) {
            let missing = self.channel.depot.missing(ids.to_vec()).await?;
            let missing = missing.into_iter().filter_map(|blob| blobs.remove(&blob).map(|file| (blob, file)));
            let sending = missing.map(|(blob, (path, bytes))| self.put_file(&workspace, blob, path, bytes));
            futures::stream::iter(sending).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        }
        Ok(manifest)
    }

    async fn put_file(
        &self,
        workspace: &std::path::Path,
        blob: BlobId,
        path: String,
        bytes: u64,
    ) -> anyhow::Result<()> {
        let open = artifact::open(workspace.to_owned(), path.clone());
        self.channel.depot.put(&blob, bytes, &open).await.with_context(|| format!("send {path:?}"))
    }

    async fn put_manifest(&self, manifest: &Manifest, artifacts: &Artifacts) -> anyhow::Result<KeptArtifacts> {
        let text = serde_json::to_vec(manifest).context("write the list of artifacts")?;
        let length = text.len() as u64;
        ensure!(length <= MANIFEST_MAX, "the list of artifacts is longer than {MANIFEST_MAX} bytes");
        let blob = blob_id(blake3::Hasher::new().update(&text));
        let file: PathBuf = self.folder.manifest();
        tokio::fs::write(&file, &text).await.context("write the list of artifacts")?;
        self.channel.depot.put(&blob, length, &own(file)).await.context("send the list of artifacts")?;
        Ok(KeptArtifacts {
            manifest: blob,
            entries: manifest.entries.len() as u64,
            bytes: manifest.entries.iter().map(|entry| entry.content.bytes()).sum(),
            expire_in_ms: artifacts.expire_in_ms,
        })
    }
}

/// Does what waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(f).await.context("look through the workspace").flatten()
}

fn counted(entries: u64) -> String {
    if entries == 1 { "1 file".to_owned() } else { format!("{entries} files") }
}

/// As people say it: `1.2 MB`.
pub(super) fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}
