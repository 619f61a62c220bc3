//! What an Engine has of images and builds, and the removal of some of it. Nothing is ever forced: whoever has a
//! container of an image keeps it, by the Engine's own refusal.

use super::{Docker as Engine, plain, status};
use crate::clean::{CacheEntry, Stock, StoredImage, layers};
use crate::engine::{Removed, Storage};
use anyhow::Context;
use async_trait::async_trait;
use bollard::Docker;
use bollard::models::{BuildPruneResponse, ImageInspect, ImageSummary};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptions, PruneBuildOptionsBuilder, RemoveImageOptionsBuilder,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use sidings_proto::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

/// Only images with this label are ever removed.
const KEY: &str = crate::image::KEY_LABEL;
/// Questions to the Engine at once.
const AT_ONCE: usize = 4;

#[async_trait]
impl Storage for Engine {
    async fn root(&self) -> anyhow::Result<Option<PathBuf>> {
        let info = self.shared.api.info().await.context("asking the Docker Engine where it keeps images")?;
        Ok(info.docker_root_dir.map(PathBuf::from))
    }

    async fn stock(&self) -> anyhow::Result<Option<Stock>> {
        stock(&self.shared.api).await.map(Some)
    }

    async fn remove_image(&self, image: &StoredImage) -> anyhow::Result<Removed> {
        remove(&self.shared.api, image).await
    }

    async fn prune_cache(&self, unused_for: Duration) -> anyhow::Result<u64> {
        prune(&self.shared.api, unused_for).await
    }
}

/// All images, and what is kept of builds.
async fn stock(api: &Docker) -> anyhow::Result<Stock> {
    let found = api.list_images(None::<ListImagesOptions>).await.context("listing images")?;
    let containers = containers(api).await?;
    let looked_at = stream::iter(found).map(|summary| image(api, summary)).buffer_unordered(AT_ONCE);
    let mut images: Vec<StoredImage> = looked_at.try_filter_map(async |image| Ok(image)).try_collect().await?;
    for image in &mut images {
        image.containers = containers.get(&image.id).copied().unwrap_or(0);
    }
    Ok(Stock { images, cache: cache(api).await, disk: None })
}

/// How many containers each image has.
async fn containers(api: &Docker) -> anyhow::Result<BTreeMap<String, usize>> {
    let options = ListContainersOptionsBuilder::default().all(true).build();
    let mut count = BTreeMap::new();
    for container in api.list_containers(Some(options)).await.context("listing containers")? {
        *count.entry(container.image_id.unwrap_or_default()).or_default() += 1;
    }
    Ok(count)
}

/// None: it went meanwhile.
async fn image(api: &Docker, summary: ImageSummary) -> anyhow::Result<Option<StoredImage>> {
    let Some(found) = inspect(api, &summary.id).await? else { return Ok(None) };
    let key = summary.labels.get(KEY).cloned();
    let history = match &key {
        Some(_) => history(api, &summary.id).await?,
        None => Vec::new(),
    };
    let diffs = found.root_fs.as_ref().and_then(|root| root.layers.clone()).unwrap_or_default();
    Ok(Some(StoredImage {
        used: used(&found),
        names: found.repo_tags.unwrap_or_default(),
        digests: found.repo_digests.unwrap_or_default(),
        key,
        layers: layers(&diffs, &history),
        containers: 0,
        id: summary.id,
    }))
}

async fn inspect(api: &Docker, image: &str) -> anyhow::Result<Option<ImageInspect>> {
    match api.inspect_image(image).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(error).context("looking at an image"),
    }
}

/// What each instruction added, the first one first.
async fn history(api: &Docker, image: &str) -> anyhow::Result<Vec<u64>> {
    match api.image_history(image).await {
        Ok(items) => Ok(items.into_iter().rev().map(|item| u64::try_from(item.size).unwrap_or(0)).collect()),
        Err(error) if status(&error) == Some(404) => Ok(Vec::new()),
        Err(error) => Err(error).context("reading an image's history"),
    }
}

/// The Engine says the year 1 of an image that it was given with its names.
fn used(image: &ImageInspect) -> Option<Timestamp> {
    let named = image.metadata.as_ref()?.last_tag_time?;
    let ms = i64::try_from(named.unix_timestamp_nanos() / 1_000_000).ok()?;
    (ms > 0).then_some(Timestamp(ms))
}

/// As the Engine says it, in the words of 2018 to 2025.
#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default, rename = "BuildCache")]
    cache: Option<Vec<Record>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    #[serde(default)]
    size: i64,
    #[serde(default)]
    in_use: bool,
    #[serde(default)]
    shared: bool,
    #[serde(default)]
    last_used_at: Option<jiff::Timestamp>,
}

/// None: it cannot be asked. Then it is left alone, and images are cleaned up all the same.
async fn cache(api: &Docker) -> Option<Vec<CacheEntry>> {
    let asked: anyhow::Result<Usage> = plain::get(api, "/system/df?type=build-cache").await;
    let asked =
        asked.inspect_err(|error| tracing::warn!(error = format!("{error:#}"), "the build cache is left alone"));
    let entry = |record: Record| CacheEntry {
        bytes: u64::try_from(record.size).unwrap_or(0),
        used: record.last_used_at.map(|at| Timestamp(at.as_millisecond())),
        in_use: record.in_use,
        shared: record.shared,
    };
    Some(asked.ok()?.cache?.into_iter().map(entry).collect())
}

/// Takes an image's names away, which removes it with the last of them. The name that jobs look for goes last: if it
/// stays, nothing is lost.
async fn remove(api: &Docker, image: &StoredImage) -> anyhow::Result<Removed> {
    let Some(now) = inspect(api, &image.id).await? else { return Ok(Removed::Gone) };
    if used(&now) > image.used {
        return Ok(Removed::Stays("a job used it meanwhile".to_owned()));
    }
    // A name may be another image's by now.
    let (names, digests) = (now.repo_tags.unwrap_or_default(), now.repo_digests.unwrap_or_default());
    let now = StoredImage { names, digests, ..StoredImage::default() };
    if let Some(name) = now.foreign_name() {
        return Ok(Removed::Stays(format!("somebody calls it {name}")));
    }
    let names: Vec<&String> = now.digests.iter().chain(&now.names).collect();
    let names = if names.is_empty() { vec![&image.id] } else { names };
    for name in names {
        let options = RemoveImageOptionsBuilder::default().force(false).build();
        match api.remove_image(name, Some(options), None).await {
            Ok(_) => {}
            Err(error) if status(&error) == Some(404) => {}
            Err(error) if status(&error) == Some(409) => {
                return Ok(Removed::Stays("a container is made from it".to_owned()));
            }
            Err(error) => return Err(error).with_context(|| format!("removing the image {name}")),
        }
    }
    match inspect(api, &image.id).await? {
        None => Ok(Removed::Gone),
        Some(_) => Ok(Removed::Stays("somebody gave it another name".to_owned())),
    }
}

/// Removes what no build used for so long and no image has.
async fn prune(api: &Docker, unused_for: Duration) -> anyhow::Result<u64> {
    let filters = HashMap::from([("until", vec![format!("{}ms", unused_for.as_millis())])]);
    let options = PruneBuildOptionsBuilder::default().filters(&filters).build();
    let pruned: BuildPruneResponse = api.prune_build(Some(options)).await.context("pruning the build cache")?;
    Ok(pruned.space_reclaimed.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
}
