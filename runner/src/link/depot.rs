//! The depot of an attempt, over HTTP. A call that gets no answer is made again for as long as a runner goes on without
//! its controller.

use super::back_off::BackOff;
use super::client::{AttemptKey, CallError, Client};
use crate::depot::{Depot, Open};
use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use sidings_proto::BlobId;
use sidings_proto::cache::{CacheAnswer, CacheWanted};
use sidings_proto::runner::{Blobs, DISCONNECTED_MS};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What one attempt sends and gets.
pub(super) struct AttemptDepot {
    pub(super) client: Client,
    pub(super) key: AttemptKey,
}

#[async_trait]
impl Depot for AttemptDepot {
    async fn missing(&self, blobs: Vec<BlobId>) -> anyhow::Result<Vec<BlobId>> {
        let asked = Blobs { blobs };
        let mut repeats = Repeats::begin();
        loop {
            if let Some(missing) = repeats.answered(self.client.missing(&self.key, &asked).await).await? {
                return Ok(missing.blobs);
            }
        }
    }

    async fn put(&self, blob: &BlobId, bytes: u64, open: Open<'_>) -> anyhow::Result<()> {
        let mut repeats = Repeats::begin();
        loop {
            let file = open().context("open the file")?;
            if repeats.answered(self.client.put_blob(&self.key, blob, bytes, file).await).await?.is_some() {
                return Ok(());
            }
        }
    }

    async fn find_cache(&self, wanted: CacheWanted) -> anyhow::Result<CacheAnswer> {
        Ok(self.client.find_cache(&self.key, &wanted).await?)
    }

    async fn cache(&self, blob: &BlobId, into: &Path) -> anyhow::Result<()> {
        Ok(self.client.cache(&self.key, blob, into).await?)
    }

    async fn input(&self, n: usize, into: mpsc::Sender<Bytes>) -> anyhow::Result<bool> {
        Ok(self.client.input(&self.key, n, into).await?)
    }
}

/// A call that is made until it is answered.
pub(super) struct Repeats {
    back_off: BackOff,
    longest: Duration,
    began: Instant,
    limit: Duration,
}

impl Repeats {
    pub(super) fn begin() -> Repeats {
        Repeats::within(Duration::from_millis(DISCONNECTED_MS))
    }

    /// With no pause longer than this.
    pub(super) fn often(longest: Duration) -> Repeats {
        Repeats { longest, ..Repeats::begin() }
    }

    /// For no longer than this.
    pub(super) fn within(limit: Duration) -> Repeats {
        Repeats { back_off: BackOff::default(), longest: Duration::MAX, began: Instant::now(), limit }
    }

    /// The answer; none when the call is to be made again, after a pause that was made here.
    pub(super) async fn answered<T>(&mut self, answer: Result<T, CallError>) -> anyhow::Result<Option<T>> {
        match answer {
            Err(CallError::Away(error)) if self.began.elapsed() < self.limit => {
                tracing::debug!(error = format!("{error:#}"), "a call is repeated");
                tokio::time::sleep(self.back_off.next().min(self.longest)).await;
                Ok(None)
            }
            answer => Ok(Some(answer?)),
        }
    }
}
