//! What cleaning up needs of an engine: a look at what it keeps, and the removal of some of it. Nothing is forced.

use crate::clean::{Stock, StoredImage};
use async_trait::async_trait;
use std::path::PathBuf;
use std::time::Duration;

/// What an engine keeps of images and builds.
#[async_trait]
pub trait Storage: Send + Sync + 'static {
    /// The folder that it keeps images in, by its own word. None: it keeps none, or does not say.
    async fn root(&self) -> anyhow::Result<Option<PathBuf>>;

    /// What there is on this host of images and builds, its disk apart. None: this engine keeps none.
    async fn stock(&self) -> anyhow::Result<Option<Stock>>;

    /// Removes an image with all its names, unless a container is made from it or it was used since it was looked at.
    async fn remove_image(&self, image: &StoredImage) -> anyhow::Result<Removed>;

    /// Removes what no build used for so long of what is kept of builds and no image has; the bytes that this freed.
    async fn prune_cache(&self, unused_for: Duration) -> anyhow::Result<u64>;
}

/// What became of an image that was to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Gone,
    /// It stays, since somebody has it after all: why, as a sentence without its full stop.
    Stays(String),
}
