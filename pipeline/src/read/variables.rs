//! `environment:` and build arguments: names and values.

use super::fields::At;
use super::{Reader, secret};
use crate::diagnostic::Code;
use crate::pipeline::{Setting, Texts, Variables};
use crate::report::Problem;
use crate::suggest::quoted;
use crate::yaml::{Key, Kind, Node, Value};
use std::collections::BTreeMap;

impl Reader<'_> {
    /// The variables of a pipeline, job or step.
    pub(super) fn variables(&mut self, at: &At<'_, '_>) -> Variables {
        self.settings(at, Reader::variable_name, Reader::setting)
    }

    /// The arguments of a build.
    pub(super) fn arguments(&mut self, at: &At<'_, '_>) -> Texts {
        self.settings(at, Reader::well_formed, Reader::argument)
    }

    fn settings<V>(
        &mut self,
        at: &At<'_, '_>,
        check: fn(&mut Self, &Key<'_>) -> bool,
        read: fn(&mut Self, &At<'_, '_>) -> Option<V>,
    ) -> BTreeMap<String, V> {
        if let Value::List(items) = &at.node.value {
            let help = as_map(items.first().map(AsRef::as_ref));
            self.wrong_type(at, "a map of names and values", Some(help));
            return BTreeMap::new();
        }
        let mut variables = BTreeMap::new();
        for entry in self.map(at).unwrap_or_default() {
            let named = check(self, &entry.key);
            let value = read(self, &At::value_of(entry));
            variables.extend(value.filter(|_| named).map(|value| (entry.key.text.to_string(), value)));
        }
        variables
    }

    fn setting(&mut self, at: &At<'_, '_>) -> Option<Setting> {
        match &at.node.value {
            Value::Map(entries) if secret::is_meant(entries) => self.secret_use(at).map(Setting::Secret),
            Value::Map(_) | Value::Scalar(_) | Value::List(_) | Value::Broken => self.value(at).map(Setting::Text),
        }
    }

    fn argument(&mut self, at: &At<'_, '_>) -> Option<String> {
        if let Value::Map(entries) = &at.node.value
            && secret::is_meant(entries)
        {
            let message = format!("{} would stay in the image, for everybody to see", at.what);
            let help =
                "name the secret under `secrets` of this `build`, and let `RUN --mount=type=secret,id=…` read it";
            self.error(Code::BadValue, &at.span, message, help);
            return None;
        }
        self.value(at)
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
