//! One build for a whole fleet: who builds the image of a key, who waits, and what is told to the others.
//!
//! Whoever cannot be told what others do builds for this host alone, and says so: a job never fails for the sharing of
//! its image.

use super::BuildMeta;
use crate::setup_log::SetupLog;
use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use sidings_proto::BlobId;
use sidings_proto::digest::{DigestsKept, DigestsTold};
use sidings_proto::flaws::FlawsJudged;
use sidings_proto::image::{ImageAnswer, ImageAsk, ImageOutcome, ImageTold, SharedImage};
use std::path::Path;

/// The way of an attempt to the others, by the controller. Every call says by whom; none counts for an attempt that is
/// no longer current.
#[async_trait]
pub trait Fleet: Send + Sync {
    /// Asks for an image; held open while another one builds.
    async fn ask(&self, ask: ImageAsk) -> anyhow::Result<ImageAnswer>;
    /// Tells which digests were found for references, and asks which count for the run.
    async fn agree(&self, told: DigestsTold) -> anyhow::Result<DigestsKept>;
    /// Tells what became of a claim.
    async fn tell(&self, told: ImageTold) -> anyhow::Result<()>;
    /// Those of the blobs that the controller has not.
    async fn missing(&self, blobs: Vec<BlobId>) -> anyhow::Result<Vec<BlobId>>;
    /// Puts a file there, of this many bytes.
    async fn put(&self, blob: &BlobId, bytes: u64, file: &Path) -> anyhow::Result<()>;
    /// Whether what is in an image is not known there, and is to be.
    async fn wants_inventory(&self, key: &str) -> anyhow::Result<bool>;
    /// Puts what is in an image there: JSON in zstd.
    async fn put_inventory(&self, key: &str, packed: Bytes) -> anyhow::Result<()>;
    /// What the run's policies say of the known flaws of an image; none where it is not known what is in it.
    async fn judge(&self, key: &str) -> anyhow::Result<Option<FlawsJudged>>;
    /// Gets a part of an image into a new file of at most so many bytes. Its hash is the caller's to check.
    async fn part(&self, key: &str, blob: &BlobId, bytes: u64, into: &Path) -> anyhow::Result<()>;
}

/// What is to be done for an image that is not on this host.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Fetch what a runner of this name built.
    Fetch(Box<SharedImage>, String),
    /// Build it under this claim; others could want it.
    Build { claim: u64, wanted: bool, inventory: bool, earlier: Vec<String> },
    /// Build it, for this host alone.
    Alone,
    /// A build that failed: this text is the user's.
    Failed(String),
}

/// Asks until it is known what to do, and says in the log what is waited for.
pub(super) async fn turn(fleet: &dyn Fleet, key: &str, log: &SetupLog) -> Turn {
    let mut waited = None;
    loop {
        let answer = match fleet.ask(ImageAsk { key: key.to_owned(), waited }).await {
            Ok(answer) => answer,
            Err(error) => {
                log.note(&format!("the controller cannot be asked who builds the image ({error:#}): it is built here"));
                return Turn::Alone;
            }
        };
        match answer {
            ImageAnswer::Ready { image, by } => return Turn::Fetch(Box::new(image), by),
            ImageAnswer::Build { claim, wanted, inventory, earlier } => {
                return Turn::Build { claim, wanted, inventory, earlier };
            }
            ImageAnswer::Failed { by, job, message, .. } => {
                log.note(&format!(
                    "the build on runner {by} failed, so this one would as well; its log is in job {job}"
                ));
                return Turn::Failed(message);
            }
            ImageAnswer::Alone { reason } => {
                log.note(&format!("another runner built this image, but {reason}: it is built here as well"));
                return Turn::Alone;
            }
            ImageAnswer::Wait { claim, by, job_url, .. } => {
                // The same claim again only means that the call was open for long.
                if waited != Some(claim) {
                    log.note(&format!("waits for runner {by}'s build: {job_url}"));
                }
                waited = Some(claim);
            }
        }
    }
}

/// Tells what became of a claim. That it could not be told costs others a build and nobody a job.
pub(super) async fn tell(fleet: &dyn Fleet, key: &str, claim: u64, outcome: ImageOutcome) -> anyhow::Result<()> {
    fleet.tell(ImageTold { key: key.to_owned(), claim, outcome }).await.context("telling the controller of an image")
}

/// What an image's record in a registry is called: never by the host it was built on.
pub(super) fn in_registry(registry: &str, meta: &BuildMeta, key: &str) -> String {
    format!("{registry}/{}", super::labels::name(&meta.project, key))
}

#[cfg(test)]
mod tests;
