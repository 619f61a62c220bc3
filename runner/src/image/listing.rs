//! What is in an image that was built here, read once for all who will ask, and sent to the controller.

use super::Images;
use super::fleet::Fleet;
use crate::depot::Pieces;
use crate::engine::{Engine, ImageFacts};
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use sidings_inventory::{Bounds, Inventory, inventory};
use sidings_proto::inventory::INVENTORY_MAX;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pieces of the engine's tar that may wait for the reader.
const AHEAD: usize = 16;
/// Text that is read seldom: small rather than fast.
const LEVEL: i32 = 9;

impl Images {
    /// Lists what is in the image and sends it.
    pub(super) async fn list(&self, facts: &ImageFacts, key: &str, fleet: &dyn Fleet) -> anyhow::Result<usize> {
        let inventory = read(&self.engine, facts).await?;
        let packages = inventory.packages.len();
        let packed = tokio::task::spawn_blocking(move || pack(&inventory)).await??;
        fleet.put_inventory(key, packed).await?;
        Ok(packages)
    }
}

async fn read(engine: &Arc<dyn Engine>, facts: &ImageFacts) -> anyhow::Result<Inventory> {
    let (sender, pieces) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || inventory(Pieces::new(pieces), Bounds::default()));
    let saved = engine.save_image(&facts.id, sender).await;
    let mut inventory = match (reading.await.context("reading the saved image")?, saved) {
        (Ok(inventory), Ok(())) => inventory,
        (Ok(_), Err(error)) => return Err(error.context("saving the image")),
        (Err(error), Ok(())) => return Err(error.into()),
        // Either may be the other's cause.
        (Err(error), Err(saving)) => bail!("{error} ({saving:#})"),
    };
    if let Some(dockerfile) = inventory.image.dockerfile.clone() {
        inventory.trace(&dockerfile, None);
    }
    Ok(inventory)
}

fn pack(inventory: &Inventory) -> anyhow::Result<Bytes> {
    let packed = zstd::encode_all(serde_json::to_vec(inventory)?.as_slice(), LEVEL)?;
    ensure!(packed.len() <= INVENTORY_MAX, "the list has {} bytes, more than are kept", packed.len());
    Ok(packed.into())
}
