//! What goes into a key, put on the scales one by one: instructions, arguments and bases of the stages that count, then
//! the files that they see; all there is, with the reason, where anything is not sure.

use super::{EPOCH, FOR_BUILDER, Reading};
use crate::account::{Form, Input, Kind, Value};
use crate::base::Base;
use crate::contents::{Contents, is_file};
use crate::dockerfile::{Deed, File, Stage, Step, is_dockers};
use crate::listing::{Listing, Sort};
use crate::mount::{self, Shows};
use crate::reach::{self, Origin, Reach};
use crate::scope::Scope;
use crate::sight::Sight;
use crate::unpinned::{self, Unpinned};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// What was put on them so far.
pub(super) struct Scales<'r> {
    reading: &'r Reading,
    sight: Sight<'r>,
    listing: &'r Listing,
    pub(super) form: Form,
    /// What went into the form, where somebody wants to be told.
    pub(super) inputs: Option<Vec<Input>>,
    pub(super) unpinned: BTreeSet<Unpinned>,
    /// Why everything counts, and the lines that say so.
    widened: BTreeSet<(usize, String)>,
}

impl<'r> Scales<'r> {
    pub(super) fn new(reading: &'r Reading, listing: &'r Listing, inputs: Option<Vec<Input>>) -> Scales<'r> {
        let (sight, form) = (Sight::new(listing), Form::new());
        Scales { reading, sight, listing, form, inputs, unpinned: BTreeSet::new(), widened: BTreeSet::new() }
    }

    fn put(&mut self, kind: Kind, name: impl AsRef<str>, value: impl AsRef<str>, line: usize) {
        self.form.put(kind, name.as_ref().as_bytes(), value.as_ref().as_bytes());
        self.tell(kind, name.as_ref(), line, || Value::Text(value.as_ref().to_owned()));
    }

    fn tell(&mut self, kind: Kind, name: &str, line: usize, value: impl FnOnce() -> Value) {
        if let Some(inputs) = &mut self.inputs {
            let line = Some(line).filter(|line| *line > 0);
            inputs.push(Input { kind, name: name.to_owned(), value: value(), line });
        }
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

    fn platform(&mut self, stage: &Stage, name: &str) {
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

    pub(super) fn all(&mut self, bases: &BTreeMap<String, Base>, contents: &Contents) -> io::Result<()> {
        self.file(bases);
        if !self.widened.is_empty() {
            self.everything();
        }
        self.entries(contents)
    }

    fn entries(&mut self, contents: &Contents) -> io::Result<()> {
        let seen: Vec<(usize, usize)> = self.sight.seen().collect();
        let entries = self.listing.entries();
        let files: Vec<usize> = seen.iter().map(|(at, _)| *at).filter(|at| is_file(&entries[*at])).collect();
        let mut hashes = contents.hashes(self.listing, &files)?.into_iter();
        for (at, line) in seen {
            let entry = &entries[at];
            let name = shown(entry.path());
            match &entry.sort {
                Sort::Folder => self.put(Kind::Folder, name, "", line),
                Sort::Link { target } => self.put(Kind::Link, name, shown(target), line),
                Sort::File { executable } => {
                    let hash = hashes.next().expect("every file was hashed");
                    let kind = if *executable { Kind::Program } else { Kind::File };
                    self.form.put(kind, name.as_bytes(), &hash);
                    self.tell(kind, &name, line, || Value::Hash(hash));
                }
            }
        }
        Ok(())
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
fn shown(path: &Path) -> Cow<'_, str> {
    match path.to_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(format!("{path:?} (no text)")),
    }
}
