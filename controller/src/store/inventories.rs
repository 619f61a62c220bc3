//! What stores remember of what is in images, and how the one without a disk does.

use crate::images::Name;
use sidings_proto::Timestamp;
use sidings_proto::inventory::{BuiltImage, FoundPackage, INVENTORY_ROWS_MAX, ListedPackage};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What is in an image.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredInventory {
    pub(crate) name: Name,
    /// As it is shown, without the name.
    pub(crate) image: BuiltImage,
    /// Those that are found by their names.
    pub(crate) packages: Vec<ListedPackage>,
    /// All of it: JSON in zstd.
    pub(crate) content: Vec<u8>,
}

/// Which packages are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackageFilter {
    /// The package's own name, or its source's.
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) project: Option<String>,
}

/// All of them, in memory.
#[derive(Default)]
pub(super) struct RememberedInventories(BTreeMap<Name, StoredInventory>);

impl RememberedInventories {
    pub(super) fn put(&mut self, inventory: &StoredInventory) {
        self.0.insert(inventory.name.clone(), inventory.clone());
    }

    pub(super) fn images(&self, project: Option<&str>) -> Vec<BuiltImage> {
        let of = self.0.values().filter(|it| project.is_none_or(|project| it.name.project == project));
        let mut images: Vec<BuiltImage> = of.map(|it| it.image.clone()).collect();
        images.sort_by(|a, b| (Reverse(a.used), &a.project, &a.key).cmp(&(Reverse(b.used), &b.project, &b.key)));
        images.truncate(INVENTORY_ROWS_MAX);
        images
    }

    pub(super) fn contents(&self, project: Option<&str>, key: &str) -> Vec<(BuiltImage, Vec<u8>)> {
        let is = |it: &&StoredInventory| {
            project.is_none_or(|project| it.name.project == project) && it.name.key.starts_with(key)
        };
        self.0.values().filter(is).take(2).map(|it| (it.image.clone(), it.content.clone())).collect()
    }

    pub(super) fn has(&self, names: &[Name]) -> bool {
        names.iter().any(|name| self.0.contains_key(name))
    }

    pub(super) fn packages(&self, filter: &PackageFilter) -> Vec<FoundPackage> {
        let mut found = Vec::new();
        for image in self.images(filter.project.as_deref()) {
            let of = |it: &&StoredInventory| it.image == image;
            let is = |it: &&ListedPackage| {
                (it.name == filter.name || it.source == filter.name)
                    && filter.version.as_ref().is_none_or(|version| it.version == *version)
            };
            let packages = self.0.values().filter(of).flat_map(|it| &it.packages).filter(is);
            found.extend(packages.map(|it| FoundPackage { image: image.clone(), package: it.clone() }));
        }
        found.sort_by(|a: &FoundPackage, b| a.image.project.cmp(&b.image.project));
        found.truncate(INVENTORY_ROWS_MAX);
        found
    }

    pub(super) fn used(&mut self, names: &[Name], at: Timestamp) {
        for name in names {
            if let Some(it) = self.0.get_mut(name) {
                it.image.used = it.image.used.max(at);
            }
        }
    }

    pub(super) fn expire(&mut self, before: Timestamp) -> u64 {
        let all = self.0.len();
        self.0.retain(|_, it| it.image.used >= before);
        (all - self.0.len()) as u64
    }
}
