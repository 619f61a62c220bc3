//! Cleaning up: an engine's disk stays under a mark, and nobody misses what went.
//!
//! `stock` is what an engine has, `marks` when that is too much, `decide` what goes, `holds` what jobs have at this moment.
//! This file looks, has it decided, removes, and looks again, since what an image leaves behind is build cache then. It
//! refuses to force anything: what the engine does not give up stays. Whoever is slower than a removal finds no image and
//! makes it again; what other runners on the same engine use they have named a short while ago, and that is left alone.

mod decide;
mod holds;
mod marks;
mod stock;
mod tending;

pub use decide::{CacheCut, Decision, Going, Staying, Why, decide};
pub use holds::{Hold, Holds};
pub use marks::Marks;
pub use stock::{CacheEntry, Layer, Stock, StoredImage, layers};
pub(crate) use tending::{SeenMachine, Tending};

use crate::disk::Disk;
use crate::engine::{Removed, Storage};
use crate::setup_log::now;
use anyhow::Context;
use sidings_proto::Timestamp;
use sidings_proto::fleet::Machine;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What an image leaves to the build cache is removed in the next round, and what that leaves in the one after it.
const ROUNDS: usize = 8;

/// Cleans up after an engine.
pub(crate) struct Cleaner {
    engine: Arc<dyn Storage>,
    holds: Arc<Holds>,
    marks: Marks,
    /// On the disk that is to have room, where the engine's own folder cannot be seen from here.
    folder: PathBuf,
    /// One at a time. Images that never had a name given here count as used when they were seen first.
    seen: tokio::sync::Mutex<BTreeMap<String, Timestamp>>,
}

/// What a clean-up came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Bytes that there were too many of.
    pub wanted: u64,
    /// The disk as it was.
    pub disk: Option<Disk>,
    /// What ours took before, in bytes.
    pub before: u64,
    /// What it takes now.
    pub after: u64,
    /// Images that went, in this order.
    pub removed: Vec<Going>,
    /// Images that were to go and stay: somebody has them after all.
    pub refused: Vec<(StoredImage, String)>,
    /// Bytes of the build cache that went.
    pub cache: u64,
    /// Bytes that there are still too many of.
    pub missing: u64,
    /// What stays of ours.
    pub stays: Vec<Staying>,
    /// Images that are not ours.
    pub foreign: usize,
}

impl Cleaner {
    pub(crate) fn new(engine: Arc<dyn Storage>, holds: Arc<Holds>, marks: Marks, folder: PathBuf) -> Cleaner {
        Cleaner { engine, holds, marks, folder, seen: tokio::sync::Mutex::default() }
    }

    /// Whether it is worth to look at all there is.
    async fn may_be_too_much(&self) -> bool {
        self.marks.budget.is_some() || self.disk().await.is_some_and(|disk| self.marks.of_disk(disk) > 0)
    }

    async fn disk(&self) -> Option<Disk> {
        let root = self.engine.root().await.ok().flatten();
        root.and_then(|root| Disk::of(&root).ok()).or_else(|| Disk::of(&self.folder).ok())
    }

    /// How its disk is, and, where all is looked at, what of images there is; else that is as it was.
    async fn machine(&self, before: Option<Machine>, all: bool) -> Option<Machine> {
        let disk = self.disk().await?;
        let before = before.unwrap_or_default();
        let machine = Machine { disk_free: disk.free, disk_all: disk.all, ..before };
        let stock = if all { self.engine.stock().await.ok().flatten() } else { None };
        let Some(stock) = stock else { return Some(machine) };
        let images = stock.images.iter().filter(|image| image.is_ours()).count();
        Some(Machine { images: u32::try_from(images).unwrap_or(u32::MAX), image_bytes: stock.ours(), ..machine })
    }

    /// Removes what is too much, as far as it may go. None: this engine keeps nothing.
    pub(crate) async fn clean_up(&self) -> anyhow::Result<Option<Cleaned>> {
        let mut seen = self.seen.lock().await;
        let Some(stock) = self.stock(&mut seen).await? else { return Ok(None) };
        let mut decision = self.decided(&stock);
        let mut cleaned = begun(&stock, &decision);
        for _ in 0..ROUNDS {
            if decision.is_empty() || !self.carry_out(decision, &mut cleaned).await? {
                break;
            }
            let Some(stock) = self.stock(&mut seen).await? else { break };
            decision = self.decided(&stock);
            (cleaned.after, cleaned.missing, cleaned.stays) = (stock.ours(), decision.wanted, decision.stays.clone());
        }
        Ok(Some(cleaned))
    }

    /// What would go.
    pub(crate) async fn rehearse(&self) -> anyhow::Result<Option<Cleaned>> {
        let mut seen = self.seen.lock().await;
        let Some(stock) = self.stock(&mut seen).await? else { return Ok(None) };
        let decision = self.decided(&stock);
        let mut cleaned = begun(&stock, &decision);
        cleaned.after = cleaned.before.saturating_sub(decision.bytes());
        cleaned.missing = decision.wanted.saturating_sub(decision.bytes());
        cleaned.cache = decision.cache.map_or(0, |cut| cut.bytes);
        cleaned.removed = decision.images;
        Ok(Some(cleaned))
    }

    fn decided(&self, stock: &Stock) -> Decision {
        decide(stock, &self.marks, &self.holds.keys_held(), now())
    }

    /// Whether anything went.
    async fn carry_out(&self, decision: Decision, cleaned: &mut Cleaned) -> anyhow::Result<bool> {
        let (removed, cache) = (cleaned.removed.len(), cleaned.cache);
        if let Some(cut) = decision.cache {
            cleaned.cache += self.engine.prune_cache(cut.unused_for).await.context("cleaning up the build cache")?;
        }
        for going in decision.images {
            match self.remove(&going.image).await? {
                Removed::Gone => cleaned.removed.push(going),
                // It may be asked for in the next round again.
                Removed::Stays(_) if cleaned.refused.iter().any(|(image, _)| image.id == going.image.id) => {}
                Removed::Stays(why) => cleaned.refused.push((going.image, why)),
            }
        }
        Ok(cleaned.removed.len() > removed || cleaned.cache > cache)
    }

    async fn remove(&self, image: &StoredImage) -> anyhow::Result<Removed> {
        let Some(key) = &image.key else { return Ok(Removed::Stays("it is not ours".to_owned())) };
        let Some(_alone) = self.holds.remove(key) else { return Ok(Removed::Stays("a job has it".to_owned())) };
        let removed = self.engine.remove_image(image).await?;
        tracing::debug!(image = image.called(), ?removed, "an image was to be removed");
        Ok(removed)
    }

    async fn stock(&self, seen: &mut BTreeMap<String, Timestamp>) -> anyhow::Result<Option<Stock>> {
        let Some(mut stock) = self.engine.stock().await.context("looking at what the engine has")? else {
            return Ok(None);
        };
        stock.disk = self.disk().await;
        seen.retain(|id, _| stock.images.iter().any(|image| image.id == *id));
        // Those that were seen for the first time stay as they are: they may be on their way to a job.
        for image in stock.images.iter_mut().filter(|image| image.is_ours() && image.used.is_none()) {
            image.used = seen.get(&image.id).copied();
            seen.entry(image.id.clone()).or_insert_with(now);
        }
        Ok(Some(stock))
    }
}

fn begun(stock: &Stock, decision: &Decision) -> Cleaned {
    Cleaned {
        wanted: decision.wanted,
        disk: stock.disk,
        before: stock.ours(),
        after: stock.ours(),
        missing: decision.wanted,
        stays: decision.stays.clone(),
        foreign: decision.foreign,
        ..Cleaned::default()
    }
}

#[cfg(test)]
mod tests;
