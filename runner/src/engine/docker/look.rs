//! A look at the images of an Engine, for those who want to know what they are without running anything.

use super::fetch::of_its_registries;
use super::image;
use crate::engine::ImageFacts;
use crate::registry::{Reference, Registries};
use anyhow::Context;
use bollard::Docker;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Nobody waits longer for an Engine that may not be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What the Engine builds for, as `linux/amd64`.
    pub platform: String,
    /// Those of the images that it has.
    pub images: BTreeMap<String, ImageFacts>,
}

/// Looks at the Engine that `DOCKER_HOST` names, else at the one on this host. Nothing is fetched.
///
/// # Errors
/// It cannot be reached, or does not answer soon.
pub async fn look(references: &BTreeSet<String>) -> anyhow::Result<Look> {
    tokio::time::timeout(PATIENCE, look_at(references)).await.context("waiting for the Docker Engine")?
}

async fn look_at(references: &BTreeSet<String>) -> anyhow::Result<Look> {
    let api = Docker::connect_with_defaults().context("connecting to the Docker Engine")?;
    let api = api.negotiate_version().await.context("asking the Docker Engine for its version")?;
    let version = api.version().await.context("asking the Docker Engine what it is")?;
    let platform = format!("{}/{}", version.os.unwrap_or_default(), version.arch.unwrap_or_default());
    let mut images = BTreeMap::new();
    for reference in references {
        if let Some(facts) = image::inspect(&api, reference).await? {
            let named = Reference::of(reference);
            images.insert(reference.clone(), of_its_registries(facts, &Registries::default(), &named));
        }
    }
    Ok(Look { platform, images })
}
