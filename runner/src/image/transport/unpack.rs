//! An image put together: its parts fetched, checked against its id, and given to the engine as a tar.
//!
//! Layers that this host has, those of the bases and of earlier images, are only named in the tar; the engine takes its
//! own.

use super::common_layers;
use super::digest::Hashed;
use crate::engine::{Engine, ImageFacts};
use crate::image::fleet::Fleet;
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use sidings_proto::image::{BlobSize, CONFIG_MAX, Fetched, IMAGE_MAX, ImageLayer, LAYER_MAX};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Parts that are fetched at once.
const AT_ONCE: usize = 3;
/// Pieces of the tar that may wait for the engine.
const AHEAD: usize = 16;
const BLOCK: usize = 256 * 1024;

/// An image that is with the controller.
#[derive(Clone, Copy, Debug)]
pub(in crate::image) struct Wanted<'a> {
    pub(in crate::image) key: &'a str,
    /// What it is called here.
    pub(in crate::image) tag: &'a str,
    pub(in crate::image) id: &'a str,
    pub(in crate::image) config: &'a BlobSize,
    pub(in crate::image) layers: &'a [ImageLayer],
}

/// Fetches an image and gives it to the engine. `known` are the layers of images that are on this host.
pub(in crate::image) async fn unpack(
    engine: &Arc<dyn Engine>,
    wanted: Wanted<'_>,
    known: &[Vec<String>],
    fleet: &dyn Fleet,
    folder: &Path,
) -> anyhow::Result<(ImageFacts, Fetched)> {
    let diffs: Vec<String> = wanted.layers.iter().map(|layer| layer.diff.clone()).collect();
    let here = common_layers(&diffs, known);
    let lacking = &wanted.layers[here..];
    ensure!(lacking.iter().all(|layer| layer.packed.is_some()), "a layer of its base image is not on this host");
    let parts: BTreeMap<&str, &BlobSize> =
        lacking.iter().filter_map(|layer| Some((layer.diff.as_str(), layer.packed.as_ref()?))).collect();
    let folder = tempfile::Builder::new().prefix("fetched-").tempdir_in(folder).context("making a folder")?;
    let (layers, bytes) = (parts.len() as u64, fetch(fleet, &wanted, parts.values().copied(), folder.path()).await?);
    load(engine, &wanted, lacking, folder.path()).await?;
    let facts = engine.inspect_image(wanted.tag).await?.context("the engine has not what it was given")?;
    ensure!(facts.id == wanted.id, "the engine made {} of it, not {}", facts.id, wanted.id);
    Ok((facts, Fetched { from: String::new(), layers: Some(layers), bytes: Some(bytes) }))
}

/// Gets all parts and the configuration into files of their names; how many bytes they have.
async fn fetch<'p>(
    fleet: &dyn Fleet,
    wanted: &Wanted<'p>,
    parts: impl Iterator<Item = &'p BlobSize>,
    folder: &Path,
) -> anyhow::Result<u64> {
    ensure!(wanted.config.bytes <= CONFIG_MAX, "its configuration is too large");
    let parts: Vec<BlobSize> = parts.chain([wanted.config]).cloned().collect();
    let sum = parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add);
    ensure!(sum <= IMAGE_MAX, "it is too large");
    let get = |part: BlobSize| async move {
        let into = folder.join(part.blob.as_str());
        fleet.part(wanted.key, &part.blob, part.bytes, &into).await
    };
    let () =
        stream::iter(parts).map(get).buffer_unordered(AT_ONCE).try_collect().await.context("fetching its parts")?;
    Ok(sum)
}

async fn load(
    engine: &Arc<dyn Engine>,
    wanted: &Wanted<'_>,
    lacking: &[ImageLayer],
    folder: &Path,
) -> anyhow::Result<()> {
    let (sender, pieces) = mpsc::channel(AHEAD);
    let tar = Tar {
        id: wanted.id.to_owned(),
        tag: wanted.tag.to_owned(),
        config: folder.join(wanted.config.blob.as_str()),
        names: wanted.layers.iter().map(|layer| layer.diff.clone()).collect(),
        lacking: lacking.to_vec(),
        folder: folder.to_owned(),
    };
    let writing = tokio::task::spawn_blocking(move || {
        let written = tar.write(Sent { into: sender.clone(), piece: Vec::with_capacity(BLOCK) });
        if let Err(error) = &written {
            // The engine is to hear that there is no end to this.
            let _ = sender.blocking_send(Err(io::Error::other(error.to_string())));
        }
        written
    });
    let loaded = engine.load_image(pieces).await;
    // That what arrived is wrong says more than that the engine was given half of it.
    let written = writing.await.context("writing the image")?;
    match (written, loaded) {
        (_, Ok(())) => Ok(()),
        (Err(error), Err(_)) if !is_hung_up(&error) => Err(error),
        (_, Err(error)) => Err(error.context("giving the image to the engine")),
    }
}

/// The tar that engines load images from.
pub(super) struct Tar {
    pub(super) id: String,
    pub(super) tag: String,
    pub(super) config: PathBuf,
    pub(super) names: Vec<String>,
    pub(super) lacking: Vec<ImageLayer>,
    pub(super) folder: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

/// What is read of a configuration.
#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

impl Tar {
    pub(super) fn write(&self, into: impl Write) -> anyhow::Result<()> {
        let config = self.config()?;
        let mut tar = tar::Builder::new(into);
        let name = format!("{}.json", hex(&self.id));
        append(&mut tar, &name, config.len() as u64, config.as_slice())?;
        for layer in &self.lacking {
            self.append_layer(&mut tar, layer)?;
        }
        let layers = self.names.iter().map(|diff| layer_name(diff)).collect();
        let manifest = [Manifest { config: name, repo_tags: vec![self.tag.clone()], layers }];
        let manifest = serde_json::to_vec(&manifest).context("writing the manifest")?;
        append(&mut tar, "manifest.json", manifest.len() as u64, manifest.as_slice())?;
        tar.into_inner()?.flush()?;
        Ok(())
    }

    /// The configuration, which is what the image's id says and names these layers.
    fn config(&self) -> anyhow::Result<Vec<u8>> {
        let mut from = Hashed::new(File::open(&self.config)?.take(CONFIG_MAX));
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes)?;
        let (digest, _) = from.end();
        ensure!(digest == self.id, "the configuration that arrived is another one: {digest}, not {}", self.id);
        let Config { rootfs } = serde_json::from_slice(&bytes).context("reading the configuration")?;
        ensure!(rootfs.diff_ids == self.names, "the configuration names other layers");
        Ok(bytes)
    }

    fn append_layer(&self, tar: &mut tar::Builder<impl Write>, layer: &ImageLayer) -> anyhow::Result<()> {
        let packed = layer.packed.as_ref().context("a layer is not here")?;
        ensure!(layer.bytes <= LAYER_MAX, "a layer is too large");
        let file = File::open(self.folder.join(packed.blob.as_str()))?;
        let mut from = Hashed::new(zstd::Decoder::new(file)?.take(layer.bytes + 1));
        let mut exact = (&mut from).take(layer.bytes);
        append(tar, &layer_name(&layer.diff), layer.bytes, &mut exact)?;
        let missing = exact.limit();
        let more = io::copy(&mut from, &mut io::sink())?;
        let (digest, _) = from.end();
        if missing + more > 0 || digest != layer.diff {
            bail!("a layer that arrived is another one: {digest}, not {}", layer.diff);
        }
        Ok(())
    }
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, bytes: u64, from: impl Read) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, from)?;
    Ok(())
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

fn layer_name(diff: &str) -> String {
    format!("{}.tar", hex(diff))
}

/// Whether only the engine took nothing more.
fn is_hung_up(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Pieces on their way to the engine.
struct Sent {
    into: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Sent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= BLOCK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(BLOCK));
        self.into.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
