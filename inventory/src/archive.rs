//! An image as it is saved: which of the archive's files are its papers, which its layers, and in which order. The
//! archive passes by once; the paper that orders the layers may come last.

use crate::bounds::{Bounds, Left};
use crate::layer::Findings;
use crate::model::{Image, Inventory, Layer, Remark};
use crate::overlay::Overlay;
use crate::tape::{Entry, Sort, Tape, plain};
use crate::unpack::{BUFFER, Form, unpacked};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

/// A manifest or a configuration; all of them together.
const LARGEST_PAPER: u64 = 8 << 20;
const ALL_PAPERS: u64 = 64 << 20;
const MOST_LAYERS: usize = 1000;
/// An index may name an index.
const DEEPEST_INDEX: usize = 3;

/// Why there is no inventory.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The archive's own stream.
    #[error("reading the image")]
    Read(#[from] io::Error),
    /// It is an archive of something else, or damaged.
    #[error("this is no saved image: {0}")]
    NotAnImage(String),
    /// A layer that cannot be read leaves a hole that nobody could see.
    #[error("the layer {path} cannot be read")]
    Layer {
        /// Its name in the archive.
        path: String,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// An index or a manifest of OCI.
#[derive(Deserialize)]
struct Paper {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    rootfs: RootFs,
    #[serde(default)]
    history: Option<Vec<Event>>,
}

#[derive(Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
struct Event {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    empty_layer: bool,
}

/// Reads a saved image to its end: what `docker save` writes, or an OCI layout in a tar; layers plain, gzip or zstd.
pub fn inventory(image: impl Read, bounds: Bounds) -> Result<Inventory, Failed> {
    let mut archive = Archive::default();
    let mut left = Left::new(bounds);
    let mut tape = Tape::new(BufReader::with_capacity(BUFFER, image));
    while let Some(entry) = tape.next()? {
        archive.entry(&entry, &mut tape, &mut left)?;
    }
    archive.inventory(bounds)
}

#[derive(Default)]
struct Archive {
    papers: BTreeMap<String, Vec<u8>>,
    papers_bytes: u64,
    layers: BTreeMap<String, Findings>,
    links: BTreeMap<String, String>,
}

/// What the papers say.
struct Order {
    names: Vec<String>,
    config: String,
    layers: Vec<String>,
    others: usize,
}

impl Archive {
    fn entry(&mut self, entry: &Entry, content: &mut impl Read, left: &mut Left) -> Result<(), Failed> {
        match &entry.sort {
            Sort::File => self.file(entry, content, left),
            Sort::Hard(target) => {
                self.links.insert(entry.path.clone(), target.clone());
                Ok(())
            }
            Sort::Symbolic(target) => {
                self.links.insert(entry.path.clone(), beside(&entry.path, target));
                Ok(())
            }
            Sort::Folder | Sort::Other => Ok(()),
        }
    }

    fn file(&mut self, entry: &Entry, content: &mut impl Read, left: &mut Left) -> Result<(), Failed> {
        let mut start = Vec::new();
        content.by_ref().take(512).read_to_end(&mut start)?;
        let form = Form::of(&start);
        let mut whole = start.as_slice().chain(content);
        match form {
            Form::Tar | Form::Gzip | Form::Zstd => {
                let failed = |source| Failed::Layer { path: entry.path.clone(), source };
                let findings = Findings::read(unpacked(form, whole).map_err(failed)?, left).map_err(failed)?;
                self.layers.insert(entry.path.clone(), findings);
                if self.layers.len() > MOST_LAYERS {
                    return Err(Failed::NotAnImage(format!("it has more than {MOST_LAYERS} layers")));
                }
            }
            Form::Json if entry.size <= LARGEST_PAPER => {
                self.papers_bytes += entry.size;
                if self.papers_bytes > ALL_PAPERS {
                    return Err(Failed::NotAnImage("its manifests are too large".to_owned()));
                }
                let mut paper = Vec::new();
                whole.read_to_end(&mut paper)?;
                self.papers.insert(entry.path.clone(), paper);
            }
            Form::Json | Form::Other => {}
        }
        Ok(())
    }

    fn inventory(mut self, bounds: Bounds) -> Result<Inventory, Failed> {
        let order = self.order()?;
        let config: Config = self.paper(&order.config)?;
        let mut remarks = Vec::new();
        if order.others > 0 {
            let text =
                format!("the archive has {} more images, for other platforms, which were not read", order.others);
            remarks.push(Remark { layer: None, path: None, text });
        }
        let (layers, overlay) = self.layers(&order, &config, &mut remarks)?;
        let seen = overlay.seen();
        remarks.sort();
        bound(&mut remarks, bounds.remarks);
        let image = Image {
            id: id(&order.config),
            names: order.names,
            created: config.created,
            platform: format!("{}/{}", config.os, config.architecture),
            distribution: seen.distribution,
            dockerfile: seen.dockerfile,
        };
        Ok(Inventory { image, layers, packages: seen.packages, removed: seen.removed, remarks })
    }

    fn layers(
        &mut self,
        order: &Order,
        config: &Config,
        remarks: &mut Vec<Remark>,
    ) -> Result<(Vec<Layer>, Overlay), Failed> {
        let mut history = made(config, order.layers.len(), remarks);
        let mut overlay = Overlay::default();
        let mut layers = Vec::new();
        for (index, path) in order.layers.iter().enumerate() {
            let number = index + 1;
            let path = self.resolved(path);
            // The same content may be two layers; reading it again is not possible, and not needed.
            let again = order.layers[number..].iter().any(|later| self.resolved(later) == path);
            let missing = || Failed::NotAnImage(format!("its layer {path} is not in it"));
            let mut findings = self.layers.remove(&path).ok_or_else(missing)?;
            let told = std::mem::take(&mut findings.remarks);
            remarks.extend(told.into_iter().map(|(path, text)| Remark { layer: Some(number), path, text }));
            let evidence = again.then(|| findings.evidence.clone());
            overlay.put(&mut findings);
            layers.push(Layer {
                number,
                digest: config.rootfs.diff_ids.get(index).cloned().unwrap_or_default(),
                created_by: history.get_mut(index).map(std::mem::take).unwrap_or_default(),
                made: None,
                bytes: findings.bytes,
                files: findings.files,
            });
            if let Some(evidence) = evidence {
                findings.evidence = evidence;
                self.layers.insert(path, findings);
            }
        }
        Ok((layers, overlay))
    }

    fn order(&self) -> Result<Order, Failed> {
        if self.papers.contains_key("manifest.json") {
            return self.saved();
        }
        let mut paper: Paper = self.paper("index.json")?;
        let mut others = 0;
        for _ in 0..DEEPEST_INDEX {
            if let Some(config) = &paper.config {
                let layers = paper.layers.iter().map(|layer| blob(&layer.digest)).collect();
                return Ok(Order { names: Vec::new(), config: blob(&config.digest), layers, others });
            }
            let is_image = |it: &&Descriptor| {
                !it.annotations.contains_key("vnd.docker.reference.type") && self.papers.contains_key(&blob(&it.digest))
            };
            let images: Vec<&Descriptor> = paper.manifests.iter().filter(is_image).collect();
            let Some(first) = images.first() else { break };
            others += images.len() - 1;
            paper = self.paper(&blob(&first.digest))?;
        }
        Err(Failed::NotAnImage("its index names no image that is in it".to_owned()))
    }

    fn saved(&self) -> Result<Order, Failed> {
        let images: Vec<Saved> = self.paper("manifest.json")?;
        let count = images.len();
        let mut images = images.into_iter();
        let (Some(image), None) = (images.next(), images.next()) else {
            return Err(Failed::NotAnImage(format!("it holds {count} images, and one is read")));
        };
        let layers = image.layers.iter().map(|layer| plain(layer)).collect();
        Ok(Order { names: image.repo_tags.unwrap_or_default(), config: plain(&image.config), layers, others: 0 })
    }

    fn paper<'a, T: Deserialize<'a>>(&'a self, path: &str) -> Result<T, Failed> {
        let paper = self.papers.get(path).ok_or_else(|| Failed::NotAnImage(format!("it has no {path}")))?;
        serde_json::from_slice(paper).map_err(|error| Failed::NotAnImage(format!("{path}: {error}")))
    }

    /// Where a layer is that was saved as a link to the same one elsewhere.
    fn resolved(&self, path: &str) -> String {
        let mut path = path;
        for _ in 0..8 {
            let Some(target) = self.links.get(path) else { break };
            path = target;
        }
        path.to_owned()
    }
}

/// What made each layer; nothing where the history has another number of layers than there are.
fn made(config: &Config, layers: usize, remarks: &mut Vec<Remark>) -> Vec<String> {
    let history = config.history.clone().unwrap_or_default();
    let made: Vec<String> =
        history.into_iter().filter(|event| !event.empty_layer).map(|event| event.created_by).collect();
    if made.len() == layers {
        return made;
    }
    let text = format!("its history tells of {} layers and it has {layers}: what made them is not known", made.len());
    remarks.push(Remark { layer: None, path: None, text });
    Vec::new()
}

fn bound(remarks: &mut Vec<Remark>, most: usize) {
    let more = remarks.len().saturating_sub(most);
    remarks.truncate(most);
    if more > 0 {
        remarks.push(Remark { layer: None, path: None, text: format!("{more} more remarks were left out") });
    }
}

fn blob(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

/// The configuration's file is named by its digest.
fn id(config: &str) -> String {
    let name = config.rsplit('/').next().unwrap_or(config);
    format!("sha256:{}", name.strip_suffix(".json").unwrap_or(name))
}

/// Where a link leads, from the folder it is in.
fn beside(path: &str, target: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
