//! Which stages and images a target needs: what it begins from, what it copies from and what it mounts, and so on.

use crate::base::Base;
use crate::dockerfile::{Copy, Deed, File, Step};
use crate::mount::{self, Shows};
use crate::scope::Globals;
use std::collections::{BTreeMap, BTreeSet};

/// What a stage begins from or takes files from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A stage of the file, by its place.
    Stage(usize),
    /// An image, by its reference.
    Image(String),
    Scratch,
    /// Its name depends on something that is not known.
    Unsure,
}

/// A stage that counts.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) from: Origin,
    /// Its instructions, after those that its base brings.
    pub(crate) steps: Vec<Step>,
    /// What its base brings could not be read.
    pub(crate) unread: bool,
}

/// All stages that count, by their places in the file.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    pub(crate) stages: BTreeMap<usize, Reached>,
    /// The images, and the line that names each first.
    pub(crate) images: BTreeMap<String, usize>,
    /// Lines that name what is not sure.
    pub(crate) unsure: BTreeSet<usize>,
}

impl Reach {
    /// From a target on. What is known of base images tells what they bring along.
    pub(crate) fn of(file: &File, target: usize, globals: &Globals, bases: &BTreeMap<String, Base>) -> Reach {
        let mut reach = Reach::default();
        let mut open = vec![target];
        while let Some(index) = open.pop() {
            if reach.stages.contains_key(&index) {
                continue;
            }
            let reached = reached(file, index, globals, bases);
            let line = file.stages[index].line;
            open.extend(reach.note(&reached.from, line, file));
            for step in &reached.steps {
                for origin in origins(step, file) {
                    open.extend(reach.note(&origin, step.line, file));
                }
            }
            reach.stages.insert(index, reached);
        }
        reach
    }

    /// Keeps an origin; gives the stages that it makes count.
    fn note(&mut self, origin: &Origin, line: usize, file: &File) -> Vec<usize> {
        match origin {
            Origin::Stage(index) => return vec![*index],
            Origin::Image(reference) => {
                self.images.entry(reference.clone()).or_insert(line);
            }
            Origin::Scratch => {}
            Origin::Unsure => {
                self.unsure.insert(line);
                // It may be any of them.
                return (0..file.stages.len()).collect();
            }
        }
        Vec::new()
    }
}

fn reached(file: &File, index: usize, globals: &Globals, bases: &BTreeMap<String, Base>) -> Reached {
    let stage = &file.stages[index];
    let from = match globals.expand(&stage.image) {
        None => Origin::Unsure,
        Some(name) => match by_name(&file.stages[..index], &name) {
            Some(earlier) => Origin::Stage(earlier),
            None if name.eq_ignore_ascii_case("scratch") => Origin::Scratch,
            None => Origin::Image(name),
        },
    };
    let brought = match &from {
        Origin::Stage(earlier) => Some(triggers(&file.stages[*earlier].steps)),
        Origin::Image(reference) => bases.get(reference).map_or(Some(Vec::new()), Base::brings),
        Origin::Scratch | Origin::Unsure => Some(Vec::new()),
    };
    let unread = brought.is_none();
    let steps = brought.into_iter().flatten().chain(stage.steps.iter().cloned()).collect();
    Reached { from, steps, unread }
}

fn triggers(steps: &[Step]) -> Vec<Step> {
    steps
        .iter()
        .filter_map(|step| if let Deed::OnBuild(inner) = &step.deed { Some((**inner).clone()) } else { None })
        .collect()
}

/// Where an instruction takes files from, if not from the context.
pub(crate) fn origins(step: &Step, file: &File) -> Vec<Origin> {
    match &step.deed {
        Deed::Copy(Copy { from: Some(from), .. }) => vec![named(from, file)],
        Deed::Run { mounts } => {
            let other = |mount: &String| match mount::shows(mount) {
                Some(Shows::Other(from)) => Some(named(from, file)),
                Some(Shows::Context(_) | Shows::Nothing) => None,
                None => Some(Origin::Unsure),
            };
            mounts.iter().filter_map(other).collect()
        }
        Deed::Arg(_) | Deed::Env(_) | Deed::Copy(_) | Deed::OnBuild(_) | Deed::Plain | Deed::Unknown(_) => Vec::new(),
    }
}

/// A stage, which some frontends also know before it begins, by name or number; else an image.
fn named(name: &str, file: &File) -> Origin {
    let by_number = || name.parse().ok().filter(|number| *number < file.stages.len());
    match by_name(&file.stages, name).or_else(by_number) {
        Some(index) => Origin::Stage(index),
        None if name.contains(['$', '"', '\'', '\\']) => Origin::Unsure,
        None => Origin::Image(name.to_owned()),
    }
}

/// The last of that name.
pub(crate) fn by_name(stages: &[crate::dockerfile::Stage], name: &str) -> Option<usize> {
    stages.iter().rposition(|stage| stage.name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
}
