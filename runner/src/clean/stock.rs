//! What an engine has on its disk of images and of their builds, and how much of it is ours: data, and sums of it.

use crate::disk::Disk;
use sidings_proto::Timestamp;
use std::collections::BTreeMap;

/// Built images are called by names that begin so.
const OUR_NAMES: &str = "sidings/";

/// What an engine has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Every image, ours or not.
    pub images: Vec<StoredImage>,
    /// What is kept of builds; none where the engine cannot be asked for it.
    pub cache: Option<Vec<CacheEntry>>,
    /// The disk that all of it is on.
    pub disk: Option<Disk>,
}

/// An image of an engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredImage {
    /// `sha256:…`
    pub id: String,
    /// `repository:tag`
    pub names: Vec<String>,
    /// `repository@sha256:…`: names that registries gave it.
    pub digests: Vec<String>,
    /// What its label says that it was built for; only ours have one.
    pub key: Option<String>,
    /// When it was given a name last, which a job does that uses it. None: never on this engine.
    pub used: Option<Timestamp>,
    /// Containers made from it, whether they run or not.
    pub containers: usize,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layer {
    /// Which, all that is below it included.
    pub chain: String,
    /// What it takes; 0 where nobody needs to know.
    pub bytes: u64,
}

/// A record of the engine's build cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// What it takes.
    pub bytes: u64,
    /// When a build used it last; none while one makes it.
    pub used: Option<Timestamp>,
    /// A build has it at this moment.
    pub in_use: bool,
    /// An image has the same data.
    pub shared: bool,
}

impl StoredImage {
    /// Whether a runner built or fetched it for a key.
    pub fn is_ours(&self) -> bool {
        self.key.is_some()
    }

    /// A name that somebody else gave it.
    pub fn foreign_name(&self) -> Option<&str> {
        self.names.iter().map(String::as_str).find(|name| !name.starts_with(OUR_NAMES))
    }

    /// What people know it by.
    pub fn called(&self) -> &str {
        self.names.first().unwrap_or(&self.id)
    }

    /// Its layers together.
    pub fn bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.bytes).sum()
    }
}

impl Stock {
    /// Bytes of layers that only images of ours have, and of the build cache that no image has.
    pub fn ours(&self) -> u64 {
        let cache = self.cache.iter().flatten().filter(|entry| !entry.shared).map(|entry| entry.bytes).sum::<u64>();
        let mut layers = BTreeMap::new();
        for image in &self.images {
            for layer in &image.layers {
                let of_ours = layers.entry(&layer.chain).or_insert(Some(0));
                *of_ours = of_ours.filter(|_| image.is_ours()).map(|known| layer.bytes.max(known));
            }
        }
        cache + layers.values().flatten().sum::<u64>()
    }
}

/// The layers of an image, from their digests and from what its history says each instruction added: an instruction
/// that added nothing may have made a layer or none. Where that leaves open which is which, the sizes are given to the
/// lowest layers: their sum is right, and what is shared is rather counted too much than what is not.
pub fn layers(diffs: &[String], history: &[u64]) -> Vec<Layer> {
    let sizes: Vec<u64> = match history.len() == diffs.len() {
        true => history.to_vec(),
        false => history.iter().copied().filter(|bytes| *bytes > 0).collect(),
    };
    let mut sizes = sizes.into_iter();
    let mut below = blake3::Hasher::new();
    let layer = |diff: &String| {
        below.update(diff.as_bytes()).update(b"\n");
        Layer { chain: below.finalize().to_hex()[..32].to_owned(), bytes: sizes.next().unwrap_or(0) }
    };
    diffs.iter().map(layer).collect()
}
