//! Which images are forgotten. Pure. One that is asked for again later is built again; nothing else is lost.

use super::Name;
use crate::store::stored::StoredImage;
use sidings_proto::Timestamp;
use std::collections::{BTreeMap, HashSet};

/// Nobody asked for it so long.
const UNUSED_MS: i64 = 14 * 24 * 3_600_000;
/// A project's images have so many bytes with the controller, at most, each part counted once; the longest unused go
/// first.
const OF_PROJECT_MAX: u64 = 20 * 1024 * 1024 * 1024;

/// Those that are to go. One that is being built stays.
pub(super) fn superfluous<'i>(images: impl Iterator<Item = &'i StoredImage>, now: Timestamp) -> Vec<Name> {
    let mut images: Vec<_> = images.filter(|image| image.claim.builder().is_none()).collect();
    images.sort_by_key(|image| std::cmp::Reverse(image.used));
    let mut of_projects: BTreeMap<&str, (HashSet<_>, u64)> = BTreeMap::new();
    images.retain(|image| {
        let (seen, sum) = of_projects.entry(&image.name.project).or_default();
        let new =
            image.claim.image().into_iter().flat_map(|image| image.blobs()).filter(|part| seen.insert(&part.blob));
        *sum += new.map(|part| part.bytes).fold(0, u64::saturating_add);
        *sum > OF_PROJECT_MAX || now.0 - image.used.0 > UNUSED_MS
    });
    images.into_iter().map(|image| image.name.clone()).collect()
}
