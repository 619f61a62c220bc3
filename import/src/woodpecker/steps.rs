//! Steps and services.

use super::{advice, when};
use crate::fields::{Field, Fields};
use crate::job::{Job, commands};
use crate::names;
use crate::notes::Notes;
use crate::out::{Map, Out};
use std::collections::{BTreeMap, BTreeSet};

/// A step or a service with its name: of a list, or, as it was before, of a map.
pub(super) struct Named {
    name: String,
    field: Field,
    fields: Fields,
}

pub(super) fn named(field: Field, notes: &mut Notes) -> Vec<Named> {
    let entries = field.entries();
    let all = entries.unwrap_or_else(|| field.clone().items());
    let one = |item: Field| {
        let mut fields = notes.fields(item.clone())?;
        let name = match fields.take("name") {
            Some(field) => notes.text(&field).unwrap_or_default(),
            None => item.key.clone(),
        };
        Some(Named { name, field: item, fields })
    };
    all.into_iter().filter_map(one).collect()
}

pub(super) fn steps(field: Field, axes: &[String], job: &mut Job, notes: &mut Notes) {
    let mut all = named(field, notes);
    let names: BTreeSet<String> = all.iter().map(|step| step.name.clone()).collect();
    let needs: Vec<Vec<String>> = all.iter_mut().map(|step| depends_on(step, &names, notes)).collect();
    let order = sorted(&numbered(&all, &needs));
    let mut all: Vec<Option<Named>> = all.into_iter().map(Some).collect();
    for at in order {
        let Some(step) = all[at].take() else { continue };
        if step.field.node.get("detach").and_then(|node| node.text()) == Some("true") {
            detached(step, axes, job, notes);
        } else if let Some(map) = self::step(step, axes, notes) {
            job.steps.push(map);
        }
    }
}

/// Steps run one after another here; those that wait for others come behind them.
fn depends_on(step: &mut Named, names: &BTreeSet<String>, notes: &mut Notes) -> Vec<String> {
    let Some(field) = step.fields.take("depends_on") else { return Vec::new() };
    notes.changed(
        &field,
        "steps run one after another, in an order that fits; what is to run at once can be jobs, or `parallel`",
    );
    for item in field.clone().items().iter().filter(|item| item.node.text().is_some_and(|name| !names.contains(name))) {
        notes.list(item, "there is no such step in this file");
    }
    if field.node.is_nothing() { Vec::new() } else { notes.texts(field) }
}

/// The steps that each waits for, as numbers.
fn numbered(all: &[Named], needs: &[Vec<String>]) -> Vec<Vec<usize>> {
    let numbers: BTreeMap<&str, usize> = all.iter().enumerate().map(|(at, step)| (step.name.as_str(), at)).collect();
    needs.iter().map(|names| names.iter().filter_map(|name| numbers.get(name.as_str()).copied()).collect()).collect()
}

/// The order of the file, but that each stands behind those it waits for.
fn sorted(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let mut done = vec![false; needs.len()];
    while order.len() < needs.len() {
        let left = || (0..needs.len()).filter(|at| !done[*at]);
        // In a circle nothing is ready: then the file's order counts.
        let ready = left().find(|at| needs[*at].iter().all(|need| done[*need]));
        let Some(next) = ready.or_else(|| left().next()) else { break };
        order.push(next);
        done[next] = true;
    }
    order
}

fn step(named: Named, axes: &[String], notes: &mut Notes) -> Option<Map> {
    let Named { name, field, mut fields } = named;
    let mark = notes.mark();
    let mut map = Map::tall().with("name", names::step(&name));
    if fields.has("settings") {
        return plugin(fields, &field, &name, notes);
    }
    if let Some(field) = fields.take("image") {
        let text = with_axes(&notes.text(&field)?, axes);
        map.set_some("image", names::image(&field, &text, notes));
    }
    if let Some(field) = fields.take("commands") {
        let all: Vec<String> = notes.texts(field.clone()).iter().map(|command| of_shell(command, axes)).collect();
        all.iter().for_each(|command| names::tell_unset(&field, command, notes));
        map.entries.extend(commands(all).entries);
    }
    common(&mut fields, axes, &mut map, notes);
    if let Some(field) = fields.take("failure") {
        match notes.text(&field).as_deref() {
            Some("ignore") => map.set("allow_failure", true),
            Some("fail") | None => {}
            Some(_) => notes.list(&field, "a failure is allowed, or it is not"),
        }
    }
    if let Some(field) = fields.take("directory") {
        map.set_some("working_directory", notes.text(&field));
    }
    if let Some(field) = fields.take("detach") {
        notes.truth(&field);
    }
    if let Some(field) = fields.take("when") {
        condition(&field, axes, &mut map, notes);
    }
    notes.rest(fields, advice);
    map.comments = notes.comments_since(mark);
    Some(map)
}

/// An image with settings and without commands.
fn plugin(fields: Fields, field: &Field, name: &str, notes: &mut Notes) -> Option<Map> {
    let image = field.node.get("image").and_then(|node| node.text()).unwrap_or_default().to_owned();
    notes.list(field, &format!("`{name}` is a plugin, `{image}`: what it does is to be written as commands"));
    for field in fields.into_left() {
        let inner = field.entries().filter(|_| field.key == "settings");
        match inner {
            Some(settings) => settings.iter().for_each(|setting| notes.list(setting, &setting_advice(setting))),
            None if field.key == "image" => {}
            None => notes.list(&field, "it belongs to the plugin"),
        }
    }
    None
}

fn setting_advice(setting: &Field) -> String {
    match setting.node.text() {
        Some(text) if !text.contains('\n') && text.len() < 100 => format!("`{text}` belongs to the plugin"),
        Some(_) | None => "it belongs to the plugin".to_owned(),
    }
}

fn condition(field: &Field, axes: &[String], map: &mut Map, notes: &mut Notes) {
    let said = when::when(field.clone(), axes, notes);
    match said.any {
        any if said.is_whole && any.is_always() => {}
        any if said.is_whole && !any.is_never() => map.set("when", any.into_out()),
        _ => {
            map.off = true;
            notes.list(field, "not all of it can be said as a condition; the step is left out until you write one");
        }
    }
}

fn common(fields: &mut Fields, axes: &[String], map: &mut Map, notes: &mut Notes) {
    let mut environment = Map::default();
    if let Some(field) = fields.take("environment") {
        environment = variables(field, axes, notes);
    }
    if let Some(field) = fields.take("secrets") {
        for item in field.items() {
            secret_of_old(&item, &mut environment, notes);
        }
    }
    map.set_map("environment", environment);
}

/// `secrets: [name]` or `secrets: [{ source, target }]`, as it was before `from_secret`.
fn secret_of_old(item: &Field, environment: &mut Map, notes: &mut Notes) {
    let (source, target) = match item.is_map() {
        true => {
            let Some(mut inner) = notes.fields(item.clone()) else { return };
            let both = (inner.take("source"), inner.take("target"));
            notes.rest(inner, |_| "a secret has `source` and `target`");
            both
        }
        false => (Some(item.clone()), None),
    };
    let Some(name) = source.and_then(|field| notes.text(&field)) else { return };
    let key = target.map_or_else(|| Some(name.to_ascii_uppercase()), |field| target_of(&field, notes));
    let Some(key) = key else { return };
    let variable = Field { key, ..item.clone() };
    if names::is_variable(&variable, notes) {
        environment.set(&variable.key, Map::default().with("from_secret", name));
    }
}

/// The variable that a secret is in; Woodpecker writes its name in capitals.
fn target_of(field: &Field, notes: &mut Notes) -> Option<String> {
    let written = notes.text(field)?;
    let name = written.to_ascii_uppercase();
    if name != written {
        notes.changed(field, &format!("commands have it as `${name}`"));
    }
    Some(name)
}

/// A map of variables, or a list of `NAME=value`.
fn variables(field: Field, axes: &[String], notes: &mut Notes) -> Map {
    let mut map = Map::default();
    let entries = field.entries();
    for item in entries.unwrap_or_else(|| field.clone().items().into_iter().map(assignment).collect()) {
        if !names::is_variable(&item, notes) {
            continue;
        }
        if let Some(secret) = item.node.get("from_secret") {
            for other in item.entries().unwrap_or_default().iter().filter(|field| field.key != "from_secret") {
                notes.list(other, "a secret has a name and nothing more");
            }
            match secret.text() {
                Some(name) => map.set(&item.key, Map::default().with("from_secret", name)),
                None => notes.list(&item, "a secret has a name"),
            }
        } else if item.node.is_nothing() {
            map.set(&item.key, "");
        } else if let Some(text) = notes.text(&item) {
            let text = with_axes(&text, axes);
            if names::without_matrix(&text).contains('$') {
                notes.changed(&item, "variables within a variable are not replaced; the commands see it as it is");
            }
            map.set(&item.key, text);
        }
    }
    map
}

fn assignment(item: Field) -> Field {
    let text = item.node.text().unwrap_or_default().to_owned();
    let (name, value) = text.split_once('=').unwrap_or((text.as_str(), ""));
    let node = crate::yaml::Node::new(item.line, crate::yaml::Value::Text(value.to_owned()));
    Field { key: name.to_owned(), ..item.with(std::rc::Rc::new(node)) }
}

/// A step that goes on while the others run.
fn detached(mut named: Named, axes: &[String], job: &mut Job, notes: &mut Notes) {
    named.fields.take("detach").into_iter().for_each(drop);
    notes.changed(
        &named.field,
        "it goes on beside the other steps, so it is a service here; a service has no workspace",
    );
    let script = named.fields.take("commands").map(|field| notes.texts(field));
    if let Some((name, mut map)) = service(named, axes, notes) {
        if let Some(script) = script {
            map.set("command", vec!["/bin/sh".to_owned(), "-ec".to_owned(), script.join("\n")]);
        }
        job.services.set(&name, map);
    }
}

pub(super) fn service(named: Named, axes: &[String], notes: &mut Notes) -> Option<(String, Map)> {
    let Named { name: written, field, mut fields } = named;
    let name = names::service(&written);
    if name != written {
        notes.changed(&field, &format!("the service is reached as `{name}`"));
    }
    let image = fields.take("image");
    let mut map = Map::default();
    if let Some(field) = image {
        let text = with_axes(&notes.text(&field)?, axes);
        map.set("image", names::image(&field, &text, notes)?);
    }
    common(&mut fields, axes, &mut map, notes);
    for key in ["entrypoint", "command"] {
        if let Some(field) = fields.take(key) {
            map.set(key, Out::from(notes.texts(field)));
        }
    }
    notes.rest(fields, advice);
    map.get("image").is_some().then_some((name, map))
}

/// `${AXIS}` and `$AXIS`, which Woodpecker replaces before it reads the file.
fn with_axes(text: &str, axes: &[String]) -> String {
    let replace = |text: String, axis: &String| text.replace(&format!("${{{axis}}}"), &format!("${{matrix.{axis}}}"));
    axes.iter().fold(text.to_owned(), replace)
}

/// A command as the shell is to see it: Woodpecker takes `$$` for `$`.
fn of_shell(command: &str, axes: &[String]) -> String {
    let marked = command.replace("$$", "\u{0}");
    with_axes(&marked, axes).replace('\u{0}', "$")
}
