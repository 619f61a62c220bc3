//! `environment:` and build arguments: names and values.

use super::Reader;
use super::fields::At;
use crate::diagnostic::Code;
use crate::pipeline::Variables;
use crate::report::Problem;
use crate::suggest::quoted;
use crate::yaml::{Key, Kind, Node, Value};

impl Reader<'_> {
    /// The variables of a pipeline, job or step.
    pub(super) fn variables(&mut self, at: &At<'_, '_>) -> Variables {
        self.settings(at, Reader::variable_name)
    }

    /// The arguments of a build.
    pub(super) fn arguments(&mut self, at: &At<'_, '_>) -> Variables {
        self.settings(at, Reader::well_formed)
    }

    fn settings(&mut self, at: &At<'_, '_>, check: fn(&mut Self, &Key<'_>) -> bool) -> Variables {
        if let Value::List(items) = &at.node.value {
            let help = as_map(items.first().map(AsRef::as_ref));
            self.wrong_type(at, "a map of names and values", Some(help));
            return Variables::new();
        }
        let mut variables = Variables::new();
        for entry in self.map(at).unwrap_or_default() {
            let named = check(self, &entry.key);
            let value = self.value(&At::value_of(entry));
            variables.extend(value.filter(|_| named).map(|value| (entry.key.text.to_string(), value)));
        }
        variables
    }

    fn value(&mut self, at: &At<'_, '_>) -> Option<String> {
        match &at.node.value {
            Value::Scalar(scalar) if scalar.kind == Kind::Null => {
                let problem = Problem::new(Code::WrongType, &at.span, format!("{} has no value", at.what))
                    .expected("a text, a number, `true` or `false`")
                    .help("write `\"\"` for an empty value, or `\"null\"` for that word");
                self.report.add(problem);
                None
            }
            Value::Scalar(_) => {
                let text = self.text(at)?;
                let help = "put it into a file of the project and read that";
                self.fits(at, text.len(), help).then_some(text)
            }
            Value::Map(entries) if let Some(secret) = entries.iter().find(|entry| entry.key.text == "from_secret") => {
                let help = "this version of Sidings does not run pipelines that use secrets";
                self.error(Code::NotSupportedYet, &secret.key.span, "`from_secret` is not supported yet", help);
                None
            }
            Value::List(_) | Value::Map(_) | Value::Broken => {
                self.wrong_type(at, "a text, a number, `true` or `false`", None);
                None
            }
        }
    }

    fn variable_name(&mut self, key: &Key<'_>) -> bool {
        let name = key.text.as_ref();
        if name == "CI" || name.starts_with("CI_") {
            let message = format!("{} is reserved: Sidings sets it itself", quoted(name));
            let help = "names that begin with `CI_` are taken; use another, and read this one in the step";
            self.error(Code::BadVariable, &key.span, message, help);
            return false;
        }
        self.well_formed(key)
    }

    fn well_formed(&mut self, key: &Key<'_>) -> bool {
        let name = key.text.as_ref();
        let starts = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
        let right = starts && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !right && !name.is_empty() {
            let message = format!("{} cannot be the name of a variable", quoted(name));
            let help = match made_right(name) {
                Some(name) => format!("letters, digits and `_`, not a digit first: `{name}`"),
                None => "letters, digits and `_`, not a digit first".to_owned(),
            };
            self.error(Code::BadVariable, &key.span, message, help);
        }
        right
    }
}

fn made_right(name: &str) -> Option<String> {
    let right: String = name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    right.starts_with(|char: char| !char.is_ascii_digit()).then_some(right).filter(|right| right.contains(|c| c != '_'))
}

/// Compose's other form, `- NAME=value`, as a map.
fn as_map(item: Option<&Node<'_>>) -> String {
    let pair = match item.map(|item| &item.value) {
        Some(Value::Scalar(scalar)) => scalar.text.split_once('='),
        Some(Value::List(_) | Value::Map(_) | Value::Broken) | None => None,
    };
    let (name, value) = pair.unwrap_or(("NAME", "value"));
    format!("write it without the dashes: `{name}: {}`", if value.is_empty() { "\"\"" } else { value })
}
