//! From a Dockerfile to its key, in two steps: what it builds upon, then, once somebody said what that is, everything
//! that counts.

mod scales;

use crate::account::{Account, Weight};
use crate::base::Base;
use crate::contents::Contents;
use crate::dockerfile::{Deed, File};
use crate::listing::Listing;
use crate::period::Period;
use crate::reach::{self, Origin, Reach};
use crate::scope::Globals;
use scales::Scales;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// 1980.
const FIRST_SECOND: u64 = 315_532_800;
const EPOCH: &str = "SOURCE_DATE_EPOCH";
/// Arguments for the builder itself begin so: they need no `ARG` to count.
const FOR_BUILDER: &str = "BUILDKIT_";

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The Dockerfile's name, for messages.
    pub dockerfile: String,
    /// Its text.
    pub text: String,
    /// The stage to build; the last one if none.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// The commit's time in seconds, which every build is given as `SOURCE_DATE_EPOCH` unless its arguments say another.
    pub epoch: Option<u64>,
    /// As `linux/amd64`.
    pub platform: String,
    /// The time in which this build counts, where it is to be done anew from time to time.
    pub period: Option<Period>,
}

/// There is no stage of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{dockerfile}: there is no stage {target:?} to build (known: {known})")]
pub struct NoSuchTarget {
    dockerfile: String,
    target: String,
    known: String,
}

/// The stage that is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'r> {
    /// No stage follows.
    pub is_last: bool,
    /// Its name, if it has one.
    pub name: Option<&'r str>,
}

/// A Dockerfile, understood for an order.
#[derive(Debug)]
pub struct Reading {
    pub(crate) order: Order,
    /// None: it could not be read, and everything counts.
    pub(crate) file: Option<File>,
    target: usize,
    pub(crate) globals: Globals,
}

impl Order {
    /// What a build is given for a commit's time in milliseconds: earlier times break archive formats.
    pub fn epoch_of(time_ms: i64) -> u64 {
        u64::try_from(time_ms / 1000).unwrap_or(0).max(FIRST_SECOND)
    }
}

impl Reading {
    /// Understands the order's Dockerfile.
    pub fn new(order: Order) -> Result<Reading, NoSuchTarget> {
        let mut args = order.args.clone();
        if let Some(epoch) = order.epoch {
            args.entry(EPOCH.to_owned()).or_insert_with(|| epoch.to_string());
        }
        let mut globals = Globals::new(&args, &order.platform);
        let file = File::read(&order.text).filter(|file| !file.stages.is_empty());
        for step in file.iter().flat_map(|file| &file.globals) {
            if let Deed::Arg(text) = &step.deed {
                globals.declare(text);
            }
        }
        let target = file.as_ref().map_or(Ok(0), |file| target(file, &order))?;
        Ok(Reading { order, file, target, globals })
    }

    /// The images that the target's stages begin from or copy from.
    pub fn bases(&self) -> BTreeSet<String> {
        self.bases_by_line().into_keys().collect()
    }

    /// The same, with the line that names each first, from 1.
    pub fn bases_by_line(&self) -> BTreeMap<String, usize> {
        let Some(file) = &self.file else { return BTreeMap::new() };
        Reach::of(file, self.target, &self.globals, &BTreeMap::new()).images
    }

    /// The stage that is built; none when the file could not be read.
    pub fn target(&self) -> Option<Target<'_>> {
        let stages = &self.file.as_ref()?.stages;
        Some(Target { is_last: self.target + 1 == stages.len(), name: stages[self.target].name.as_deref() })
    }

    /// The image that the target's own file system begins from.
    pub fn final_base(&self) -> Option<String> {
        let reach = Reach::of(self.file.as_ref()?, self.target, &self.globals, &BTreeMap::new());
        let mut index = self.target;
        loop {
            match &reach.stages.get(&index)?.from {
                // A stage only begins from an earlier one, so this ends.
                Origin::Stage(earlier) => index = *earlier,
                Origin::Image(reference) => return Some(reference.clone()),
                Origin::Scratch | Origin::Unsure => return None,
            }
        }
    }

    /// The key. A base that is not among `bases` counts by its name alone.
    pub fn weigh(&self, listing: &Listing, bases: &BTreeMap<String, Base>, contents: &Contents) -> io::Result<Weight> {
        let mut scales = Scales::new(self, listing, None);
        scales.all(bases, contents)?;
        Ok(Weight { key: scales.form.finish(), unpinned: scales.unpinned.into_iter().collect() })
    }

    /// The same key and all that went into it.
    pub fn account(
        &self,
        listing: &Listing,
        bases: &BTreeMap<String, Base>,
        contents: &Contents,
    ) -> io::Result<Account> {
        let mut scales = Scales::new(self, listing, Some(Vec::new()));
        scales.all(bases, contents)?;
        let (inputs, unpinned) = (scales.inputs.unwrap_or_default(), scales.unpinned.into_iter().collect());
        Ok(Account { key: scales.form.finish(), inputs, unpinned })
    }
}

fn target(file: &File, order: &Order) -> Result<usize, NoSuchTarget> {
    let Some(name) = &order.target else { return Ok(file.stages.len() - 1) };
    let by_number = || name.parse().ok().filter(|number| *number < file.stages.len());
    reach::by_name(&file.stages, name).or_else(by_number).ok_or_else(|| {
        let names: Vec<&str> = file.stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
        let known = if names.is_empty() { "none of its stages has a name".to_owned() } else { names.join(", ") };
        NoSuchTarget { dockerfile: order.dockerfile.clone(), target: name.clone(), known }
    })
}

#[cfg(test)]
mod tests;
