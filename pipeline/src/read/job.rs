//! `jobs:` and a job.

use super::fields::{At, Fields};
use super::schedule::Labels;
use super::shell::Shell;
use super::when::Place;
use super::{Chosen, Reader, path, shape, size};
use crate::diagnostic::Code;
use crate::pipeline::{Job, Named, Stage, Step, Variables};
use crate::report::Problem;
use crate::source::Span;
use crate::suggest::quoted;
use crate::yaml::{Entry, Key, Value};
use sidings_proto::{Command, Resources};
use std::rc::Rc;

/// A job's timeout when it has none: an hour.
const TIMEOUT_MS: u64 = 3_600_000;
/// Characters of a job's name.
const MAX_NAME: usize = 64;

/// What a part has from the part around it.
#[derive(Clone)]
pub(super) struct Defaults {
    pub(super) image: Chosen,
    pub(super) environment: Rc<Variables>,
    pub(super) working_directory: Option<String>,
    pub(super) shell: Shell,
    pub(super) labels: Rc<Labels>,
    pub(super) resources: Resources,
}

impl Reader<'_> {
    pub(super) fn jobs(&mut self, at: &At<'_, '_>, defaults: &Defaults) -> Vec<Job> {
        if let Value::List(_) = at.node.value {
            let help = "write each job as `NAME:` with its keys below, without a dash";
            self.wrong_type(at, "a map of jobs by their names", Some(help.to_owned()));
            return Vec::new();
        }
        let Some(entries) = self.map(at) else { return Vec::new() };
        if entries.is_empty() {
            self.error(Code::MissingKey, &at.span, "there are no jobs", "add at least one job");
        }
        entries.iter().flat_map(|entry| self.job(entry, defaults)).collect()
    }

    /// Always gives a job, so that others can need it.
    fn job(&mut self, entry: &Entry<'_>, defaults: &Defaults) -> Vec<Job> {
        let name = Named { text: entry.key.text.to_string(), span: entry.key.span.clone() };
        self.job_name(&entry.key);
        let job = Job { label: name.text.clone(), name, ..Job::default() };
        let at = At { what: format!("job {}", quoted(&entry.key.text)), ..At::value_of(entry) };
        match self.fields(&at, &shape::JOB) {
            Some(fields) => self.copies(job, &fields, defaults),
            None => vec![job],
        }
    }

    pub(super) fn fill(&mut self, job: &mut Job, fields: &Fields<'_, '_>, defaults: &Defaults) {
        job.needs = fields.get("needs").map(|at| self.needs(&at)).unwrap_or_default();
        job.when = fields.get("when").and_then(|at| self.when(&at, Place::Job));
        job.timeout_ms = fields.get("timeout").and_then(|at| self.timeout(&at)).unwrap_or(TIMEOUT_MS);
        job.allow_failure = fields.get("allow_failure").and_then(|at| self.truth(&at)).unwrap_or(false);
        job.scheduling = self.scheduling(fields, &defaults.labels);
        job.concurrency = fields.get("concurrency").and_then(|at| self.concurrency(&at, true));
        job.services = fields.get("services").map(|at| self.services(&at)).unwrap_or_default();
        job.reports = fields.get("reports").map(|at| self.reports(&at)).unwrap_or_default();
        job.tests = fields.get("tests").and_then(|at| self.split_tests(&at));
        job.caches = fields.get("cache").map(|at| self.caches(&at)).unwrap_or_default();
        job.artifacts = fields.get("artifacts").map(|at| self.artifacts(&at)).unwrap_or_default();
        let inner = self.defaults(fields, defaults);
        job.stages = match fields.get("steps") {
            Some(at) => self.steps(&at, job, &inner),
            None if fields.has_or_meant("steps") || fields.has_or_meant("tests") => Vec::new(),
            None => {
                let message = format!("job {} has no steps", quoted(&job.name.text));
                let help = "add `steps:` with at least one step, such as `- run: make test`";
                self.error(Code::MissingKey, &job.name.span, message, help);
                Vec::new()
            }
        };
        let of_tests = self.tests_stage(job, &inner);
        job.stages.extend(of_tests);
    }

    /// The last step of a job whose tests are split.
    fn tests_stage(&mut self, job: &Job, defaults: &Defaults) -> Option<Stage> {
        let tests = job.tests.as_ref()?;
        let image = self.image_of(defaults.image.clone(), job, &job.name.span);
        let texts = size::of_image(&image) + size::of_tests(tests) + size::of_variables(&defaults.environment);
        if !self.spend(texts + size::STEP, &job.name.span) {
            return None;
        }
        let step = Step {
            name: None,
            image,
            command: Command::Tests,
            environment: Rc::clone(&defaults.environment),
            working_directory: defaults.working_directory.clone(),
            shell: Rc::clone(&defaults.shell),
            when: None,
            timeout_ms: None,
            allow_failure: false,
            resources: defaults.resources,
        };
        Some(Stage { steps: vec![step], ..Stage::default() })
    }

    /// What a job or step says of image, variables and folder, over what it has from around it.
    pub(super) fn defaults(&mut self, fields: &Fields<'_, '_>, around: &Defaults) -> Defaults {
        let image = match self.chosen(fields) {
            Chosen::Unsaid => around.image.clone(),
            said @ (Chosen::Broken | Chosen::Is(_)) => said,
        };
        let own = fields.get("environment").map(|at| self.variables(&at)).unwrap_or_default();
        let environment = self.merged(&around.environment, own, fields.span());
        let folder = fields.get("working_directory").and_then(|at| self.working_directory(&at));
        let shell = fields.get("shell").and_then(|at| self.shell(&at));
        let resources = fields.get("resources").map_or(around.resources, |at| self.resources(&at, around.resources));
        Defaults {
            image,
            environment,
            working_directory: folder.or_else(|| around.working_directory.clone()),
            shell: shell.unwrap_or_else(|| Rc::clone(&around.shell)),
            labels: Rc::clone(&around.labels),
            resources,
        }
    }

    /// A name that both have has the inner value.
    fn merged(&mut self, around: &Rc<Variables>, own: Variables, place: &Span) -> Rc<Variables> {
        if own.is_empty() || !self.spend(size::of_variables(around) + size::of_variables(&own), place) {
            return Rc::clone(around);
        }
        let mut merged = around.as_ref().clone();
        merged.extend(own);
        Rc::new(merged)
    }

    fn working_directory(&mut self, at: &At<'_, '_>) -> Option<String> {
        let folder = self.text(at)?;
        if folder.starts_with('/') {
            return Some(folder);
        }
        match path::inside("", &folder) {
            Ok(_) => Some(folder),
            Err(not) => {
                let message = format!("the path {} {}", quoted(&folder), not.why().replace("project", "workspace"));
                let problem = Problem::new(Code::BadPath, &at.span, message)
                    .expected("a path in the workspace, or an absolute one in the container");
                self.report.add(problem);
                None
            }
        }
    }

    fn job_name(&mut self, key: &Key<'_>) {
        let name = key.text.as_ref();
        let inner = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b' '));
        let right = inner && name.starts_with(|char: char| char.is_ascii_alphanumeric()) && !name.ends_with(' ');
        if name.is_empty() || (right && name.len() <= MAX_NAME) {
            return;
        }
        let message = format!("{} cannot be the name of a job", quoted(name));
        let help =
            "letters, digits, `.`, `_`, `-` and spaces between them, a letter or digit first, at most 64 characters";
        self.error(Code::BadValue, &key.span, message, help);
    }

    fn steps(&mut self, at: &At<'_, '_>, job: &Job, defaults: &Defaults) -> Vec<Stage> {
        if let Value::Map(_) | Value::Scalar(_) = at.node.value {
            let help = "begin each step with a dash: `- run: make test`";
            self.wrong_type(at, "a list of steps", Some(help.to_owned()));
            return Vec::new();
        }
        let Some(items) = self.list(at) else { return Vec::new() };
        if items.is_empty() {
            let message = format!("job {} has no steps", quoted(&job.name.text));
            self.error(Code::MissingKey, &at.span, message, "add at least one, such as `- run: make test`");
        }
        items.iter().filter_map(|item| self.stage(&At::item(item, "a step"), job, defaults)).collect()
    }

    /// Told once for a job, though each of its steps misses it.
    pub(super) fn no_image(&mut self, job: &Job, place: &Span) {
        let message = format!("job {} has no image to run in", quoted(&job.name.text));
        let problem = Problem::new(Code::MissingKey, &job.name.span, message)
            .related(place, "this step needs one")
            .help("add `build: .` at the top of the file for all jobs, or `build` or `image` here");
        self.report.add(problem);
    }
}
