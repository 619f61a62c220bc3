//! `.gitlab-ci.yml`: stages become `needs`, `extends` and `!reference` are written out, defaults stand where they count.

mod cache;
mod environment;
mod expression;
mod job;
mod only;
mod order;
mod rules;
mod templates;

use crate::fields::{Field, Fields};
use crate::notes::Notes;
use crate::out::Map;
use crate::{job as common, names};
use std::collections::{BTreeMap, BTreeSet};
use templates::Templates;

/// Keys at the top that are no jobs and are defaults of jobs.
const DEFAULTS: [&str; 5] = ["image", "services", "before_script", "after_script", "cache"];
/// What may stand below `default`.
const KNOWN_DEFAULTS: [&str; 13] = [
    "image",
    "services",
    "before_script",
    "after_script",
    "cache",
    "artifacts",
    "hooks",
    "id_tokens",
    "interruptible",
    "identity",
    "retry",
    "tags",
    "timeout",
];
/// Other keys at the top that are no jobs.
const SETTINGS: [&str; 6] = ["default", "include", "stages", "variables", "workflow", "spec"];

/// What is known of the whole file while its jobs are read.
pub(crate) struct File {
    /// Defaults of jobs.
    defaults: Vec<Field>,
    /// Variables of all jobs.
    variables: BTreeMap<String, String>,
    /// The new names of jobs, by the old.
    names: BTreeMap<String, String>,
    /// Whether `default` says an image, which stands at the top.
    has_image: bool,
    /// Whether each job waits for a person, as the file's own rules cannot be said.
    approval: bool,
}

pub(crate) fn pipeline(mut fields: Fields, notes: &mut Notes) -> Map {
    let templates = Templates::of(&fields);
    let mut top = Map::tall();
    if let Some(include) = fields.take("include") {
        notes.list(&include, "a pipeline is one file; what is included is to be imported by itself and put together");
    }
    let approval = fields.take("workflow").is_some_and(|workflow| self::workflow(workflow, &mut top, notes));
    let variables = fields.take("variables").map(|field| environment::variables(field, &BTreeMap::new(), notes));
    let variables = variables.unwrap_or_default();
    let stages = fields.take("stages");
    let defaults = defaults(&mut fields, notes);
    let (variables_of_all, names) = (BTreeMap::new(), BTreeMap::new());
    let mut file = File { defaults, variables: variables_of_all, names, has_image: false, approval };
    file.image(&variables, &mut top, notes);
    let environment = variables.iter().fold(Map::default(), |map, (name, value)| map.with(name, value.as_str()));
    file.variables = variables.into_iter().collect();
    let jobs = file.named(jobs(fields, &templates, notes), notes);
    top.set_map("environment", environment);
    top.set("jobs", file.jobs(jobs, stages, notes));
    templates.list_unused(notes);
    top
}

/// When there is a run at all. Says whether a part of it could not be said, so that a person is to decide.
fn workflow(field: Field, top: &mut Map, notes: &mut Notes) -> bool {
    let Some(mut fields) = notes.fields(field) else { return true };
    let mut approval = false;
    if let Some(rules) = fields.take("rules") {
        let read = rules::rules(rules, true, notes);
        approval = read.approval;
        match read.when {
            Some(when) if !when.is_always() && !when.is_never() => top.set("when", when.into_out()),
            Some(_) | None => {}
        }
    }
    notes.rest(fields, |key| match key {
        "name" => "a run is shown with its commit's message",
        "auto_cancel" => "see `concurrency: { group: …, cancel: running }` at the top of the file",
        _ => "there is nothing like it here",
    });
    approval
}

/// Defaults of jobs: those below `default`, and the older ones at the top.
fn defaults(fields: &mut Fields, notes: &mut Notes) -> Vec<Field> {
    let mut all = Fields::new(Vec::new());
    if let Some(inner) = fields.take("default").and_then(|field| notes.fields(field)) {
        all = inner;
    }
    for key in DEFAULTS {
        match fields.take(key) {
            Some(field) if all.has(key) => notes.list(&field, "it stands below `default` as well, which counts"),
            Some(field) => all.add_missing(&field),
            None => {}
        }
    }
    all.into_left()
}

/// Jobs with what they extend; hidden ones are templates, and settings are told by their shape.
fn jobs(fields: Fields, templates: &Templates, notes: &mut Notes) -> Vec<(Field, Fields)> {
    let mut jobs = Vec::new();
    for field in fields.into_left() {
        if field.key.starts_with('.') {
            continue;
        }
        if SETTINGS.contains(&field.key.as_str()) || !field.is_map() {
            notes.list(&field, "it is neither a setting nor a job");
            continue;
        }
        let whole = templates.extended(&field, notes);
        jobs.push((field, whole));
    }
    jobs
}

impl File {
    /// The default image stands at the top, not in each job.
    fn image(&mut self, variables: &[(String, String)], top: &mut Map, notes: &mut Notes) {
        let Some(at) = self.defaults.iter().position(|field| field.key == "image") else { return };
        let field = self.defaults.remove(at);
        let known = variables.iter().cloned().collect();
        let image = environment::image(field, &known, &[], notes);
        self.has_image = image.is_some();
        top.set_some("image", image);
    }

    /// Adds those defaults that a job inherits. Without a script of its own none makes it one.
    fn inherit(&self, field: &Field, fields: &mut Fields, notes: &mut Notes) {
        let is_scripted = fields.has("script");
        for key in ["before_script", "after_script"] {
            if let Some(field) = (!is_scripted).then(|| fields.take(key)).flatten() {
                notes.list(&field, "without `script` nothing is run");
            }
        }
        let inherited = fields.take("inherit").map(|field| inherited(field, notes)).unwrap_or_default();
        for default in self.defaults.iter().filter(|default| inherited.has(&default.key)) {
            if is_scripted || !matches!(default.key.as_str(), "before_script" | "after_script") {
                fields.add_missing(default);
            }
        }
        if self.has_image && !inherited.has("image") && !fields.has("image") {
            notes.changed(
                field,
                "it did not inherit the image of the others; here it has that one until you name its own",
            );
        }
    }

    fn named(&mut self, jobs: Vec<(Field, Fields)>, notes: &mut Notes) -> Vec<(Field, Fields)> {
        let mut taken = BTreeSet::new();
        for (field, _) in &jobs {
            self.names.insert(field.key.clone(), common::named(field, &mut taken, notes));
        }
        jobs
    }

    fn jobs(&self, jobs: Vec<(Field, Fields)>, stages: Option<Field>, notes: &mut Notes) -> Map {
        let mut read: Vec<job::Read> = jobs.into_iter().map(|(field, fields)| self.job(field, fields, notes)).collect();
        order::needs_of_stages(&mut read, stages, notes);
        let mut map = Map { tall: true, airy: true, ..Map::default() };
        for read in read {
            map.set(&read.name, read.job.into_map());
        }
        map
    }
}

/// Which defaults a job has.
#[derive(Default)]
enum Inherited {
    #[default]
    All,
    These(Vec<String>),
}

impl Inherited {
    fn has(&self, key: &str) -> bool {
        match self {
            Inherited::All => true,
            Inherited::These(keys) => keys.iter().any(|one| one == key),
        }
    }
}

fn inherited(field: Field, notes: &mut Notes) -> Inherited {
    let Some(mut inner) = notes.fields(field) else { return Inherited::All };
    let default = inner.take("default");
    if let Some(field) = inner.take("variables").filter(|field| field.node.text() != Some("true")) {
        notes.list(&field, "variables at the top of the file are those of all jobs");
    }
    notes.rest(inner, |_| "a job inherits defaults and variables");
    match default {
        Some(field) if field.is_list() => {
            let is_known = |item: &&Field| item.node.text().is_some_and(|key| KNOWN_DEFAULTS.contains(&key));
            let unknown = field.clone().items();
            unknown.iter().filter(|item| !is_known(item)).for_each(|item| notes.list(item, "there is no such default"));
            Inherited::These(notes.texts(field))
        }
        Some(field) => match notes.truth(&field) {
            Some(false) => Inherited::These(Vec::new()),
            Some(true) | None => Inherited::All,
        },
        None => Inherited::All,
    }
}

/// What to do about a key that is not carried over.
fn advice(key: &str) -> &'static str {
    match key {
        "artifacts" => "this part of artifacts is not there",
        "cache" => "this part of a cache is not there",
        "coverage" => "coverage is not read from logs",
        "environment" => "deployments are not tracked; for one at a time see `concurrency`, for consent see `approval`",
        "id_tokens" => "a job has no token by which others know it",
        "secrets" => "put its value into a secret, and write `NAME: { from_secret: NAME }` under `environment`",
        "interruptible" => "see `concurrency: { group: …, cancel: running }` at the top of the file",
        "pages" | "publish" => "there are no pages; a step may publish them",
        "release" => "a step may make the release with its forge's own program",
        "trigger" => "one pipeline does not start another",
        "run" => "what its steps do is to be written as commands",
        "start_in" => "nothing is put off by time; a job may wait for `approval`",
        "identity" | "hooks" | "dast_configuration" | "manual_confirmation" => "there is nothing like it here",
        _ => "there is nothing like it here",
    }
}

/// A tag of GitLab as a label here.
fn labels(field: Field, notes: &mut Notes) -> Map {
    let mut labels = Map::default();
    for item in field.items() {
        let Some(word) = notes.text(&item) else { continue };
        match names::label(&word).filter(|_| !word.contains(['=', ':', '$'])) {
            Some((name, value)) => {
                let told =
                    format!("the job waits for a runner with the label `{name}={value}`; if any will do, take it out");
                notes.changed(&item, &told);
                labels.set(&name, value);
            }
            None => notes.list(&item, "it cannot be the name of a label"),
        }
    }
    labels
}
