//! `.woodpecker.yml`: one workflow is one job, steps are containers there as here.

mod steps;
mod when;

use crate::fields::{Field, Fields};
use crate::job::Job;
use crate::names;
use crate::notes::Notes;
use crate::out::{Map, Out};

/// A workflow has no name of its own; its file has.
const JOB: &str = "workflow";

pub(crate) fn pipeline(mut fields: Fields, notes: &mut Notes) -> Map {
    let mut top = Map::tall();
    let mut approval = false;
    if let Some(field) = fields.take("when") {
        let said = when::when(field.clone(), &[], notes);
        approval = said.any.is_never();
        if approval {
            notes.changed(&field, "none of it can be said as a condition; a person has to let each run go on");
        } else if !said.is_whole {
            notes.changed(&field, "only those events make a run that can be said as a condition");
        }
        if !said.any.is_always() && !approval {
            top.set("when", said.any.into_out());
        }
    }
    let mut job = Job { approval, ..Job::default() };
    let matrix = fields.take("matrix").map(|field| matrix(field, notes)).unwrap_or_default();
    let axes = matrix.1;
    job.matrix = matrix.0;
    for axis in &axes {
        job.environment.set(axis, format!("${{matrix.{axis}}}"));
    }
    settings(&mut fields, &mut job, notes);
    let services = fields.take("services").map(|field| steps::named(field, notes)).unwrap_or_default();
    for field in services {
        if let Some((name, map)) = steps::service(field, &axes, notes) {
            job.services.set(&name, map);
        }
    }
    if let Some(field) = fields.take("steps").or_else(|| fields.take("pipeline")) {
        steps::steps(field, &axes, &mut job, notes);
    }
    for field in fields.into_left() {
        // Anchors are often put there; what they are used for is carried over.
        let advice = if field.key == "variables" {
            "it is there for its anchors, which are written out"
        } else {
            advice(&field.key)
        };
        notes.list(&field, advice);
    }
    top.set("jobs", Map::tall().with(JOB, job.into_map()));
    top
}

fn settings(fields: &mut Fields, job: &mut Job, notes: &mut Notes) {
    if let Some(field) = fields.take("labels") {
        let Some(inner) = notes.fields(field) else { return };
        for field in inner.into_left() {
            let Some(value) = notes.text(&field) else { continue };
            platform(&field, &value, job, notes);
        }
    }
    if let Some(field) = fields.take("platform") {
        let value = notes.text(&field).unwrap_or_default();
        platform(&field, &value, job, notes);
    }
    if let Some(field) = fields.take("skip_clone") {
        notes.list(&field, "the files of the commit are in the workspace of every job");
    }
}

fn platform(field: &Field, value: &str, job: &mut Job, notes: &mut Notes) {
    if field.key == "platform" {
        let (os, arch) = value.split_once('/').unwrap_or((value, ""));
        job.labels.set("os", os);
        if !arch.is_empty() {
            job.labels.set("arch", arch);
        }
        return;
    }
    match names::label(&format!("{}={value}", field.key)) {
        Some((name, value)) if !value.contains('$') => job.labels.set(&name, value),
        Some(_) | None => notes.list(field, "it cannot be a label"),
    }
}

/// A matrix, and the names of its axes.
fn matrix(field: Field, notes: &mut Notes) -> (Option<Map>, Vec<String>) {
    let Some(mut inner) = notes.fields(field) else { return (None, Vec::new()) };
    if let Some(include) = inner.take("include") {
        notes.rest(inner, |_| "beside `include` no axes count");
        return included(include, notes);
    }
    let mut map = Map::default();
    for axis in inner.into_left() {
        if names::is_variable(&axis, notes) && !matches!(axis.key.as_str(), "include" | "exclude" | "when") {
            map.set(&axis.key.clone(), Out::from(notes.texts(axis)));
        }
    }
    let axes = map.entries.iter().map(|(axis, _)| axis.clone()).collect();
    ((!map.entries.is_empty()).then_some(map), axes)
}

fn included(field: Field, notes: &mut Notes) -> (Option<Map>, Vec<String>) {
    let mut all: Vec<Map> = Vec::new();
    let mut axes: Option<Vec<String>> = None;
    for item in field.items() {
        let Some(fields) = notes.fields(item.clone()) else { continue };
        let mut one = Map::default();
        for field in fields.into_left() {
            if names::is_variable(&field, notes) {
                one.set_some(&field.key, notes.text(&field));
            }
        }
        let own: Vec<String> = one.entries.iter().map(|(axis, _)| axis.clone()).collect();
        let first = axes.get_or_insert_with(|| own.clone());
        if own.len() == first.len() && own.iter().all(|axis| first.contains(axis)) {
            all.push(one);
        } else {
            notes.list(&item, "every combination has a value for each axis: write those that are missing");
        }
    }
    let lines = Out::Lines(all.into_iter().map(Out::Map).collect());
    (Some(Map::default().with("include", lines)), axes.unwrap_or_default())
}

/// What to do about a key that is not carried over.
fn advice(key: &str) -> &'static str {
    match key {
        "clone" => "the files of the commit are in the workspace of every job",
        "depends_on" | "runs_on" => "it is about workflows in other files: put them into this one as jobs with `needs`",
        "workspace" => "the workspace is at `/workspace`",
        "secrets" => "a step says which secrets it has: `environment: { NAME: { from_secret: NAME } }`",
        "settings" => "plugins are not known here: what it does is to be written as commands",
        "privileged" => "no step is privileged",
        "volumes" | "tmpfs" | "devices" => "nothing of the host is mounted",
        "network_mode" | "networks" | "dns" | "dns_search" | "extra_hosts" => "a job has its own network",
        "backend_options" => "for limits see `resources`",
        "pull" => "an image is pulled when its host has none of that name",
        "ports" => "a service is reached by its name, at its own ports",
        "entrypoint" => "steps with commands pass over the entry point of their image",
        _ => "there is nothing like it here",
    }
}
