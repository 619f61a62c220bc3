//! Variables, images and services.

use crate::fields::Field;
use crate::notes::Notes;
use crate::out::{Map, Out};
use crate::{job, names};
use std::collections::BTreeMap;

/// Variables of the runner itself.
const RUNNERS_OWN: [&str; 6] = ["GIT_", "FF_", "ARTIFACT_", "CACHE_", "TRANSFER_METER", "SECURE_FILES"];

/// Variables with values as they come out here.
pub(super) fn variables(field: Field, known: &BTreeMap<String, String>, notes: &mut Notes) -> Vec<(String, String)> {
    let mut known = known.clone();
    let (plain, described) = split(field, notes);
    let mut all = Vec::new();
    let plain = plain.map(|field| job::variables(field, notes)).unwrap_or_default();
    for (field, value) in plain.into_iter().chain(described) {
        if RUNNERS_OWN.iter().any(|own| field.key.starts_with(own)) {
            notes.list(&field, "it tells GitLab's runner how to work; here every job has the files of the commit");
            continue;
        }
        let value = replaced(&value, &known);
        if value.contains('$') {
            notes.changed(&field, "variables within a variable are not replaced; the commands see it as it is");
        }
        known.insert(field.key.clone(), value.clone());
        all.push((field.key, value));
    }
    all
}

/// Those that are texts, still one map, and those with `value` and more.
fn split(field: Field, notes: &mut Notes) -> (Option<Field>, Vec<(Field, String)>) {
    let Some(entries) = field.entries() else {
        notes.list(&field, "a map was expected here");
        return (None, Vec::new());
    };
    let (maps, plain): (Vec<Field>, Vec<Field>) = entries.into_iter().partition(Field::is_map);
    let entries = plain.iter().map(|field| crate::yaml::Entry {
        key: field.key.clone(),
        line: field.line,
        value: std::rc::Rc::clone(&field.node),
    });
    let node = crate::yaml::Node::new(field.line, crate::yaml::Value::Map(entries.collect()));
    let described = maps.into_iter().filter_map(|field| described(field, notes)).collect();
    (Some(field.with(std::rc::Rc::new(node))), described)
}

fn described(field: Field, notes: &mut Notes) -> Option<(Field, String)> {
    let mut inner = notes.fields(field.clone())?;
    let value = inner.take("value");
    if value.is_none() {
        notes.list(&field, "it has no value");
    }
    notes.rest(inner, |_| "a variable has a value and nothing more");
    let value = notes.text(&value?)?;
    names::is_variable(&field, notes).then_some((field, value))
}

/// What is known while the file is written is put in; the rest stays.
pub(super) fn replaced(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (name, length) = reference(rest);
        let value = match name {
            "CI_PROJECT_DIR" => Some("/workspace"),
            name => known.get(name).map(String::as_str).filter(|value| !value.contains('$')),
        };
        out.push_str(value.unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    out + rest
}

/// The name of a variable at the beginning of a text, and how long it is with its `$`.
fn reference(text: &str) -> (&str, usize) {
    if let Some((name, _)) = text.strip_prefix("${").and_then(|inner| inner.split_once('}')) {
        return (name, name.len() + 3);
    }
    let name = &text[1..];
    let end = name.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(name.len());
    (&name[..end], end + 1)
}

/// Variables of a matrix in a text that Sidings itself reads.
pub(super) fn with_axes(text: &str, axes: &[String]) -> String {
    let axes = axes.iter().map(|axis| (axis.clone(), format!("${{matrix.{axis}}}"))).collect::<Vec<_>>();
    axes.into_iter().fold(text.to_owned(), |text, (axis, value)| {
        let mut known = BTreeMap::new();
        known.insert(axis, "\u{0}".to_owned());
        replaced(&text, &known).replace('\u{0}', &value)
    })
}

/// An image by name, or a map with `name` and more.
pub(super) fn image(
    field: Field,
    known: &BTreeMap<String, String>,
    axes: &[String],
    notes: &mut Notes,
) -> Option<String> {
    let name = if field.is_map() {
        let mut inner = notes.fields(field)?;
        let name = inner.take("name");
        notes.rest(inner, image_advice);
        name?
    } else {
        field
    };
    let text = replaced(&with_axes(&notes.text(&name)?, axes), known);
    names::image(&name, &text, notes)
}

fn image_advice(key: &str) -> &'static str {
    match key {
        "entrypoint" => "steps with commands pass over the entry point of their image",
        "pull_policy" => "an image is pulled when its host has none of that name",
        _ => "an image has a name and nothing more",
    }
}

/// The services of a job. Its variables are theirs as well in GitLab; here each says its own.
pub(super) fn services(field: Field, known: &BTreeMap<String, String>, axes: &[String], notes: &mut Notes) -> Map {
    let mut services = Map::default();
    for item in field.items() {
        if let Some((name, map)) = service(item, known, axes, notes) {
            services.set(&name, map);
        }
    }
    services
}

fn service(
    field: Field,
    known: &BTreeMap<String, String>,
    axes: &[String],
    notes: &mut Notes,
) -> Option<(String, Map)> {
    let mut inner = if field.is_map() { notes.fields(field.clone())? } else { crate::fields::Fields::new(Vec::new()) };
    let named = inner.take("name");
    let (alias, own) = (inner.take("alias"), inner.take("variables"));
    let (command, entrypoint) = (inner.take("command"), inner.take("entrypoint"));
    notes.rest(inner, image_advice);
    let at = named.unwrap_or_else(|| field.clone());
    let text = replaced(&with_axes(&notes.text(&at)?, axes), known);
    let short = names::after_image(&text).to_owned();
    if short == "docker" {
        notes.list(&at, "there is no Docker inside of a job; images are built by the runner, see `build`");
        return None;
    }
    let image = names::image(&at, &text, notes)?;
    let alias = alias.and_then(|alias| notes.text(&alias));
    let path = text.split(['@', ':']).next().unwrap_or_default();
    let usual = alias.unwrap_or_else(|| path.replace('/', "-"));
    let first = usual.split([' ', ',']).next().unwrap_or_default();
    let name = names::service(first);
    if name != usual {
        notes.changed(&at, &format!("the service is reached as `{name}`"));
    }
    let mut map = Map { tall: false, ..Map::default() }.with("image", image);
    let mut environment = Map::default();
    for (name, value) in known.iter().filter(|(name, _)| is_for(&short, name)) {
        environment.set(name, value.as_str());
    }
    for (name, value) in own.map(|field| variables(field, known, notes)).unwrap_or_default() {
        environment.set(&name, value);
    }
    map.set_map("environment", environment);
    for (key, field) in [("entrypoint", entrypoint), ("command", command)] {
        if let Some(field) = field {
            map.set(key, Out::from(notes.texts(field)));
        }
    }
    Some((name, map))
}

/// Whether a variable is for the service by its name: `POSTGRES_USER` is for `postgres`.
fn is_for(service: &str, variable: &str) -> bool {
    let prefixes: &[&str] = match service {
        "postgres" | "postgis" | "timescaledb" | "pgvector" => &["POSTGRES_", "PGDATA"],
        "mysql" | "percona" => &["MYSQL_"],
        "mariadb" => &["MARIADB_", "MYSQL_"],
        "mongo" => &["MONGO_"],
        "rabbitmq" => &["RABBITMQ_"],
        "minio" => &["MINIO_"],
        _ => &[],
    };
    prefixes.iter().any(|prefix| variable.starts_with(prefix))
}
