//! What goes and what stays: from what an engine has and what there is too much of, without a look at anything else.
//!
//! The build cache goes first, as far as no image has it: it saves a part of a build, an image saves all of it. Then
//! images go, those first that were not used for the longest time. Nothing goes that a container or a job has, that was
//! used a short while ago, or that is not ours.

use super::marks::Marks;
use super::stock::{CacheEntry, Layer, Stock, StoredImage};
use sidings_proto::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Bytes that there are too many of.
    pub wanted: u64,
    /// What goes of the build cache.
    pub cache: Option<CacheCut>,
    /// Images that go, in this order.
    pub images: Vec<Going>,
    /// Images of ours that stay, and why; those that were used last come first.
    pub stays: Vec<Staying>,
    /// Images that are not ours.
    pub foreign: usize,
}

/// What goes of the build cache: all that no build used for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheCut {
    /// For how long.
    pub unused_for: Duration,
    /// What that frees.
    pub bytes: u64,
}

/// An image that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Going {
    /// Which.
    pub image: StoredImage,
    /// What no image has when it is gone; the build cache may have it still.
    pub bytes: u64,
}

/// An image of ours that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staying {
    /// Which.
    pub image: StoredImage,
    /// Why.
    pub why: Why,
}

/// Why an image of ours stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// So many containers are made from it.
    Containers(usize),
    /// A job of this runner has it.
    Job,
    /// It was used so short a while ago.
    Young(Duration),
    /// No job used it on this engine since it came: it may be on its way to one.
    Unused,
    /// Somebody gave it another name.
    Named(String),
    /// There is room.
    Room,
}

impl Decision {
    /// Whether there is anything to be done.
    pub fn is_empty(&self) -> bool {
        self.cache.is_none() && self.images.is_empty()
    }

    /// What all of it frees.
    pub fn bytes(&self) -> u64 {
        self.cache.map_or(0, |cut| cut.bytes) + self.images.iter().map(|going| going.bytes).sum::<u64>()
    }
}

/// Decides. `held` are the keys that jobs of this process have.
pub fn decide(stock: &Stock, marks: &Marks, held: &BTreeSet<String>, now: Timestamp) -> Decision {
    let wanted = marks.wanted(stock);
    let (ours, foreign): (Vec<_>, Vec<_>) = stock.images.iter().partition(|image| image.is_ours());
    let cache = cut(stock.cache.as_deref().unwrap_or_default(), wanted, marks.grace, now);
    let mut freed = cache.map_or(0, |cut| cut.bytes);
    let mut decision = Decision { wanted, cache, foreign: foreign.len(), ..Decision::default() };
    let mut users = users(&stock.images);
    for image in by_age(ours) {
        match why(image, marks, held, now) {
            None if freed < wanted => {
                let bytes = leaves(&mut users, &image.layers);
                freed += bytes;
                decision.images.push(Going { image: image.clone(), bytes });
            }
            why => decision.stays.push(Staying { image: image.clone(), why: why.unwrap_or(Why::Room) }),
        }
    }
    decision.stays.reverse();
    decision
}

/// The oldest part of the build cache that is enough, or all of it that may go.
fn cut(cache: &[CacheEntry], wanted: u64, grace: Duration, now: Timestamp) -> Option<CacheCut> {
    let may_go = |entry: &&CacheEntry| !entry.in_use && !entry.shared && entry.bytes > 0;
    let aged = |entry: &CacheEntry| Some((now.since(entry.used?), entry.bytes));
    let mut aged: Vec<_> = cache.iter().filter(may_go).filter_map(aged).filter(|(age, _)| *age >= grace).collect();
    aged.sort_unstable_by(|one, other| other.cmp(one));
    let mut freed = 0;
    let enough = |(_, bytes): &&(Duration, u64)| {
        let is_enough = freed >= wanted;
        freed += bytes;
        !is_enough
    };
    let (unused_for, _) = *aged.iter().take_while(enough).last()?;
    let bytes = aged.iter().filter(|(age, _)| *age >= unused_for).map(|(_, bytes)| bytes).sum();
    Some(CacheCut { unused_for, bytes })
}

fn by_age(mut images: Vec<&StoredImage>) -> Vec<&StoredImage> {
    images.sort_by(|one, other| (one.used, &one.id).cmp(&(other.used, &other.id)));
    images
}

/// Why an image must stay, if it must.
fn why(image: &StoredImage, marks: &Marks, held: &BTreeSet<String>, now: Timestamp) -> Option<Why> {
    if image.containers > 0 {
        return Some(Why::Containers(image.containers));
    }
    if image.key.as_ref().is_some_and(|key| held.contains(key)) {
        return Some(Why::Job);
    }
    if let Some(name) = image.foreign_name() {
        return Some(Why::Named(name.to_owned()));
    }
    let Some(used) = image.used else { return Some(Why::Unused) };
    let age = now.since(used);
    (age < marks.grace).then_some(Why::Young(age))
}

/// How many images have each layer.
fn users(images: &[StoredImage]) -> BTreeMap<&str, usize> {
    let mut users = BTreeMap::new();
    for layer in images.iter().flat_map(|image| &image.layers) {
        *users.entry(layer.chain.as_str()).or_default() += 1;
    }
    users
}

/// Takes an image's layers away; the bytes of those that nobody has then.
fn leaves(users: &mut BTreeMap<&str, usize>, layers: &[Layer]) -> u64 {
    let mut freed = 0;
    for layer in layers {
        let Some(left) = users.get_mut(layer.chain.as_str()) else { continue };
        *left = left.saturating_sub(1);
        freed += if *left == 0 { layer.bytes } else { 0 };
    }
    freed
}
