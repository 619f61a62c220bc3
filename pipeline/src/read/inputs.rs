//! `inputs:` at the top of the file, and what conditions ask of them.

use super::fields::{At, Fields};
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::input::{Input, Kind};
use crate::pipeline::Named;
use crate::report::Problem;
use crate::suggest::{did_you_mean, nearest, one_of, quoted};
use crate::yaml::{Entry, Value};
use sidings_proto::plan::ARGUMENT_MAX;

pub(super) const TYPES: [&str; 4] = ["text", "number", "boolean", "choice"];
/// What other formats call them.
const TYPE_SYNONYMS: [(&str, &str); 8] = [
    ("string", "text"),
    ("str", "text"),
    ("int", "number"),
    ("integer", "number"),
    ("float", "number"),
    ("bool", "boolean"),
    ("enum", "choice"),
    ("select", "choice"),
];
const MAX_NAME: usize = 64;

impl Reader<'_> {
    /// A map of inputs by name; a plain value is the default of a text.
    pub(super) fn inputs(&mut self, at: &At<'_, '_>) -> Vec<Input> {
        let Some(entries) = self.map(at) else { return Vec::new() };
        entries.iter().filter_map(|entry| self.input(entry)).collect()
    }

    fn input(&mut self, entry: &Entry<'_>) -> Option<Input> {
        let name = Named { text: entry.key.text.to_string(), span: entry.key.span.clone() };
        if !is_name(&name.text) {
            let help = "lower-case letters, digits and `_`, a letter first, at most 64 characters: steps have it as `INPUT_NAME`";
            self.error(Code::BadValue, &name.span, format!("{} cannot be an input's name", quoted(&name.text)), help);
        }
        let at = At::value_of(entry);
        if let Value::Scalar(_) = at.node.value {
            let default = if at.node.is_null() { None } else { Some(self.text(&at)?) };
            return Some(Input { name, kind: Kind::Text, default, description: None });
        }
        let fields = self.fields(&at, &shape::INPUT)?;
        let kind = self.kind(&fields)?;
        let default = fields.get("default").and_then(|at| Some((self.text(&at)?, at.span)));
        if let Some((default, span)) = &default {
            self.fits_kind(default, span, &kind);
        }
        let description = fields.get("description").and_then(|at| self.text(&at));
        Some(Input { name, kind, default: default.map(|(default, _)| default), description })
    }

    fn kind(&mut self, fields: &Fields<'_, '_>) -> Option<Kind> {
        let options = fields.get("options").map(|at| (self.options(&at), at.span));
        let named = match fields.get("type") {
            Some(at) => Some(self.named(&at)?),
            None => None,
        };
        let kind = match (named.as_ref().map(|named| named.text.as_str()), options) {
            (None | Some("choice"), Some((options, _))) => return Some(Kind::Choice(options?)),
            (Some("choice"), None) => {
                let help = "add `options: [one, another]`";
                self.error(Code::MissingKey, fields.span(), "this choice has no `options`", help);
                return None;
            }
            (Some(other), Some((_, span))) if TYPES.contains(&other) => {
                self.error(
                    Code::ConflictingKeys,
                    &span,
                    format!("`options` are not for a {other}"),
                    "say `type: choice`",
                );
                return None;
            }
            (None | Some("text"), None) => Kind::Text,
            (Some("number"), None) => Kind::Number,
            (Some("boolean"), None) => Kind::Boolean,
            (Some(_), _) => {
                self.not_a_type(&named?);
                return None;
            }
        };
        Some(kind)
    }

    fn not_a_type(&mut self, named: &Named) {
        let synonym = TYPE_SYNONYMS.iter().find(|(other, _)| *other == named.text);
        let help = match (synonym, nearest(&named.text, TYPES)) {
            (Some((_, word)), _) => format!("it is called `{word}` here"),
            (None, Some(near)) => did_you_mean(near),
            (None, None) => format!("types are {}", one_of(&TYPES)),
        };
        let message = format!("{} is not an input's type", quoted(&named.text));
        self.report.add(Problem::new(Code::BadValue, &named.span, message).expected(one_of(&TYPES)).help(help));
    }

    fn options(&mut self, at: &At<'_, '_>) -> Option<Vec<String>> {
        let options: Vec<String> = self.texts(at, "a list of texts")?.into_iter().map(|option| option.text).collect();
        if options.is_empty() {
            self.error(Code::BadValue, &at.span, "`options` is an empty list", "name what can be chosen");
            return None;
        }
        Some(options)
    }

    pub(super) fn fits_kind(&mut self, value: &str, span: &crate::source::Span, kind: &Kind) {
        if value.len() > ARGUMENT_MAX {
            self.error(Code::Limit, span, "this value is longer than 64 KiB", "give the name of a file instead");
        } else if let Some(expected) = kind.why_not(value) {
            let problem = Problem::new(Code::BadValue, span, format!("{} is not a value of this input", quoted(value)));
            self.report.add(problem.expected(expected));
        }
    }

    /// What a condition asks of inputs: the value, or several of which any will do.
    pub(super) fn asked_inputs(&mut self, at: &At<'_, '_>) -> Vec<(String, Vec<String>)> {
        let Some(entries) = self.map(at) else { return Vec::new() };
        entries.iter().filter_map(|entry| self.asked_input(entry)).collect()
    }

    fn asked_input(&mut self, entry: &Entry<'_>) -> Option<(String, Vec<String>)> {
        let name = entry.key.text.to_string();
        let values = self.some_texts(&At::value_of(entry), "a value, or a list of values");
        let kind = self.known_input(&name, &entry.key.span)?;
        for value in &values {
            self.fits_kind(&value.text, &value.span, &kind);
        }
        Some((name, values.into_iter().map(|value| value.text).collect()))
    }

    /// What the values of an input look like, which has to be there.
    pub(super) fn known_input(&mut self, name: &str, span: &crate::source::Span) -> Option<Kind> {
        if let Some(input) = self.inputs.iter().find(|input| input.name.text == name) {
            return Some(input.kind.clone());
        }
        let names: Vec<&str> = self.inputs.iter().map(|input| input.name.text.as_str()).collect();
        let help = match (nearest(name, names.iter().copied()), names.is_empty()) {
            (Some(near), _) => did_you_mean(near),
            (None, true) => "declare it under `inputs` at the top of the file".to_owned(),
            (None, false) => format!("inputs are {}", one_of(&names)),
        };
        self.error(Code::UnknownInput, span, format!("there is no input {}", quoted(name)), help);
        None
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.len() <= MAX_NAME && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(allowed)
}
