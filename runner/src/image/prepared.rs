//! A build before the engine hears of it: the project's files read, checked and listed; everything but the ids of the
//! base images.

use super::context::{self, Entry};
use super::ignore::Patterns;
use super::key::Key;
use super::recipe::Recipe;
use crate::engine::ImageError;
use anyhow::Context;
use sidings_proto::Timestamp;
use sidings_proto::plan::DOCKERFILE_MAX;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A Dockerfile that lies outside its context is given this name in it.
const FOREIGN: &str = ".sidings.Dockerfile";
/// Earlier times break archive formats.
const FIRST_SECOND: u64 = 315_532_800;
const EPOCH_ARG: &str = "SOURCE_DATE_EPOCH";

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) root: PathBuf,
    pub(super) context: String,
    pub(super) dockerfile: String,
    pub(super) target: Option<String>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) platform: String,
    pub(super) commit_time: Timestamp,
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) order: Order,
    pub(super) recipe: Recipe,
    pub(super) dockerfile_in_context: String,
    /// The Dockerfile as it stands in the project.
    source: String,
    context: PathBuf,
    entries: Vec<Entry>,
    /// The hash of the context alone.
    files: String,
}

impl Prepared {
    /// Reads what the order names. What is missing or leads out of the project is the user's failure.
    pub(super) fn read(order: Order) -> Result<Prepared, ImageError> {
        let root = fs::canonicalize(&order.root).context("finding the project").map_err(ImageError::Engine)?;
        let context = within(&root, &order.context, "build context")?;
        if !context.is_dir() {
            return Err(ImageError::User(format!("the build context {:?} is not a folder", order.context)));
        }
        let place = within(&root, &order.dockerfile, "Dockerfile")?;
        let source = text(&place, &order.dockerfile)?;
        let in_context = place.strip_prefix(&context).ok().and_then(Path::to_str).unwrap_or(FOREIGN).to_owned();
        let recipe = Recipe::read(&source, &in_context, &order).map_err(ImageError::User)?;
        let patterns = patterns(&place, &context, &order)?;
        let list = || {
            let entries = context::entries(&context, &patterns)?;
            let mut key = Key::new();
            context::into_key(&context, &entries, &mut key)?;
            io::Result::Ok((entries, key.finish()))
        };
        let (entries, files) = list().context("reading the build context").map_err(ImageError::Engine)?;
        Ok(Prepared { order, recipe, dockerfile_in_context: in_context, source, context, entries, files })
    }

    /// The image key, given the ids of the base images.
    pub(super) fn key(&self, bases: &BTreeMap<String, String>) -> String {
        let mut key = Key::new();
        key.part("dockerfile", self.source.as_bytes());
        key.part("dockerfile's place", self.dockerfile_in_context.as_bytes());
        key.part("target", self.order.target.as_deref().unwrap_or_default().as_bytes());
        key.part("platform", self.order.platform.as_bytes());
        for (name, value) in &self.order.args {
            key.part("argument", name.as_bytes());
            key.part("value", value.as_bytes());
        }
        for (reference, id) in bases {
            key.part("base", reference.as_bytes());
            key.part("id", id.as_bytes());
        }
        // The commit's time is passed to every build, but only some look at it.
        if self.source.contains(EPOCH_ARG) {
            key.part("time", self.seconds().to_string().as_bytes());
        }
        key.part("files", self.files.as_bytes());
        key.finish()
    }

    /// The order's arguments and the time for reproducible builds.
    pub(super) fn args(&self) -> BTreeMap<String, String> {
        let mut args = self.order.args.clone();
        args.entry(EPOCH_ARG.to_owned()).or_insert_with(|| self.seconds().to_string());
        args
    }

    /// Writes the context with its Dockerfile, and another one beside it, as a tar.
    pub(super) fn pack(&self, beside: Option<(&str, &str)>, out: impl Write) -> io::Result<()> {
        let own = (self.dockerfile_in_context.as_str(), self.recipe.text.as_str());
        let dockerfiles: Vec<_> = [own].into_iter().chain(beside).collect();
        context::pack(&self.context, &self.entries, &dockerfiles, self.seconds(), out)
    }

    fn seconds(&self) -> u64 {
        u64::try_from(self.order.commit_time.0 / 1000).unwrap_or(0).max(FIRST_SECOND)
    }
}

/// The real place of a path of the project. Links are followed as long as they stay in it; of one that does not, nothing
/// is told but that: not even whether there is something.
fn within(root: &Path, path: &str, what: &str) -> Result<PathBuf, ImageError> {
    let place = fs::canonicalize(root.join(path)).ok().filter(|place| place.starts_with(root));
    place.ok_or_else(|| ImageError::User(format!("the {what} {path:?} is not in the project")))
}

fn text(place: &Path, name: &str) -> Result<String, ImageError> {
    let refuse = |reason: String| ImageError::User(format!("{name}: {reason}"));
    let metadata = fs::metadata(place).map_err(|error| refuse(error.to_string()))?;
    if !metadata.is_file() {
        return Err(refuse("is not a file".to_owned()));
    }
    if metadata.len() > DOCKERFILE_MAX {
        return Err(refuse(format!("is longer than {DOCKERFILE_MAX} bytes")));
    }
    fs::read_to_string(place).map_err(|error| refuse(error.to_string()))
}

/// `<Dockerfile>.dockerignore` beside the Dockerfile, else `.dockerignore` in the context, else nothing.
fn patterns(dockerfile: &Path, context: &Path, order: &Order) -> Result<Patterns, ImageError> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    for file in [PathBuf::from(own), context.join(".dockerignore")] {
        // A link is not followed: it could lead anywhere.
        if fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let patterns = Patterns::parse(&text(&file, &name)?);
            return patterns.map_err(|error| ImageError::User(format!("{name} of {}: {error}", order.dockerfile)));
        }
    }
    Ok(Patterns::default())
}

#[cfg(test)]
mod tests;
