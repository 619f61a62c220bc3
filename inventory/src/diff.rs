//! What one image has that another has not: packages, sizes, and the layers that the difference comes from.

use crate::model::{Inventory, Kind, Layer, Package};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// From one image to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Packages that only the second has, changed or new, by kind and name; then those that only the first has.
    pub packages: Vec<Change>,
    /// Layers that are not the same, from the lowest of the second image; those that only the first has come last.
    pub layers: Vec<LayerChange>,
    /// How much larger the second one is.
    pub bytes: i64,
}

/// A package that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Who packs it.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The versions in the first image; none if it is new.
    pub before: Vec<String>,
    /// The versions in the second one; none if it is gone.
    pub after: Vec<String>,
    /// The layer of the second image that brought it; of the first one if it is gone.
    pub layer: usize,
}

/// A layer that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerChange {
    /// Its number in the second image; in the first one if it is gone.
    pub layer: usize,
    /// Only the first image has it.
    pub gone: bool,
    /// The instruction that made it.
    pub instruction: String,
    /// That instruction's line, if it is known.
    pub line: Option<usize>,
    /// Bytes more than the layer of the first image that the same instruction made; all of them if there is none.
    pub bytes: i64,
    /// Packages that the second image has since this layer.
    pub added: usize,
    /// Packages that this layer brought in another version.
    pub changed: usize,
    /// Packages of the first image that came with this layer's counterpart and are gone.
    pub removed: usize,
}

/// The difference between two images.
pub fn diff(before: &Inventory, after: &Inventory) -> Difference {
    let packages = packages(before, after);
    let layers = layers(before, after, &packages);
    Difference { packages, layers, bytes: signed(after.bytes()) - signed(before.bytes()) }
}

type Named<'i> = BTreeMap<(Kind, &'i str), Vec<&'i Package>>;

fn named(inventory: &Inventory) -> Named<'_> {
    let mut named = Named::new();
    for package in &inventory.packages {
        named.entry((package.kind, package.name.as_str())).or_default().push(package);
    }
    named
}

fn packages(before: &Inventory, after: &Inventory) -> Vec<Change> {
    let (before, after) = (named(before), named(after));
    let empty = Vec::new();
    let mut changes = Vec::new();
    for (key, here) in &after {
        let there = before.get(key).unwrap_or(&empty);
        if versions(there) != versions(here) {
            changes.push(change(*key, there, here));
        }
    }
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    changes.extend(gone.map(|(key, there)| change(*key, there, &empty)));
    changes
}

fn versions(packages: &[&Package]) -> BTreeSet<String> {
    packages.iter().map(|package| package.version.clone()).collect()
}

fn change((kind, name): (Kind, &str), before: &[&Package], after: &[&Package]) -> Change {
    let (old, new) = (versions(before), versions(after));
    // The one that is new says where the change comes from; a version that went has only the layer it was in.
    let newest = after.iter().filter(|package| !old.contains(&package.version)).map(|package| package.layer).max();
    let known = after.iter().chain(before).map(|package| package.layer).next();
    Change {
        kind,
        name: name.to_owned(),
        before: old.into_iter().collect(),
        after: new.into_iter().collect(),
        layer: newest.or(known).unwrap_or(0),
    }
}

fn layers(before: &Inventory, after: &Inventory, packages: &[Change]) -> Vec<LayerChange> {
    let same =
        before.layers.iter().zip(&after.layers).take_while(|(a, b)| a.digest == b.digest && !a.digest.is_empty());
    let same = same.count();
    let mut counterparts = counterparts(&before.layers[same..]);
    let mut changes = Vec::new();
    let mut told = BTreeSet::new();
    for layer in &after.layers[same..] {
        let old = counterparts.get_mut(&layer.instruction()).and_then(|old| old.pop());
        let count = |is: &dyn Fn(&Change) -> bool| packages.iter().filter(|change| is(change)).count();
        let here = |change: &Change| change.layer == layer.number && !change.after.is_empty();
        let removed = |change: &Change| change.after.is_empty() && Some(change.layer) == old.map(|old| old.number);
        told.extend(old.map(|old| old.number));
        changes.push(LayerChange {
            bytes: signed(layer.bytes) - signed(old.map_or(0, |old| old.bytes)),
            added: count(&|change| here(change) && change.before.is_empty()),
            changed: count(&|change| here(change) && !change.before.is_empty()),
            removed: count(&removed),
            ..layer_change(layer, false)
        });
    }
    for layer in before.layers[same..].iter().filter(|layer| !told.contains(&layer.number)) {
        let removed = packages.iter().filter(|it| it.after.is_empty() && it.layer == layer.number).count();
        changes.push(LayerChange { bytes: -signed(layer.bytes), removed, ..layer_change(layer, true) });
    }
    changes
}

/// The layers by the instruction that made them, the first of equal ones last.
fn counterparts(layers: &[Layer]) -> BTreeMap<String, Vec<&Layer>> {
    let mut by_instruction: BTreeMap<String, Vec<&Layer>> = BTreeMap::new();
    for layer in layers.iter().rev().filter(|layer| !layer.instruction().is_empty()) {
        by_instruction.entry(layer.instruction()).or_default().push(layer);
    }
    by_instruction
}

fn layer_change(layer: &Layer, gone: bool) -> LayerChange {
    LayerChange {
        layer: layer.number,
        gone,
        instruction: layer.instruction(),
        line: layer.made.as_ref().map(|made| made.line),
        bytes: 0,
        added: 0,
        changed: 0,
        removed: 0,
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
