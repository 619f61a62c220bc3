//! What is in the images that runners built: kept by key, found by package, forgotten when no job has used it for long.
//!
//! A runner reads an image once, when it has built it, so that who asks later needs no engine and no image.

use crate::images::Name;
use crate::store::Store;
use crate::store::inventories::{PackageFilter, StoredInventory};
use anyhow::ensure;
use sidings_inventory::{Inventory, Layer, Package};
use sidings_proto::Timestamp;
use sidings_proto::inventory::{BuiltImage, BuiltImages, FoundPackages, ListedPackage, PACKAGES_FOUND_MAX};
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of an inventory, unpacked.
const MOST: u64 = 256 * 1024 * 1024;
/// No job ran in it for so long.
const UNUSED_MS: i64 = 90 * 24 * 3_600_000;
/// That a job ran in it is written down no more often than so.
const USED_EVERY_MS: i64 = 60_000;

/// Of all images.
pub(crate) struct Inventories {
    store: Arc<dyn Store>,
    /// Whether it outlives this process: else nobody need read an image for it.
    lasts: bool,
    /// What was used in the current minute, by what is written down.
    used: Mutex<(Timestamp, BTreeSet<Name>)>,
}

/// What is wrong with what a runner sent.
pub(crate) enum NotKept {
    /// It makes no sense.
    Wrong(String),
    /// The store failed.
    Failed(anyhow::Error),
}

impl Inventories {
    pub(crate) fn new(store: Arc<dyn Store>, lasts: bool) -> Self {
        Self { store, lasts, used: Mutex::default() }
    }

    /// Whether runners are to send them.
    pub(crate) fn are_wanted(&self) -> bool {
        self.lasts
    }

    /// Whether what is in an image is to be told, which is at hand by one of these names.
    pub(crate) async fn wants(&self, names: &[Name]) -> anyhow::Result<bool> {
        Ok(self.lasts && !self.store.has_inventory(names).await?)
    }

    /// Takes what a runner says is in an image.
    pub(crate) async fn put(&self, name: Name, content: Vec<u8>, now: Timestamp) -> Result<(), NotKept> {
        let taken = tokio::task::spawn_blocking(move || taken(name, content, now)).await;
        let taken = taken.map_err(|error| NotKept::Failed(error.into()))?.map_err(NotKept::Wrong)?;
        self.store.put_inventory(&taken).await.map_err(NotKept::Failed)
    }

    pub(crate) async fn images(&self, project: Option<&str>) -> anyhow::Result<BuiltImages> {
        Ok(BuiltImages { images: self.store.inventories(project).await? })
    }

    pub(crate) async fn packages(&self, filter: &PackageFilter) -> anyhow::Result<FoundPackages> {
        Ok(FoundPackages { packages: self.store.packages(filter).await? })
    }

    /// What is in the images whose key begins so, as JSON: several where it is not the beginning of only one.
    pub(crate) async fn contents(
        &self,
        project: Option<&str>,
        key: &str,
    ) -> anyhow::Result<Vec<(BuiltImage, Vec<u8>)>> {
        let found = self.store.inventory_contents(project, key).await?;
        found.into_iter().map(|(image, packed)| Ok((image, unpacked(&packed)?))).collect()
    }

    /// An attempt that is over ran in these.
    pub(crate) async fn used(&self, names: &[Name], now: Timestamp) {
        let minute = Timestamp(now.0 - now.0 % USED_EVERY_MS);
        let new = self.new_of(minute, names);
        if new.is_empty() {
            return;
        }
        if let Err(error) = self.store.inventories_used(&new, minute).await {
            tracing::warn!("when an image was used could not be kept: {error:#}");
        }
    }

    /// Those that were not used in this minute yet.
    fn new_of(&self, minute: Timestamp, names: &[Name]) -> Vec<Name> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.0 != minute {
            *used = (minute, BTreeSet::new());
        }
        names.iter().filter(|name| used.1.insert((*name).clone())).cloned().collect()
    }

    /// Forgets what is used no longer.
    pub(crate) async fn expire(&self, now: Timestamp) -> anyhow::Result<()> {
        self.store.expire_inventories(Timestamp(now.0 - UNUSED_MS)).await.map(drop)
    }
}

fn taken(name: Name, content: Vec<u8>, now: Timestamp) -> Result<StoredInventory, String> {
    let read = unpacked(&content).and_then(|json| Ok(serde_json::from_slice::<Inventory>(&json)?));
    let inventory = read.map_err(|error| format!("that is no inventory: {error:#}"))?;
    if inventory.packages.len() > PACKAGES_FOUND_MAX {
        return Err(format!("an image has at most {PACKAGES_FOUND_MAX} packages that are found by their names"));
    }
    let distribution = inventory.image.distribution.as_ref();
    let image = BuiltImage {
        project: name.project.clone(),
        key: name.key.clone(),
        of_pull_request: !name.scope.is_empty(),
        image: inventory.image.id.clone(),
        distribution: distribution.map(|it| format!("{} {}", it.id, it.version).trim_end().to_owned()),
        bytes: inventory.bytes(),
        packages: inventory.packages.len() as u64,
        built: now,
        used: now,
    };
    let packages = inventory.packages.iter().map(|it| listed(it, inventory.layer(it.layer))).collect();
    Ok(StoredInventory { name, image, packages, content })
}

fn listed(package: &Package, layer: Option<&Layer>) -> ListedPackage {
    let line = layer.and_then(|layer| layer.made.as_ref()).and_then(|made| u32::try_from(made.line).ok());
    ListedPackage {
        kind: package.kind.name().to_owned(),
        name: package.name.clone(),
        source: package.source.as_ref().map(|source| source.name.clone()).unwrap_or_default(),
        version: package.version.clone(),
        layer: u32::try_from(package.layer).unwrap_or(u32::MAX),
        line,
    }
}

fn unpacked(packed: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut json = Vec::new();
    zstd::Decoder::new(packed)?.take(MOST + 1).read_to_end(&mut json)?;
    ensure!(json.len() as u64 <= MOST, "it has more than {MOST} bytes");
    Ok(json)
}
