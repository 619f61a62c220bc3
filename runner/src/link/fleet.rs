//! An attempt's way to the images of the fleet, over HTTP.

use super::depot::{AttemptDepot, Repeats};
use crate::depot::{Depot, own};
use crate::image::Fleet;
use anyhow::ensure;
use async_trait::async_trait;
use bytes::Bytes;
use sidings_proto::BlobId;
use sidings_proto::digest::{DigestsKept, DigestsTold};
use sidings_proto::flaws::FlawsJudged;
use sidings_proto::image::{ImageAnswer, ImageAsk, ImageTold};
use std::path::Path;
use std::time::Duration;

/// Who gets no answer for so long builds without the others.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);

#[async_trait]
impl Fleet for AttemptDepot {
    async fn ask(&self, ask: ImageAsk) -> anyhow::Result<ImageAnswer> {
        let mut repeats = Repeats::within(ANSWERED_WITHIN);
        loop {
            if let Some(answer) = repeats.answered(self.client.ask_image(&self.key, &ask).await).await? {
                return Ok(answer);
            }
        }
    }

    async fn agree(&self, told: DigestsTold) -> anyhow::Result<DigestsKept> {
        let mut repeats = Repeats::within(ANSWERED_WITHIN);
        loop {
            if let Some(kept) = repeats.answered(self.client.agree_digests(&self.key, &told).await).await? {
                return Ok(kept);
            }
        }
    }

    async fn tell(&self, told: ImageTold) -> anyhow::Result<()> {
        let mut repeats = Repeats::within(ANSWERED_WITHIN);
        while repeats.answered(self.client.tell_image(&self.key, &told).await).await?.is_none() {}
        Ok(())
    }

    async fn missing(&self, blobs: Vec<BlobId>) -> anyhow::Result<Vec<BlobId>> {
        Depot::missing(self, blobs).await
    }

    async fn put(&self, blob: &BlobId, bytes: u64, file: &Path) -> anyhow::Result<()> {
        Depot::put(self, blob, bytes, &own(file.to_owned())).await
    }

    async fn wants_inventory(&self, key: &str) -> anyhow::Result<bool> {
        let mut repeats = Repeats::within(ANSWERED_WITHIN);
        loop {
            if let Some(answer) = repeats.answered(self.client.wants_inventory(&self.key, key).await).await? {
                return Ok(answer.wanted);
            }
        }
    }

    async fn put_inventory(&self, key: &str, packed: Bytes) -> anyhow::Result<()> {
        let mut repeats = Repeats::within(ANSWERED_WITHIN);
        while repeats.answered(self.client.put_inventory(&self.key, key, packed.clone()).await).await?.is_none() {}
        Ok(())
    }

    async fn judge(&self, key: &str) -> anyhow::Result<Option<FlawsJudged>> {
        let mut repeats = Repeats::within(ANSWERED_WITHIN);
        loop {
            if let Some(answer) = repeats.answered(self.client.judge_flaws(&self.key, key).await).await? {
                return Ok(answer.judged);
            }
        }
    }

    async fn part(&self, key: &str, blob: &BlobId, bytes: u64, into: &Path) -> anyhow::Result<()> {
        let mut repeats = Repeats::within(ANSWERED_WITHIN);
        while repeats.answered(self.client.image_part(&self.key, key, blob, into).await).await?.is_none() {}
        let length = tokio::fs::metadata(into).await?.len();
        ensure!(length == bytes, "{length} bytes of a part came, not {bytes}");
        Ok(())
    }
}
