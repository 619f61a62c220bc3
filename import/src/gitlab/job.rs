//! One job, with what it extends and the defaults of its file.

use super::{File, advice, cache, environment, labels, only, rules};
use crate::condition::Any;
use crate::fields::{Field, Fields};
use crate::job::{self as common, Job, commands};
use crate::names;
use crate::notes::Notes;
use crate::out::{Map, Out};
use std::collections::BTreeMap;

/// So many jobs a matrix makes.
const MOST_COMBINATIONS: usize = 256;

/// A job on its way into the new file.
pub(super) struct Read {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) stage: String,
    /// None if it waits for the stages before its own.
    pub(super) needs: Option<Vec<String>>,
    /// Whose artifacts it wants, if it says so.
    pub(super) dependencies: Option<(Field, Vec<String>)>,
    /// Whether later stages wait for it: they do not for what a person may start or not.
    pub(super) is_waited_for: bool,
    pub(super) job: Job,
}

impl File {
    pub(super) fn job(&self, field: Field, mut fields: Fields, notes: &mut Notes) -> Read {
        let mark = notes.mark();
        self.inherit(&field, &mut fields, notes);
        let mut job = Job { approval: self.approval, ..Job::default() };
        let stage = fields.take("stage").and_then(|field| notes.text(&field)).unwrap_or_else(|| "test".to_owned());
        let needs = fields.take("needs").map(|field| self.needs(field, &mut job, notes));
        let dependencies = fields.take("dependencies").map(|field| self.dependencies(field, notes));
        let axes = fields.take("parallel").map(|field| parallel(field, &mut job, notes)).unwrap_or_default();
        self.surroundings(&mut fields, &axes, &mut job, notes);
        let is_waited_for = conditions(&mut fields, &mut job, notes);
        limits(&mut fields, &mut job, notes);
        kept(&mut fields, &mut job, notes);
        steps(&mut fields, &mut job, notes);
        notes.rest(fields, advice);
        job.comments = notes.comments_since(mark);
        let name = self.names.get(&field.key).cloned().unwrap_or_else(|| field.key.clone());
        Read { line: field.line, name, stage, needs, dependencies, is_waited_for, job }
    }

    fn dependencies(&self, field: Field, notes: &mut Notes) -> (Field, Vec<String>) {
        let mut all = Vec::new();
        for item in field.clone().items().into_iter().filter(|_| !field.node.is_nothing()) {
            let Some(text) = notes.text(&item) else { continue };
            match self.names.get(&text) {
                Some(name) => all.push(name.clone()),
                None => notes.list(&item, "there is no such job in this file"),
            }
        }
        (field, all)
    }

    fn needs(&self, field: Field, job: &mut Job, notes: &mut Notes) -> Vec<String> {
        let mut all = Vec::new();
        for item in field.items() {
            let mut optional = false;
            let mut named = item.clone();
            if item.is_map() {
                let Some(mut inner) = notes.fields(item) else { continue };
                optional = inner.take("optional").and_then(|field| notes.truth(&field)).unwrap_or(false);
                let job = inner.take("job");
                notes.rest(inner, |key| match key {
                    "artifacts" => "what a job hands on goes to all that need it",
                    "project" | "pipeline" | "ref" => "a job needs others of its own pipeline only",
                    _ => "a job is needed as a whole",
                });
                let Some(job) = job else { continue };
                named = job;
            }
            let Some(text) = notes.text(&named) else { continue };
            match self.names.get(&text) {
                Some(name) if optional => {
                    job.needs.push(Map::default().with("job", name.as_str()).with("optional", true).into());
                    all.push(name.clone());
                }
                Some(name) => {
                    job.needs.push(name.as_str().into());
                    all.push(name.clone());
                }
                None => notes.list(&named, "there is no such job in this file"),
            }
        }
        all
    }

    /// Image, services, variables.
    fn surroundings(&self, fields: &mut Fields, axes: &[String], job: &mut Job, notes: &mut Notes) {
        for axis in axes {
            job.environment.set(axis, format!("${{matrix.{axis}}}"));
        }
        let mut known: BTreeMap<String, String> = self.variables.clone();
        if let Some(field) = fields.take("variables") {
            for (name, value) in environment::variables(field, &self.variables, notes) {
                known.insert(name.clone(), value.clone());
                job.environment.set(&name, environment::with_axes(&value, axes));
            }
        }
        job.image = fields.take("image").and_then(|field| environment::image(field, &known, axes, notes));
        if let Some(field) = fields.take("services") {
            job.services = environment::services(field, &known, axes, notes);
        }
        if let Some(field) = fields.take("tags") {
            job.labels = labels(field, notes);
        }
    }
}

/// Copies, or a matrix; gives its axes.
fn parallel(field: Field, job: &mut Job, notes: &mut Notes) -> Vec<String> {
    if !field.is_map() {
        job.parallelism = notes.number(&field, 256).filter(|copies| *copies > 0);
        return Vec::new();
    }
    let Some(mut inner) = notes.fields(field) else { return Vec::new() };
    let matrix = inner.take("matrix");
    notes.rest(inner, |_| "a matrix has axes and nothing more");
    let Some(matrix) = matrix else { return Vec::new() };
    let entries: Vec<Vec<(String, Vec<String>)>> =
        matrix.clone().items().into_iter().map(|item| axes(item, notes)).filter(|axes| !axes.is_empty()).collect();
    let Some(first) = entries.first() else { return Vec::new() };
    let names: Vec<String> = first.iter().map(|(axis, _)| axis.clone()).collect();
    let same =
        entries.iter().all(|axes| axes.len() == names.len() && axes.iter().all(|(axis, _)| names.contains(axis)));
    let values = |values: &Vec<String>| Out::from(values.clone());
    let made: usize = entries.iter().map(|axes| combinations(axes)).fold(0, usize::saturating_add);
    if made > MOST_COMBINATIONS {
        notes.list(&matrix, &format!("it makes {made} jobs; {MOST_COMBINATIONS} is the most there is here"));
        return Vec::new();
    }
    if let [only] = entries.as_slice() {
        job.matrix = Some(only.iter().fold(Map::default(), |map, (axis, all)| map.with(axis, values(all))));
    } else if same {
        let combinations = entries.iter().flat_map(|axes| product(axes)).map(Out::Map).collect();
        job.matrix = Some(Map::default().with("include", Out::Lines(combinations)));
    } else {
        notes.list(&matrix, "every entry must have the same axes; make a job of each of them");
        return Vec::new();
    }
    names
}

fn axes(field: Field, notes: &mut Notes) -> Vec<(String, Vec<String>)> {
    let Some(fields) = notes.fields(field) else { return Vec::new() };
    let axis = |field: Field| {
        let reserved = matches!(field.key.as_str(), "include" | "exclude" | "when");
        (!reserved && names::is_variable(&field, notes)).then(|| (field.key.clone(), notes.texts(field)))
    };
    fields.into_left().into_iter().filter_map(axis).collect()
}

fn combinations(axes: &[(String, Vec<String>)]) -> usize {
    axes.iter().fold(1, |made, (_, values)| made.saturating_mul(values.len()))
}

fn product(axes: &[(String, Vec<String>)]) -> Vec<Map> {
    axes.iter().fold(vec![Map::default()], |all, (axis, values)| {
        all.iter().flat_map(|map| values.iter().map(|value| map.clone().with(axis, value.as_str()))).collect()
    })
}

/// When it runs. Says whether later stages wait for it.
fn conditions(fields: &mut Fields, job: &mut Job, notes: &mut Notes) -> bool {
    let when = fields.take("when");
    if let Some(field) = fields.take("rules") {
        let read = rules::rules(field, false, notes);
        job.when = read.when;
        job.approval |= read.approval;
        job.allow_failure = read.allow_failure;
        job.environment.entries.extend(read.variables.entries);
        if let Some(when) = when {
            notes.list(&when, "`rules` decide");
        }
        return true;
    }
    let mut said = only::Said::always();
    for key in ["only", "except"] {
        let Some(field) = fields.take(key) else { continue };
        let was_whole = said.is_whole;
        let add = if key == "only" { only::only } else { only::except };
        said = add(said, field.clone(), notes);
        if was_whole && !said.is_whole {
            notes.changed(&field, "not all of it can be said as a condition; a person has to let the job run as well");
        }
    }
    let mut condition = said.any;
    let word = when.as_ref().and_then(|field| notes.text(field)).unwrap_or_default();
    if let Some(status) = only::status(&word) {
        condition = condition.and(&Any::one(status)).unwrap_or(condition);
    }
    job.approval |= !said.is_whole || matches!(word.as_str(), "manual" | "delayed");
    if let Some(field) = when {
        match word.as_str() {
            "manual" => notes.changed(&field, "a person lets the job run: `sidings approve`"),
            "delayed" => notes.changed(&field, "nothing is put off by time; the job waits for a person instead"),
            "never" => {
                notes.changed(&field, "the job never ran; here it waits for a person");
                job.approval = true;
            }
            "on_success" | "on_failure" | "always" => {}
            _ => notes.list(&field, "this is not known of a job"),
        }
    }
    job.when = Some(condition);
    word != "manual"
}

fn limits(fields: &mut Fields, job: &mut Job, notes: &mut Notes) {
    if let Some(field) = fields.take("timeout") {
        job.timeout = notes.text(&field).and_then(|text| names::duration(&text));
        if job.timeout.is_none() {
            notes.list(&field, "it is not a duration");
        }
    }
    if let Some(field) = fields.take("allow_failure") {
        if field.is_map() {
            notes.list(&field, "a failure is allowed whatever its code, or not at all");
        } else {
            job.allow_failure |= notes.truth(&field).unwrap_or(false);
        }
    }
    if let Some(field) = fields.take("retry") {
        job.retry = retry(field, notes);
    }
    if let Some(field) = fields.take("resource_group") {
        let group = notes.text(&field).filter(|group| !group.contains('$'));
        if group.is_none() {
            notes
                .list(&field, "the group's name has variables; see `concurrency` in the reference for those there are");
        }
        job.concurrency = group.map(Out::Text);
    }
}

fn retry(field: Field, notes: &mut Notes) -> Option<Out> {
    if !field.is_map() {
        return notes.number(&field, 5).map(Out::from);
    }
    let mut inner = notes.fields(field)?;
    let max = inner.take("max");
    let mut on: Vec<String> = Vec::new();
    for item in inner.take("when").map(Field::items).unwrap_or_default() {
        match notes.text(&item).as_deref() {
            Some("script_failure") => on.push("step_failed".to_owned()),
            Some("stuck_or_timeout_failure" | "job_execution_timeout") => on.push("timed_out".to_owned()),
            Some("always") => on.extend(["step_failed", "timed_out", "image_build_failed"].map(str::to_owned)),
            Some("runner_system_failure" | "scheduler_failure" | "api_failure") => {
                notes.changed(&item, "a job whose runner failed is tried again without being asked, up to 3 times");
            }
            Some(_) => notes.list(&item, "there is no such class of failure"),
            None => {}
        }
    }
    notes.rest(inner, |_| "what is tried again is decided by the class of the failure");
    let max = notes.number(&max?, 5)?;
    on.dedup();
    if on.is_empty() {
        return Some(max.into());
    }
    Some(Map::default().with("max", max).with("on", on).into())
}

/// What it keeps and hands on.
fn kept(fields: &mut Fields, job: &mut Job, notes: &mut Notes) {
    if let Some(mut inner) = fields.take("artifacts").and_then(|field| notes.fields(field)) {
        artifacts(&mut inner, job, notes);
        reports(&mut inner, job, notes);
        notes.rest(inner, |_| advice("artifacts"));
    }
    if let Some(field) = fields.take("cache") {
        job.cache = field.items().into_iter().filter_map(|item| cache::cache(item, notes)).collect();
    }
}

fn artifacts(inner: &mut Fields, job: &mut Job, notes: &mut Notes) {
    let mut map = Map::default();
    let mut paths = Vec::new();
    for (key, mark) in [("paths", ""), ("exclude", "!")] {
        if let Some(field) = inner.take(key) {
            let all = notes.texts(field.clone());
            paths.extend(common::kept(&field, &all, mark, notes));
        }
    }
    map.set("paths", paths.clone());
    if let Some(field) = inner.take("when") {
        match notes.text(&field).filter(|when| matches!(when.as_str(), "on_success" | "on_failure" | "always")) {
            Some(when) => map.set("when", when),
            None => notes.list(&field, "it is `on_success`, `on_failure` or `always`"),
        }
    }
    if let Some(field) = inner.take("expire_in") {
        match notes.text(&field).and_then(|text| names::days(&text)) {
            Some(time) => map.set("expire_in", time),
            None => notes.list(&field, "it is not a duration"),
        }
    }
    if paths.iter().any(|path| !path.starts_with('!')) {
        job.artifacts.push(map);
    }
}

fn reports(inner: &mut Fields, job: &mut Job, notes: &mut Notes) {
    let Some(mut reports) = inner.take("reports").and_then(|field| notes.fields(field)) else { return };
    if let Some(field) = reports.take("junit") {
        let all = notes.texts(field.clone());
        job.junit = common::kept(&field, &all, "", notes);
    }
    notes.rest(reports, |_| "of reports only `junit` is read");
}

fn steps(fields: &mut Fields, job: &mut Job, notes: &mut Notes) {
    let all = |key: &str, fields: &mut Fields, notes: &mut Notes| {
        fields.take(key).map(|field| script_of(field, notes)).unwrap_or_default()
    };
    let (before, own) = (all("before_script", fields, notes), all("script", fields, notes));
    let after = all("after_script", fields, notes);
    // What stands around a script is no job: it would pass and have done nothing.
    if own.is_empty() {
        return;
    }
    job.steps.push(commands([before, own].concat()));
    if !after.is_empty() {
        let mut step = commands(after);
        step.insert_first("name", "after_script");
        step.set("when", Map::default().with("status", "always"));
        job.steps.push(step);
    }
}

fn script_of(field: Field, notes: &mut Notes) -> Vec<String> {
    let all = notes.texts(field.clone());
    all.iter().for_each(|command| names::tell_unset(&field, command, notes));
    all
}
