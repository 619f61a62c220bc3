//! A build before the engine hears of it: the project's files read, checked and listed; everything but the ids of the
//! base images.

use super::context;
use super::recipe::Recipe;
use crate::engine::ImageError;
use anyhow::Context;
use sidings_environment::{Base, Contents, Listing, NoPlace, Order as KeyOrder, Period, Place, Reading, Weight};
use sidings_proto::Timestamp;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// A Dockerfile that lies outside its context is given this name in it.
const FOREIGN: &str = ".sidings.Dockerfile";
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
    pub(super) period: Option<Period>,
    pub(super) commit_time: Timestamp,
    /// Git made `root` and nobody touched it since.
    pub(super) checked_out: bool,
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) order: Order,
    pub(super) recipe: Recipe,
    pub(super) reading: Arc<Reading>,
    pub(super) dockerfile_in_context: String,
    listing: Arc<Listing>,
}

impl Prepared {
    /// Reads what the order names. What is missing or leads out of the project is the user's failure.
    pub(super) fn read(order: Order) -> Result<Prepared, ImageError> {
        let place = Place::find(&order.root, &order.context, &order.dockerfile).map_err(whose)?;
        let dockerfile_in_context = place.in_context.clone().unwrap_or_else(|| FOREIGN.to_owned());
        let listing =
            place.listing(order.checked_out).context("listing the build context").map_err(ImageError::Engine)?;
        let reading = Reading::new(KeyOrder {
            dockerfile: order.dockerfile.clone(),
            text: place.text.clone(),
            target: order.target.clone(),
            args: order.args.clone(),
            epoch: Some(seconds(order.commit_time)),
            platform: order.platform.clone(),
            period: order.period,
        });
        let reading = Arc::new(reading.map_err(|error| ImageError::User(error.to_string()))?);
        let recipe = Recipe::of(&reading, &place.text, &dockerfile_in_context, &order);
        Ok(Prepared { order, recipe, reading, dockerfile_in_context, listing: Arc::new(listing) })
    }

    /// Has the engine build upon images of these names, by the references that the Dockerfile has.
    pub(super) fn name(&mut self, names: &BTreeMap<String, String>) -> Result<(), ImageError> {
        if names.iter().all(|(reference, name)| reference == name) {
            return Ok(());
        }
        let text = self.reading.with_names(names).ok_or_else(|| {
            let message = "the digests of its images cannot be put into it; write them behind the references by hand";
            ImageError::User(format!("{}: {message}", self.order.dockerfile))
        })?;
        self.recipe = Recipe::of(&self.reading, &text, &self.dockerfile_in_context, &self.order);
        let base = self.recipe.final_base.take();
        self.recipe.final_base = base.map(|reference| names.get(&reference).cloned().unwrap_or(reference));
        Ok(())
    }

    /// The image key and what is not pinned, given what the base images are.
    pub(super) fn weight(&self, bases: &BTreeMap<String, Base>, contents: &Contents) -> Result<Weight, ImageError> {
        let weight = self.reading.weigh(&self.listing, bases, contents);
        weight.context("reading the build context").map_err(ImageError::Engine)
    }

    /// The order's arguments and the time for reproducible builds.
    pub(super) fn args(&self) -> BTreeMap<String, String> {
        let mut args = self.order.args.clone();
        args.entry(EPOCH_ARG.to_owned()).or_insert_with(|| seconds(self.order.commit_time).to_string());
        args
    }

    /// Writes the context with its Dockerfile, and another one beside it, as a tar.
    pub(super) fn pack(&self, beside: Option<(&str, &str)>, out: impl Write) -> io::Result<()> {
        let own = (self.dockerfile_in_context.as_str(), self.recipe.text.as_str());
        let dockerfiles: Vec<_> = [own].into_iter().chain(beside).collect();
        context::pack(&self.listing, &dockerfiles, seconds(self.order.commit_time), out)
    }
}

fn seconds(time: Timestamp) -> u64 {
    KeyOrder::epoch_of(time.0)
}

fn whose(error: NoPlace) -> ImageError {
    match error {
        NoPlace::Project(message) => ImageError::User(message),
        NoPlace::Unreadable(error) => ImageError::Engine(anyhow::Error::new(error).context("finding the project")),
    }
}

#[cfg(test)]
mod tests;
