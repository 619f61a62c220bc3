//! An image taken apart: the layers that its bases do not have, each as a file in zstd, named by its hash.
//!
//! The engine gives the whole image as a tar whose names differ from version to version. They do not matter: whatever
//! has the hash of a layer is that layer, and whatever has the hash of the image is its configuration.

use super::digest::Hashed;
use super::{Stays, common_layers, image_too_large, layer_too_large};
use crate::depot::Pieces;
use crate::engine::{Engine, ImageFacts};
use crate::image::fleet::Fleet;
use anyhow::{Context, anyhow};
use sidings_proto::BlobId;
use sidings_proto::image::{
    BlobSize, CONFIG_MAX, IMAGE_MAX, ImageLayer, ImagePlace, LAYER_MAX, LAYERS_MAX, SharedImage,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::mpsc;

/// Pieces of the engine's tar that may wait for the reader.
const AHEAD: usize = 16;
/// Fast, and small enough; the same bytes always become the same, so that a layer is sent once.
const LEVEL: i32 = 3;
const BLOCK: usize = 256 * 1024;

/// What was sent.
#[derive(Debug)]
pub(in crate::image) struct Packed {
    pub(in crate::image) image: SharedImage,
    /// Layers that were not with the controller yet.
    pub(in crate::image) layers: usize,
    /// Their bytes.
    pub(in crate::image) bytes: u64,
}

/// A layer, or a configuration, in a file of ours.
pub(super) struct Part {
    pub(super) file: TempPath,
    pub(super) size: BlobSize,
    /// Before it was packed.
    pub(super) bytes: u64,
}

/// Takes an image of this host apart and puts with the controller what it lacks. `bases` are the layers of images that
/// whoever wants this one has.
pub(in crate::image) async fn pack(
    engine: &Arc<dyn Engine>,
    facts: &ImageFacts,
    bases: &[Vec<String>],
    fleet: &dyn Fleet,
    folder: &Path,
) -> Result<Packed, Stays> {
    let common = common_layers(&facts.layers, bases);
    let mut parts = take_apart(engine, facts, common, folder).await?;
    let config = parts.remove(&facts.id).with_context(|| format!("the engine's tar has no {}", facts.id))?;
    let layer = |(n, diff): (usize, &String)| match parts.get(diff) {
        _ if n < common => Ok(ImageLayer { diff: diff.clone(), bytes: 0, packed: None }),
        Some(part) => Ok(ImageLayer { diff: diff.clone(), bytes: part.bytes, packed: Some(part.size.clone()) }),
        None => Err(anyhow!("the engine's tar has no layer {diff}")),
    };
    let layers = facts.layers.iter().enumerate().map(layer).collect::<anyhow::Result<Vec<_>>>()?;
    let place = ImagePlace::Controller { config: config.size.clone(), layers };
    let image = SharedImage { id: facts.id.clone(), place };
    let (layers, bytes) = send(parts.values().chain([&config]), &config.size.blob, fleet).await?;
    Ok(Packed { image, layers, bytes })
}

async fn take_apart(
    engine: &Arc<dyn Engine>,
    facts: &ImageFacts,
    common: usize,
    folder: &Path,
) -> Result<BTreeMap<String, Part>, Stays> {
    if facts.layers.len() > LAYERS_MAX {
        return Err(Stays::TooLarge(format!("it has more than {LAYERS_MAX} layers")));
    }
    let layers = facts.layers.iter().skip(common).cloned().collect();
    let (sender, pieces) = mpsc::channel(AHEAD);
    let (id, folder) = (facts.id.clone(), folder.to_owned());
    let reading = tokio::task::spawn_blocking(move || read(Pieces::new(pieces), &id, &layers, &folder));
    let saved = engine.save_image(&facts.id, sender).await;
    match (reading.await.context("reading the saved image")?, saved) {
        (Err(Stays::TooLarge(why)), _) => Err(Stays::TooLarge(why)),
        (_, Err(error)) => Err(Stays::Failed(error.context("saving the image"))),
        (read, Ok(())) => read,
    }
}

pub(super) fn read(
    tar: impl Read,
    id: &str,
    layers: &BTreeSet<String>,
    folder: &Path,
) -> Result<BTreeMap<String, Part>, Stays> {
    let mut archive = tar::Archive::new(tar);
    let (mut parts, mut sum) = (BTreeMap::new(), 0);
    for entry in archive.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        if entry.header().size()? > LAYER_MAX {
            return Err(layer_too_large());
        }
        let Some((digest, part)) = part(&mut entry, id, layers, folder)? else { continue };
        sum += part.size.bytes;
        if sum > IMAGE_MAX {
            return Err(image_too_large());
        }
        parts.insert(digest, part);
    }
    // The engine waits until all of it was read.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(parts)
}

/// An entry's digest and what is kept of it, when it is the configuration or a wanted layer.
fn part(
    entry: &mut tar::Entry<'_, impl Read>,
    id: &str,
    layers: &BTreeSet<String>,
    folder: &Path,
) -> Result<Option<(String, Part)>, Stays> {
    // Only the hash says what it is, and most of it is of the bases: nothing is packed in vain.
    let mut plain = tempfile::tempfile_in(folder)?;
    let mut from = Hashed::new(entry);
    pass(&mut from, &mut plain)?;
    let (digest, bytes) = from.end();
    plain.rewind()?;
    let file = match &digest {
        digest if digest == id && bytes <= CONFIG_MAX => copied(&mut plain, folder)?,
        digest if layers.contains(digest) => packed(&mut plain, folder)?,
        _ => return Ok(None),
    };
    Ok(Some((digest, named(file, bytes)?)))
}

fn packed(from: &mut impl Read, folder: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().suffix(".layer").tempfile_in(folder)?;
    let mut into = zstd::Encoder::new(io::BufWriter::with_capacity(BLOCK, file), LEVEL)?;
    pass(from, &mut into)?;
    into.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
}

fn copied(from: &mut impl Read, folder: &Path) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().suffix(".config").tempfile_in(folder)?;
    pass(from, &mut file)?;
    Ok(file)
}

fn pass(from: &mut impl Read, into: &mut impl Write) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match from.read(&mut block)? {
            0 => return Ok(()),
            length => into.write_all(&block[..length])?,
        }
    }
}

fn named(file: NamedTempFile, bytes: u64) -> Result<Part, Stays> {
    let mut hasher = blake3::Hasher::new();
    let mut reader = std::fs::File::open(file.path())?;
    let length = io::copy(&mut reader, &mut hasher)?;
    let blob = BlobId::try_from(hasher.finalize().to_hex().to_string()).map_err(|error| anyhow!("{error}"))?;
    Ok(Part { file: file.into_temp_path(), size: BlobSize { blob, bytes: length }, bytes })
}

/// Sends what is missing; how many layers that were, and how many bytes.
async fn send<'p>(
    parts: impl Iterator<Item = &'p Part>,
    config: &BlobId,
    fleet: &dyn Fleet,
) -> anyhow::Result<(usize, u64)> {
    let parts: BTreeMap<BlobId, (PathBuf, u64)> =
        parts.map(|part| (part.size.blob.clone(), (part.file.to_path_buf(), part.size.bytes))).collect();
    let (mut layers, mut sent) = (0, 0);
    for blob in fleet.missing(parts.keys().cloned().collect()).await.context("asking what is missing")? {
        let Some((file, bytes)) = parts.get(&blob) else { continue };
        fleet.put(&blob, *bytes, file).await.context("sending a part of the image")?;
        layers += usize::from(blob != *config);
        sent += bytes;
    }
    Ok((layers, sent))
}
