//! `.sidings.yml` in, a [`Plan`] or every diagnostic out.
//!
//! This room decides what a pipeline's text means for one commit: which jobs there are, in which order, in which
//! environments, and which of them are left out. It is pure: the project's other files come through [`Files`].
//! It refuses what it does not know; nothing in the text is skipped silently, and all mistakes are told at once.
//!
//! The way of a text: [`yaml`] makes a tree in which every node knows its place, [`read`] turns the tree into a
//! [`pipeline::Pipeline`] and reports what is wrong with each part, [`check`] looks at the parts together,
//! [`policy`] at the Dockerfiles, and [`plan`] applies the commit.

mod check;
mod choose;
mod condition;
mod cron;
mod diagnostic;
mod dockerfile;
mod duration;
mod group;
mod input;
pub mod lock;
mod matrix;
mod pipeline;
pub mod place;
mod plan;
pub mod policy;
pub mod quarantine;
mod read;
mod reference;
mod render;
mod report;
mod source;
mod suggest;
mod words;
mod yaml;

pub use choose::choose;
pub use cron::next_after;
pub use diagnostic::{Code, Diagnostic, Diagnostics, Place, Related, Severity};
pub use lock::Lock;
pub use place::FILE;
pub use plan::skipped_by_message;
pub use policy::Policy;

use report::Report;
use sidings_proto::{Commit, Environment, Plan, Schedule, Trigger};
use source::Source;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is to be compiled.
pub struct Input<'a> {
    /// The file's name as people see it, mostly [`FILE`].
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// For which commit and event.
    pub context: &'a Context,
    /// The project's other files at that commit.
    pub files: &'a dyn Files,
    /// What is wanted of its Dockerfiles.
    pub policy: &'a Policy,
}

/// What conditions are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// What set the run off.
    pub trigger: Trigger,
    /// The commit.
    pub commit: Commit,
    /// The project's default branch.
    pub default_branch: String,
    /// The project's name.
    pub project: String,
    /// Values that were given to the run, by the names of its inputs.
    pub inputs: BTreeMap<String, String>,
}

/// The project's files at the commit.
pub trait Files {
    /// The text of a file, by its path from the project's root with `/` between names; none when there is no such
    /// file. Bytes that are not UTF-8 may be replaced.
    fn read(&self, path: &str) -> Option<String>;

    /// Which of its files the commit changed, for conditions that ask for paths. All, where that is not known.
    fn changed(&self) -> Changed {
        Changed::All
    }
}

/// The paths that a commit changed, as git names them from the project's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Changed {
    /// Every path there is counts as changed.
    #[default]
    All,
    /// These: what was added, changed or deleted; both names of what was renamed.
    These(Arc<[String]>),
}

/// What a right pipeline gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These jobs are to run.
    Plan(Plan),
    /// No run is made of this commit for this event.
    NoRun {
        /// A sentence fragment: ``the commit's message has `[skip ci]` ``.
        reason: String,
    },
    /// What was given to the run does not fit the pipeline's inputs.
    Refused {
        /// A sentence: ``the input `target` is `prod`, but must be …``.
        reason: String,
    },
}

/// A JSON Schema of the language, as JSON, for editors. It knows shapes and words; what parts mean together is for
/// [`lint`] alone.
pub fn schema() -> String {
    read::schema::text()
}

/// What the text means for the commit, or everything that is wrong with it.
///
/// # Errors
/// At least one error, with warnings among them.
pub fn compile(input: &Input<'_>) -> Result<Outcome, Diagnostics> {
    if let Some(reason) = plan::skipped_by_message(input.context) {
        return Ok(Outcome::NoRun { reason });
    }
    let (outcome, found) = analyse(input);
    outcome.ok_or(found)
}

/// Everything there is to say about the text: errors, and warnings, which [`compile`] does not mind.
pub fn lint(input: &Input<'_>) -> Diagnostics {
    analyse(input).1
}

/// When a pipeline is to run without being asked.
///
/// # Errors
/// What is wrong with that part of the text; the rest is not looked at.
pub fn schedules(file: &str, text: &str) -> Result<Vec<Schedule>, Diagnostics> {
    let mut report = Report::new(Source::new(file, text));
    let schedules = yaml::parse(text, &mut report).and_then(|tree| read::schedules(&tree, &mut report));
    let found = report.into_diagnostics();
    if found.has_errors() { Err(found) } else { Ok(schedules.unwrap_or_default()) }
}

/// The images that a pipeline names, and under the empty name that of the pipeline itself, if it says one.
///
/// # Errors
/// What is wrong with that part of the text; the rest is not looked at.
pub fn images(file: &str, text: &str, files: &dyn Files) -> Result<BTreeMap<String, Environment>, Diagnostics> {
    let mut report = Report::new(Source::new(file, text));
    let images = yaml::parse(text, &mut report).and_then(|tree| read::images(&tree, files, &mut report));
    let found = report.into_diagnostics();
    if found.has_errors() { Err(found) } else { Ok(images.unwrap_or_default()) }
}

/// The outcome, if there is no error, and what was found.
fn analyse(input: &Input<'_>) -> (Option<Outcome>, Diagnostics) {
    let mut report = Report::new(Source::new(input.file, input.text));
    let read = pipeline(input, &mut report);
    let sound = read.as_ref().filter(|_| !report.has_errors());
    let (lock, beside) = sound.map(|pipeline| beside_lock(pipeline, input.files, &mut report)).unwrap_or_default();
    let mut found = report.into_diagnostics();
    let quarantine = quarantine::of(input.files).unwrap_or_else(|wrong| {
        found.0.extend(wrong.0);
        Vec::new()
    });
    if let Some(pipeline) = read.as_ref().filter(|_| !found.has_errors()) {
        found.0.extend(input.policy.look(pipeline, input.files).0);
    }
    found.0.extend(beside.0);
    let outcome = match read {
        Some(pipeline) if !found.has_errors() => {
            let mut outcome = plan::plan(&pipeline, input.context, input.files, lock);
            if let Outcome::Plan(plan) = &mut outcome {
                plan.flaw_limits = input.policy.flaw_limits().to_vec();
                plan.jobs.iter_mut().for_each(|job| job.spec.image_budget = input.policy.image_budget());
                let split = plan.jobs.iter_mut().filter_map(|job| job.spec.tests.as_mut());
                split.for_each(|tests| tests.quarantine.clone_from(&quarantine));
            }
            Some(outcome)
        }
        Some(_) | None => None,
    };
    (outcome, found)
}

/// The project's lock file, and what is to be said of it and of a pipeline beside it.
fn beside_lock(pipeline: &pipeline::Pipeline, files: &dyn Files, report: &mut Report) -> (Lock, Diagnostics) {
    match Lock::of(files) {
        None => Default::default(),
        Some(Err(wrong)) => (Lock::default(), wrong),
        Some(Ok(lock)) => {
            let found = lock.look(pipeline, report, files);
            (lock, found)
        }
    }
}

fn pipeline(input: &Input<'_>, report: &mut Report) -> Option<pipeline::Pipeline> {
    let tree = yaml::parse(input.text, report)?;
    let pipeline = read::pipeline(&tree, input.files, report)?;
    check::check(&pipeline, report);
    Some(pipeline)
}
