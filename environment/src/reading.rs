//! From a Dockerfile to its key, in two steps: what it builds upon, then, once somebody said what that is, everything
//! that counts.

use crate::account::{Account, Input, Kind, Value};
use crate::contents::{Contents, is_file};
use crate::dockerfile::{Deed, File, Step};
use crate::listing::{Listing, Sort};
use crate::mount::{self, Shows};
use crate::naming::is_dockers;
use crate::period::Period;
use crate::reach::{self, Origin, Reach};
use crate::scope::{Globals, Scope};
use crate::sight::Sight;
use crate::unpinned::{self, Unpinned};
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

/// What a base image is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The digest or the engine's id: a hash of all that is in it.
    pub id: String,
    /// Its `ENV`.
    pub env: BTreeMap<String, String>,
    /// Its `ONBUILD`: instructions that a stage which begins from it carries out first.
    pub on_build: Vec<String>,
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

impl Base {
    /// The instructions that it brings; none when they cannot be read.
    pub(crate) fn brings(&self) -> Option<Vec<Step>> {
        let file = File::read(&format!("FROM scratch\n{}\n", self.on_build.join("\n")))?;
        let steps = file.stages.into_iter().next()?.steps;
        (steps.len() == self.on_build.len()).then(|| steps.into_iter().map(|step| Step { line: 0, ..step }).collect())
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

    /// The key and all that went into it. A base that is not among `bases` counts by its name alone.
    pub fn weigh(&self, listing: &Listing, bases: &BTreeMap<String, Base>, contents: &Contents) -> io::Result<Account> {
        let mut scales = Scales::new(self, listing);
        scales.file(bases);
        scales.account(contents)
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

/// What was put on them so far.
struct Scales<'r> {
    reading: &'r Reading,
    sight: Sight<'r>,
    listing: &'r Listing,
    inputs: Vec<Input>,
    unpinned: BTreeSet<Unpinned>,
    /// Why everything counts, and the lines that say so.
    widened: BTreeSet<(usize, String)>,
}

impl<'r> Scales<'r> {
    fn new(reading: &'r Reading, listing: &'r Listing) -> Scales<'r> {
        let sight = Sight::new(listing);
        let (inputs, unpinned, widened) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Scales { reading, sight, listing, inputs, unpinned, widened }
    }

    fn put(&mut self, kind: Kind, name: impl Into<String>, value: impl Into<String>, line: usize) {
        let line = Some(line).filter(|line| *line > 0);
        self.inputs.push(Input { kind, name: name.into(), value: Value::Text(value.into()), line });
    }

    fn widen(&mut self, line: usize, why: &str) {
        self.widened.insert((line, why.to_owned()));
    }

    fn file(&mut self, bases: &BTreeMap<String, Base>) {
        let order = &self.reading.order;
        self.put(Kind::Platform, "", &order.platform, 0);
        if let Some(period) = &order.period {
            self.put(Kind::Period, "", period.to_string(), 0);
        }
        for (name, value) in &order.args {
            // These speak to the builder; so does a time of one's own.
            if name.starts_with(FOR_BUILDER) || name == EPOCH {
                self.put(Kind::Argument, name, value, 0);
            }
        }
        if order.args.contains_key("BUILDKIT_SYNTAX") {
            self.widen(0, "an argument names another frontend");
        }
        let Some(file) = &self.reading.file else {
            self.unpinned.insert(Unpinned::at(0, "which images it begins from, as the Dockerfile cannot be read here"));
            return self.widen(0, "the Dockerfile cannot be read here");
        };
        self.head(file);
        let reach = Reach::of(file, self.reading.target, &self.reading.globals, bases);
        for line in &reach.unsure {
            self.widen(*line, "a stage or an image is named in a way that is not sure here");
        }
        self.stages(file, &reach, bases);
        self.bases(&reach, bases);
    }

    fn head(&mut self, file: &File) {
        for (name, value) in &file.directives {
            self.put(Kind::Directive, *name, value, 1);
        }
        let Some(syntax) = &file.syntax else { return };
        self.put(Kind::Frontend, "", syntax, 1);
        if !is_dockers(syntax) {
            self.widen(1, "another frontend than Docker's may read the file in its own way");
        }
        if !syntax.contains('@') {
            self.unpinned.insert(Unpinned::at(1, format!("which frontend {syntax} is")));
        }
    }

    fn stages(&mut self, file: &File, reach: &Reach, bases: &BTreeMap<String, Base>) {
        let number = |index: usize| reach.stages.range(..index).count().to_string();
        let origin = |origin: &Origin| match origin {
            Origin::Stage(index) => format!("stage {}", number(*index)),
            Origin::Image(reference) => format!("image {reference}"),
            Origin::Scratch => "nothing".to_owned(),
            Origin::Unsure => "not sure".to_owned(),
        };
        let mut ends: BTreeMap<usize, Scope> = BTreeMap::new();
        for (index, reached) in &reach.stages {
            let (stage, name) = (&file.stages[*index], number(*index));
            let mut scope = match &reached.from {
                Origin::Stage(earlier) => {
                    ends.get(earlier).map(Scope::of_stage).unwrap_or_else(|| Scope::of_image(None))
                }
                Origin::Image(reference) => Scope::of_image(bases.get(reference).map(|base| &base.env)),
                Origin::Scratch => Scope::of_image(Some(&BTreeMap::new())),
                Origin::Unsure => Scope::of_image(None),
            };
            if reached.unread {
                self.widen(stage.line, "what the base image brings along (ONBUILD) cannot be read here");
            }
            self.put(Kind::Stage, &name, origin(&reached.from), stage.line);
            self.platform(stage, &name);
            for step in &reached.steps {
                self.put(Kind::Instruction, &name, &step.text, step.line);
                for from in reach::origins(step, file) {
                    self.put(Kind::Origin, &name, origin(&from), step.line);
                }
                self.unpinned.extend(unpinned::of_step(step));
                self.step(step, &mut scope);
            }
            ends.insert(*index, scope);
        }
        self.put(Kind::Target, "", number(self.reading.target), file.stages[self.reading.target].line);
    }

    fn platform(&mut self, stage: &crate::dockerfile::Stage, name: &str) {
        let Some(platform) = &stage.platform else { return };
        match self.reading.globals.expand(platform) {
            Some(platform) => self.put(Kind::Platform, name, platform, stage.line),
            None => self.widen(stage.line, "a platform is named in a way that is not sure here"),
        }
    }

    /// What a step does to the variables, and which files it sees.
    fn step(&mut self, step: &Step, scope: &mut Scope) {
        match &step.deed {
            Deed::Arg(text) => match scope.declare(text, &self.reading.globals) {
                Some(declared) => self.arguments(declared, step.line),
                None => self.widen(step.line, "an ARG is written in a way that is not sure here"),
            },
            Deed::Env(text) => scope.set(text),
            Deed::Copy(copy) if copy.from.is_none() => {
                for source in &copy.sources {
                    match scope.expand(source) {
                        Some(source) => self.sight.source(&source, copy.parents, step.line),
                        None => self.widen(step.line, "what is copied depends on something that is not sure here"),
                    }
                }
            }
            Deed::Run { mounts } => mounts.iter().for_each(|mount| self.mount(mount, step.line)),
            Deed::Unknown(why) => self.widen(step.line, why),
            Deed::Copy(_) | Deed::OnBuild(_) | Deed::Plain => {}
        }
    }

    fn arguments(&mut self, declared: Vec<(String, crate::words::Worth)>, line: usize) {
        for (name, worth) in declared {
            let value = match worth {
                Some(Some(value)) => format!("={value}"),
                Some(None) => "not set".to_owned(),
                // It follows from what counts already.
                None => "as the instructions say".to_owned(),
            };
            self.put(Kind::Argument, name, value, line);
        }
    }

    fn mount(&mut self, mount: &str, line: usize) {
        match mount::shows(mount) {
            Some(Shows::Context(path)) if !path.contains(['$', '\\']) => self.sight.path(path, line),
            Some(Shows::Other(_) | Shows::Nothing) => {}
            Some(Shows::Context(_)) | None => self.widen(line, "a mount is written in a way that is not sure here"),
        }
    }

    fn bases(&mut self, reach: &Reach, bases: &BTreeMap<String, Base>) {
        for (reference, line) in &reach.images {
            let id = bases.get(reference).map(|base| base.id.as_str());
            self.put(Kind::Base, reference, id.unwrap_or("not known here"), *line);
            if id.is_none() {
                self.unpinned.insert(Unpinned::at(*line, format!("which image {reference} is, and its ONBUILD")));
            }
        }
    }

    fn account(mut self, contents: &Contents) -> io::Result<Account> {
        if !self.widened.is_empty() {
            self.everything();
        }
        let seen: Vec<(usize, usize)> = self.sight.seen().collect();
        let entries = self.listing.entries();
        let files: Vec<usize> = seen.iter().map(|(at, _)| *at).filter(|at| is_file(&entries[*at])).collect();
        let mut hashes = contents.hashes(self.listing, &files)?.into_iter();
        self.inputs.reserve(seen.len());
        for (at, line) in seen {
            let entry = &entries[at];
            let (kind, value) = match &entry.sort {
                Sort::Folder => (Kind::Folder, Value::Text(String::new())),
                Sort::Link { target } => (Kind::Link, Value::Text(shown(target))),
                Sort::File { executable } => {
                    let hash = hashes.next().expect("every file was hashed");
                    (if *executable { Kind::Program } else { Kind::File }, Value::Hash(hash))
                }
            };
            self.inputs.push(Input {
                kind,
                name: shown(entry.path()),
                value,
                line: Some(line).filter(|line| *line > 0),
            });
        }
        Ok(Account::new(self.inputs, self.unpinned.into_iter().collect()))
    }

    fn everything(&mut self) {
        let order = &self.reading.order;
        for (line, why) in std::mem::take(&mut self.widened) {
            self.put(Kind::Widened, "", why, line);
        }
        self.put(Kind::Text, &order.dockerfile, &order.text, 0);
        self.put(Kind::Target, "as asked for", order.target.as_deref().unwrap_or_default(), 0);
        for (name, value) in &order.args {
            self.put(Kind::Argument, name, format!("={value}"), 0);
        }
        if let Some(epoch) = order.epoch.filter(|_| order.text.contains(EPOCH)) {
            self.put(Kind::Argument, EPOCH, format!("={epoch}"), 0);
        }
        self.sight.everything(0);
    }
}

/// A name that is no text is shown, and counts, by its bytes.
fn shown(path: &std::path::Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => format!("{path:?} (no text)"),
    }
}

#[cfg(test)]
mod tests;
