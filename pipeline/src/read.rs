//! A tree -> a [`Pipeline`]: every key by hand, so that each mistake is told at its place and none hides another.
//!
//! A file of this room reads one kind of part. Which keys there are, and which will be one day, is in [`shape`].

mod artifacts;
mod cache;
mod concurrency;
mod copies;
mod cron;
mod days;
mod environment;
mod fields;
mod flaws;
mod inputs;
mod job;
mod lock;
mod matrix;
mod needs;
mod path;
mod policy;
mod quarantine;
mod replace;
mod reports;
mod resources;
mod schedule;
pub(crate) mod schema;
mod secret;
mod service;
mod shape;
mod shell;
mod size;
mod split;
mod status;
mod step;
mod values;
mod variables;
mod when;
mod width;

use crate::Files;
use crate::diagnostic::Code;
use crate::dockerfile::Dockerfile;
use crate::input::Input;
use crate::lock::Lock;
use crate::matrix::{Axis, Combination};
use crate::pipeline::Pipeline;
use crate::policy::Policy;
use crate::report::{Problem, Report};
use crate::source::Span;
use crate::yaml::{Node, Value};
use environment::{Chosen, Images};
use fields::{At, Fields};
use job::Defaults;
use sidings_proto::split::Quarantined;
use sidings_proto::{Environment, Resources, Schedule};
use std::collections::BTreeMap;
use std::rc::Rc;
use when::Place;

/// Reads one file.
struct Reader<'r> {
    report: &'r mut Report,
    files: &'r dyn Files,
    /// Looked at once each.
    dockerfiles: BTreeMap<String, Dockerfile>,
    images: Images,
    /// Of images, where they stand first.
    references: BTreeMap<String, Span>,
    inputs: Vec<Input>,
    /// Bytes of the plan so far, about.
    spent: usize,
    /// Jobs that matrices and `parallelism` have made so far.
    made: usize,
    /// The combination of a matrix that a job is read for.
    axes: Option<Rc<Combination>>,
    /// All that the axes of that matrix have.
    matrix_axes: Option<Rc<Vec<Axis>>>,
}

/// The pipeline that a tree says, none if the tree is none at all.
pub(crate) fn pipeline(tree: &Node<'_>, files: &dyn Files, report: &mut Report) -> Option<Pipeline> {
    let mut reader = Reader::new(files, report);
    if tree.is_null() {
        reader.empty_file(&tree.span);
        return None;
    }
    if !matches!(tree.value, Value::Map(_)) {
        let help = "a pipeline has `jobs:`, and below it each job by its name; `sidings init` shows how";
        reader.wrong_type(&At::root(tree), "a map", Some(help.to_owned()));
        return None;
    }
    let fields = reader.fields(&At::root(tree), &shape::PIPELINE)?;
    let pipeline = reader.pipeline(&fields);
    reader.unused_images();
    Some(pipeline)
}

/// When it is to run without being asked: the part of the file that says so.
pub(crate) fn schedules(tree: &Node<'_>, report: &mut Report) -> Option<Vec<Schedule>> {
    let mut reader = Reader::new(&NoFiles, report);
    let fields = match tree.value {
        Value::Map(_) => reader.fields(&At::root(tree), &shape::PIPELINE)?,
        Value::Scalar(_) | Value::List(_) | Value::Broken => return None,
    };
    reader.inputs = fields.get("inputs").map(|at| reader.inputs(&at)).unwrap_or_default();
    Some(fields.get("schedule").map(|at| reader.schedule(&at)).unwrap_or_default())
}

/// What a policy's own file says.
pub(crate) fn policy(tree: &Node<'_>, report: &mut Report) -> Option<Policy> {
    if tree.is_null() {
        return Some(Policy::default());
    }
    Reader::new(&NoFiles, report).policy(&At::root(tree))
}

/// What a lock file says.
pub(crate) fn lock(tree: &Node<'_>, report: &mut Report) -> Option<Lock> {
    Reader::new(&NoFiles, report).lock(&At::root(tree))
}

/// What a quarantine's own file says.
pub(crate) fn quarantine(tree: &Node<'_>, report: &mut Report) -> Option<Vec<Quarantined>> {
    Reader::new(&NoFiles, report).quarantine(&At::item(tree, "a quarantine"))
}

/// The images that it names, and under the empty name that of the pipeline itself: the part of the file that says so.
pub(crate) fn images(tree: &Node<'_>, files: &dyn Files, report: &mut Report) -> Option<BTreeMap<String, Environment>> {
    let mut reader = Reader::new(files, report);
    let fields = match tree.value {
        Value::Map(_) => reader.fields(&At::root(tree), &shape::PIPELINE)?,
        Value::Scalar(_) | Value::List(_) | Value::Broken => return None,
    };
    if let Some(at) = fields.get("images") {
        reader.named_images(&at);
    }
    let own = (String::new(), reader.chosen(&fields));
    Some(reader.images.all().chain([own]).filter_map(|(name, chosen)| Some((name, chosen.known()?))).collect())
}

/// For parts that name none.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<String> {
        None
    }
}

impl<'r> Reader<'r> {
    fn new(files: &'r dyn Files, report: &'r mut Report) -> Reader<'r> {
        Reader {
            report,
            files,
            dockerfiles: BTreeMap::new(),
            images: Images::default(),
            references: BTreeMap::new(),
            inputs: Vec::new(),
            spent: 0,
            made: 0,
            axes: None,
            matrix_axes: None,
        }
    }
}

impl Reader<'_> {
    fn empty_file(&mut self, span: &Span) {
        let problem = Problem::new(Code::MissingKey, span, "the file is empty")
            .help("`sidings init` writes a first pipeline; the smallest has `build: .` and one job under `jobs:`");
        self.report.add(problem);
    }

    fn pipeline(&mut self, fields: &Fields<'_, '_>) -> Pipeline {
        if let Some(at) = fields.get("images") {
            self.named_images(&at);
        }
        self.inputs = fields.get("inputs").map(|at| self.inputs(&at)).unwrap_or_default();
        // What it says is looked at for each project by itself; here it only has to be right.
        fields.get("schedule").map(|at| self.schedule(&at));
        let defaults = Defaults {
            image: self.chosen(fields),
            environment: Rc::new(fields.get("environment").map(|at| self.variables(&at)).unwrap_or_default()),
            working_directory: None,
            shell: Rc::default(),
            labels: Rc::new(fields.get("labels").map(|at| self.labels(&at)).unwrap_or_default()),
            resources: Resources::default(),
        };
        let timeout_ms = fields.get("timeout").and_then(|at| self.timeout(&at));
        let fail_fast = fields.get("fail_fast").and_then(|at| self.truth(&at)).unwrap_or(false);
        let concurrency = fields.get("concurrency").and_then(|at| self.concurrency(&at, false));
        let when = fields.get("when").and_then(|at| self.when(&at, Place::Pipeline));
        let jobs = match fields.get("jobs") {
            Some(at) => self.jobs(&at, &defaults),
            None if fields.has_or_meant("jobs") => Vec::new(),
            None => {
                let help = "add `jobs:` with at least one job; `sidings init` shows how";
                self.report.add(Problem::new(Code::MissingKey, fields.span(), "there are no jobs").help(help));
                Vec::new()
            }
        };
        let (inputs, references) = (std::mem::take(&mut self.inputs), std::mem::take(&mut self.references));
        Pipeline { inputs, when, timeout_ms, fail_fast, concurrency, jobs, references }
    }

    fn error(&mut self, code: Code, span: &Span, message: impl Into<String>, help: impl Into<String>) {
        self.report.add(Problem::new(code, span, message).help(help));
    }
}
