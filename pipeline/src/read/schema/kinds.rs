//! Kinds of values that many keys have.

use serde_json::{Map, Value, json};

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// Kinds by name, for the schema's definitions.
pub(super) fn definitions() -> Map<String, Value> {
    let texts = json!({ "anyOf": [text(), { "type": "array", "items": text(), "minItems": 1 }] });
    let whole =
        json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^[+-]?[0-9]+$" }, of_matrix()] });
    let truth = json!({ "anyOf": [{ "type": "boolean" }, of_matrix()] });
    let duration = json!({
        "anyOf": [{ "type": "string", "pattern": "^(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$" }, of_matrix()],
        "examples": ["90s", "5m", "1h30m"],
    });
    let variables = json!({
        "type": "object",
        "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "not": { "pattern": "^CI(_.*)?$" } },
        "additionalProperties": { "anyOf": [text(), reference("value_from_a_secret")] },
    });
    let entries = [
        ("text", json!({ "type": ["string", "number", "boolean"] })),
        ("texts", texts),
        ("whole", whole),
        ("truth", truth),
        ("duration", duration),
        ("variables", variables),
        ("of_matrix", json!({ "type": "string", "pattern": "\\$\\{matrix\\." })),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A text, number or truth as it is written.
pub(super) fn text() -> Value {
    reference("text")
}

/// A text, or a list of at least one.
pub(super) fn texts() -> Value {
    reference("texts")
}

/// A part of a text that a matrix gives, which may be anything.
pub(super) fn of_matrix() -> Value {
    reference("of_matrix")
}

pub(super) fn truth() -> Value {
    reference("truth")
}

pub(super) fn duration() -> Value {
    reference("duration")
}

pub(super) fn variables() -> Value {
    reference("variables")
}

/// A whole number within bounds.
pub(super) fn whole(least: i64, most: i64) -> Value {
    json!({ "allOf": [reference("whole")], "minimum": least, "maximum": most })
}

/// One of some words.
pub(super) fn word<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    let words: Vec<&str> = words.into_iter().collect();
    json!({ "anyOf": [{ "enum": words }, of_matrix()] })
}

/// One, or a list of at least one.
pub(super) fn one_or_list(one: Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
}

/// A map by name, of at least one.
pub(super) fn map(name: &str, value: Value) -> Value {
    json!({ "type": "object", "propertyNames": { "pattern": name }, "additionalProperties": value, "minProperties": 1 })
}

/// A text of a certain form, or what a matrix gives.
pub(super) fn form(pattern: &str) -> Value {
    json!({ "anyOf": [{ "type": "string", "pattern": pattern }, of_matrix()] })
}
