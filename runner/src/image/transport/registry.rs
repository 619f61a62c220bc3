//! An image by way of a registry: pushed by a name, had by its digest, tried again for a while.

use crate::engine::{Engine, ImageFacts};
use crate::setup_log::SetupLog;
use anyhow::{Context, ensure};
use sidings_proto::image::{ImagePlace, SharedImage, is_digest};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Between tries. The engine tries again by itself as well.
const AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];

/// Puts an image into a registry by this name.
pub(in crate::image) async fn push(
    engine: &Arc<dyn Engine>,
    facts: &ImageFacts,
    name: &str,
    log: &SetupLog,
) -> anyhow::Result<SharedImage> {
    let digest = tried("push it", log, || engine.push_image(&facts.id, name)).await?;
    ensure!(is_digest(&digest), "the registry gave it no digest");
    let repository = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(before, _)| before);
    let place = ImagePlace::Registry { reference: format!("{repository}@{digest}") };
    Ok(SharedImage { id: facts.id.clone(), place })
}

/// Gets an image from a registry by its digest, which the engine checks, and calls it by its name here.
pub(in crate::image) async fn pull(
    engine: &Arc<dyn Engine>,
    (reference, id, tag): (&str, &str, &str),
    log: &SetupLog,
) -> anyhow::Result<ImageFacts> {
    let pull = || async { Ok(engine.pull_image(reference, log).await?) };
    let facts = tried("pull it", log, pull).await?;
    ensure!(facts.id == id, "the registry gave another image: {}, not {id}", facts.id);
    engine.tag_image(id, tag).await.context("naming the image")?;
    Ok(facts)
}

async fn tried<T, F: Future<Output = anyhow::Result<T>>>(
    what: &str,
    log: &SetupLog,
    call: impl Fn() -> F,
) -> anyhow::Result<T> {
    for pause in AGAIN {
        match call().await {
            Ok(done) => return Ok(done),
            Err(error) => log.note(&format!("could not {what}, trying again: {error:#}")),
        }
        tokio::time::sleep(pause).await;
    }
    call().await
}
