//! An engine's stock as a few words, what is decided as a few more.

mod cleaning;
mod decisions;
mod properties;

use super::*;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const MB: u64 = 1_000_000;
const HOUR: i64 = 3_600_000;

fn hours_ago(hours: i64) -> Timestamp {
    Timestamp(NOW.0 - hours * HOUR)
}

fn layer(chain: &str, megabytes: u64) -> Layer {
    Layer { chain: chain.to_owned(), bytes: megabytes * MB }
}

/// An image of ours on a base that is not, with a layer of its own, used so many hours ago.
fn ours(name: &str, megabytes: u64, hours: i64) -> StoredImage {
    StoredImage {
        id: format!("sha256:{name}"),
        names: vec![format!("sidings/{name}:1")],
        key: Some(name.to_owned()),
        used: Some(hours_ago(hours)),
        layers: vec![layer("base", 100), layer(name, megabytes)],
        ..StoredImage::default()
    }
}

fn foreign(name: &str, layers: Vec<Layer>) -> StoredImage {
    let names = vec![name.to_owned()];
    StoredImage { id: format!("sha256:{name}"), names, used: Some(hours_ago(900)), layers, ..StoredImage::default() }
}

fn entry(megabytes: u64, hours: i64) -> CacheEntry {
    CacheEntry { bytes: megabytes * MB, used: Some(hours_ago(hours)), in_use: false, shared: false }
}

/// The base is somebody else's; nothing is known of the disk.
fn stock(images: Vec<StoredImage>, cache: Vec<CacheEntry>) -> Stock {
    let base = foreign("debian:12", vec![layer("base", 100)]);
    Stock { images: images.into_iter().chain([base]).collect(), cache: Some(cache), disk: None }
}

/// By a budget alone, with an hour's grace.
fn budget(megabytes: u64) -> Marks {
    Marks { budget: Some(megabytes * MB), ..Marks::default() }
}
