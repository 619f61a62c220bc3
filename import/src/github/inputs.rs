//! `workflow_dispatch: { inputs }`: what a run may be given.

use crate::fields::{Field, Fields};
use crate::notes::Notes;
use crate::out::{Map, Out};

/// Inputs by name, as they are at the top of the new file.
pub(super) fn inputs(field: Field, notes: &mut Notes) -> Map {
    let mut all = Map::tall();
    let Some(fields) = notes.fields(field) else { return all };
    for field in fields.into_left() {
        let name = name(&field.key);
        if !is_name(&name) {
            notes.list(&field, "an input's name has lower-case letters, digits and `_`, a letter first");
            continue;
        }
        if name != field.key {
            notes.changed(&field, &format!("the input is called `{name}` here"));
        }
        all.set(&name, input(field, notes));
    }
    all
}

/// The name of an input here, with which commands have it as `$INPUT_NAME`.
fn name(written: &str) -> String {
    written.to_ascii_lowercase().replace('-', "_")
}

fn is_name(name: &str) -> bool {
    let inner = name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_');
    inner && name.starts_with(|char: char| char.is_ascii_lowercase()) && name.len() <= 64
}

fn input(field: Field, notes: &mut Notes) -> Map {
    let mut map = Map::default();
    if field.node.is_nothing() {
        return map.with("type", "text");
    }
    let Some(mut inner) = notes.fields(field) else { return map.with("type", "text") };
    let options = inner.take("options").map(|field| notes.texts(field)).unwrap_or_default();
    let kind = kind(&mut inner, !options.is_empty(), notes);
    map.set("type", kind);
    if kind == "choice" {
        map.set("options", options.clone());
    }
    if let Some(field) = inner.take("default")
        && let Some(value) = notes.text(&field)
    {
        if is_of_kind(&value, kind, &options) {
            map.set("default", Out::Text(value));
        } else {
            notes.list(&field, "the default is no value of its type");
        }
    }
    if let Some(field) = inner.take("description") {
        map.set_some("description", notes.text(&field));
    }
    notes.rest(inner, |key| match key {
        "required" => "a run without the value has its default, or an empty one",
        _ => "an input has a type, options, a default and a description",
    });
    map
}

fn kind(inner: &mut Fields, has_options: bool, notes: &mut Notes) -> &'static str {
    let usual = if has_options { "choice" } else { "text" };
    let Some(field) = inner.take("type") else { return usual };
    match notes.text(&field).as_deref() {
        Some("choice") if has_options => "choice",
        Some("boolean") if !has_options => "boolean",
        Some("number") if !has_options => "number",
        Some("string") | None => usual,
        Some(_) => {
            notes.list(&field, "there is no such type here");
            usual
        }
    }
}

fn is_of_kind(value: &str, kind: &str, options: &[String]) -> bool {
    match kind {
        "choice" => options.iter().any(|option| option == value),
        "boolean" => matches!(value, "true" | "false"),
        "number" => value.parse::<i64>().is_ok(),
        _ => !value.contains('\0'),
    }
}

/// The variable in which commands find an input.
pub(super) fn variable(context: &str) -> Option<String> {
    let written = context.strip_prefix("inputs.").or_else(|| context.strip_prefix("github.event.inputs."))?;
    let name = name(written);
    is_name(&name).then(|| format!("INPUT_{}", name.to_ascii_uppercase()))
}
