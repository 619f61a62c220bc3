//! All claims of this controller's life, by their names. It holds what the store holds.

use super::Name;
use super::claims::Claim;
use crate::store::stored::StoredImage;
use sidings_proto::Timestamp;
use sidings_proto::image::ImagePlace;
use std::collections::BTreeMap;

/// By name.
#[derive(Default)]
pub(super) struct Book(BTreeMap<Name, StoredImage>);

impl Book {
    /// What was kept.
    pub(super) fn of(images: Vec<StoredImage>) -> Self {
        Self(images.into_iter().map(|image| (image.name.clone(), image)).collect())
    }

    pub(super) fn get(&self, at: &Name) -> Option<&Claim> {
        self.0.get(at).map(|image| &image.claim)
    }

    /// Whether it is so long ago that somebody asked, by what is kept.
    pub(super) fn is_stale(&self, at: &Name, now: Timestamp, after_ms: i64) -> bool {
        self.0.get(at).is_some_and(|image| now.0 - image.used.0 > after_ms)
    }

    pub(super) fn put(&mut self, image: StoredImage) {
        self.0.insert(image.name.clone(), image);
    }

    pub(super) fn remove(&mut self, at: &Name) {
        self.0.remove(at);
    }

    /// The images in a registry of a project's runs that trust one of these scopes, the last used first.
    pub(super) fn in_registry(&self, project: &str, scopes: [&str; 2]) -> Vec<&str> {
        let is_of = |at: &Name| at.project == project && scopes.contains(&at.scope.as_str());
        let mut found: Vec<(Timestamp, &str)> = self
            .all()
            .filter(|image| is_of(&image.name))
            .filter_map(|image| match &image.claim.image()?.place {
                ImagePlace::Registry { reference } => Some((image.used, reference.as_str())),
                ImagePlace::Controller { .. } => None,
            })
            .collect();
        found.sort_by(|a, b| b.cmp(a));
        found.into_iter().map(|(_, reference)| reference).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &StoredImage> {
        self.0.values()
    }
}
