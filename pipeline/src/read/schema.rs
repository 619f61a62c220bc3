//! A JSON Schema of the language, out of the tables that the reader uses.
//!
//! Which keys a part has is in [`shape`](super::shape) and nowhere else; what a value of a key looks like is in
//! [`values`]. A key that the reader takes and that has no value there cannot be written: the schema is not made
//! without it, and the test that keeps `docs/sidings.schema.json` fresh says which one is missing.

mod kinds;
mod values;

use super::shape::{self, Shape};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The schema as a file.
pub(crate) fn text() -> String {
    let text = serde_json::to_string_pretty(&schema()).expect("a tree of texts and numbers is JSON");
    text + "\n"
}

fn schema() -> Value {
    let mut writer = Writer::default();
    let root = writer.part(&shape::PIPELINE);
    let mut definitions = Map::new();
    while let Some(part) = writer.waiting.pop() {
        definitions.insert(name_of(part), writer.definition(part));
    }
    definitions.extend(kinds::definitions());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A pipeline of Sidings",
        "description": "`.sidings.yml`. `sidings lint` knows more: what the parts mean together.",
        "allOf": [root],
        "definitions": definitions,
    })
}

/// Collects the parts that are spoken of.
#[derive(Default)]
struct Writer {
    waiting: Vec<&'static Shape>,
    begun: BTreeMap<&'static str, ()>,
}

impl Writer {
    /// A reference to a part's definition.
    fn part(&mut self, part: &'static Shape) -> Value {
        if self.begun.insert(part.what, ()).is_none() {
            self.waiting.push(part);
        }
        json!({ "$ref": format!("#/definitions/{}", name_of(part)) })
    }

    fn definition(&mut self, part: &'static Shape) -> Value {
        let mut properties = Map::new();
        for key in part.keys {
            let value = values::of(self, part, key);
            let value = value.unwrap_or_else(|| {
                panic!("what a value of `{key}` of {} is, is to be said in read/schema/values.rs", part.what)
            });
            properties.insert((*key).to_owned(), value);
        }
        let mut definition = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if part.what == shape::PIPELINE.what {
            definition["patternProperties"] = json!({ "^x-": {} });
        }
        for (key, value) in values::rules(part) {
            definition[key] = value;
        }
        definition
    }
}

/// `a step` is `step`, ``an entry of `images` `` is `entry_of_images`.
fn name_of(part: &Shape) -> String {
    let bare = part.what.replace('`', "");
    let bare = bare.strip_prefix("a ").or_else(|| bare.strip_prefix("an ")).unwrap_or(&bare);
    bare.replace(' ', "_")
}

#[cfg(test)]
mod tests;
