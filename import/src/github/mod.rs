//! A workflow of GitHub Actions: events become conditions, `runs-on` the project's own image, actions advice.

mod events;
mod expression;
mod inputs;
mod job;
mod matrix;
mod quotes;
mod steps;
mod texts;

use crate::fields::{Field, Fields};
use crate::job as common;
use crate::notes::Notes;
use crate::out::{Map, Out};
use std::collections::{BTreeMap, BTreeSet};
use texts::Texts;

/// What is known of the whole file while its jobs are read.
struct File {
    /// The new names of jobs, by the old.
    names: BTreeMap<String, String>,
    /// Variables of all jobs whose values are known.
    env: BTreeMap<String, String>,
    working_directory: Option<String>,
    shell: Option<String>,
}

pub(crate) fn pipeline(mut fields: Fields, notes: &mut Notes) -> Map {
    let mut top = Map::tall();
    let name = fields.take("name").and_then(|field| notes.text(&field));
    top.comments.extend(name.iter().map(|name| format!("Its name was: {name}")));
    if let Some(field) = fields.take("on").or_else(|| fields.take("true")) {
        let given = events::take_inputs(&field);
        top.set_some("when", events::when(field.clone(), notes).map(crate::condition::Any::into_out));
        let given = given.map(|field| inputs::inputs(field, notes)).unwrap_or_default();
        let has_default = |input: &Out| matches!(input, Out::Map(map) if map.get("default").is_some());
        let asks_values = given.entries.iter().any(|(_, input)| !has_default(input));
        top.set_some("schedule", events::schedules(&field, asks_values, notes));
        top.set_map("inputs", given);
    }
    let texts = Texts { workflow: name.unwrap_or_default(), ..Texts::default() };
    if let Some(field) = fields.take("concurrency") {
        top.set_some("concurrency", concurrency(field, &texts, notes));
    }
    let environment = fields.take("env").map(|field| texts.variables(field, notes)).unwrap_or_default();
    let mut file =
        File { names: BTreeMap::new(), env: texts::known(&environment), working_directory: None, shell: None };
    if let Some(field) = fields.take("defaults") {
        (file.working_directory, file.shell) = defaults(field, notes);
    }
    top.set_map("environment", environment);
    let jobs = fields.take("jobs").and_then(|field| notes.fields(field)).map(Fields::into_left).unwrap_or_default();
    let mut taken = BTreeSet::new();
    for field in &jobs {
        file.names.insert(field.key.clone(), common::named(field, &mut taken, notes));
    }
    let mut map = Map { tall: true, airy: true, ..Map::default() };
    for field in jobs {
        let name = file.names.get(&field.key).cloned().unwrap_or_default();
        if let Some(job) = file.job(field, &texts.workflow, notes) {
            map.set(&name, job.into_map());
        }
    }
    top.set("jobs", map);
    notes.rest(fields, advice);
    top
}

/// `defaults: { run: { working-directory, shell } }`.
fn defaults(field: Field, notes: &mut Notes) -> (Option<String>, Option<String>) {
    let Some(mut inner) = notes.fields(field) else { return (None, None) };
    let run = inner.take("run").and_then(|field| notes.fields(field));
    notes.rest(inner, advice);
    let Some(mut run) = run else { return (None, None) };
    let folder = run.take("working-directory").and_then(|field| notes.text(&field));
    let shell = run.take("shell").and_then(|field| shell(&field, notes));
    notes.rest(run, advice);
    (folder, shell)
}

/// What a script is given to.
fn shell(field: &Field, notes: &mut Notes) -> Option<String> {
    let text = notes.text(field)?;
    Some(match text.as_str() {
        "bash" => "bash -eo pipefail -c".to_owned(),
        "sh" => "sh".to_owned(),
        "python" => "python3 -c".to_owned(),
        _ => {
            notes.list(field, "a script is given to a program as its last argument, such as `bash -e -c`");
            return None;
        }
    })
}

/// One at a time.
fn concurrency(field: Field, texts: &Texts, notes: &mut Notes) -> Option<Out> {
    let (group, cancel) = if field.is_map() {
        let mut inner = notes.fields(field.clone())?;
        let both = (inner.take("group"), inner.take("cancel-in-progress"));
        notes.rest(inner, |_| "there is nothing like it here");
        both
    } else {
        (Some(field.clone()), None)
    };
    let group = group?;
    let name = texts.group(&notes.text(&group)?);
    let cancel = cancel.and_then(|field| {
        let truth = field.node.text().and_then(|text| text.parse::<bool>().ok());
        if truth.is_none() {
            notes.list(&field, "it is `none`, `queued` or `running` here, and does not depend on anything");
        }
        truth
    });
    let Some(name) = name else {
        notes.list(&group, "the group's name depends on what is not known here; see `concurrency` in the reference");
        return None;
    };
    let map = Map::default().with("group", name);
    Some(if cancel == Some(true) { map.with("cancel", "running") } else { map }.into())
}

/// What to do about a key that is not carried over.
fn advice(key: &str) -> &'static str {
    match key {
        "permissions" => "jobs have no token of a forge",
        "run-name" => "a run is shown with its commit's message",
        "outputs" => "nothing but files goes on between steps; values can be written to a file in the workspace",
        "environment" => "deployments are not tracked; for consent see `approval`, for one at a time `concurrency`",
        "uses" => "there are no actions here: what they do is to be written as commands",
        "with" => "it belongs to an action",
        "secrets" => "a step says which secrets it has: `environment: { NAME: { from_secret: NAME } }`",
        "id" => "steps do not refer to one another",
        "defaults" => "only `working-directory` and `shell` are known",
        "credentials" => "registries are asked without credentials",
        "ports" => "a service is reached by its name, at its own ports; nothing is published",
        "volumes" => "nothing of the host is mounted",
        "options" => "options of the engine are the operator's; for limits see `resources`",
        _ => "there is nothing like it here",
    }
}
