//! Maps, lists and their keys.

use super::Reader;
use super::shape::{self, Shape};
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::source::Span;
use crate::suggest::{did_you_mean, listed, nearest, quoted};
use crate::yaml::{Entry, Key, Node, Value};
use std::rc::Rc;

/// A value that is to be read: what it is called, and where to point.
pub(super) struct At<'n, 't> {
    pub(super) node: &'n Node<'t>,
    /// `` `needs` ``, `a step`.
    pub(super) what: String,
    pub(super) span: Span,
}

impl<'n, 't> At<'n, 't> {
    pub(super) fn root(node: &'n Node<'t>) -> At<'n, 't> {
        At { node, what: "a pipeline".to_owned(), span: node.span.clone() }
    }

    /// Where nothing is written there is nothing to point at but the key.
    pub(super) fn value_of(entry: &'n Entry<'t>) -> At<'n, 't> {
        let span = if entry.value.span.is_empty() { &entry.key.span } else { &entry.value.span };
        At { node: &entry.value, what: quoted(&entry.key.text), span: span.clone() }
    }

    pub(super) fn item(node: &'n Node<'t>, what: impl Into<String>) -> At<'n, 't> {
        At { node, what: what.into(), span: node.span.clone() }
    }
}

/// The entries of a map whose keys were checked.
pub(super) struct Fields<'n, 't> {
    entries: &'n [Entry<'t>],
    span: Span,
}

impl<'n, 't> Fields<'n, 't> {
    pub(super) fn get(&self, key: &str) -> Option<At<'n, 't>> {
        self.entry(key).map(At::value_of)
    }

    pub(super) fn entry(&self, key: &str) -> Option<&'n Entry<'t>> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }

    /// Where the map begins.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }
}

impl Reader<'_> {
    /// A map with certain keys.
    pub(super) fn fields<'n, 't>(&mut self, at: &At<'n, 't>, shape: &Shape) -> Option<Fields<'n, 't>> {
        let entries = self.map(at)?;
        for entry in entries {
            let key = entry.key.text.as_ref();
            let reserved = std::ptr::eq(shape.what, shape::PIPELINE.what) && key.starts_with("x-");
            if !reserved && !shape.keys.contains(&key) {
                self.unexpected_key(&entry.key, shape);
            }
        }
        Some(Fields { entries, span: at.span.clone() })
    }

    /// A map with any keys.
    pub(super) fn map<'n, 't>(&mut self, at: &At<'n, 't>) -> Option<&'n [Entry<'t>]> {
        match &at.node.value {
            Value::Map(entries) => Some(entries),
            Value::Scalar(_) | Value::List(_) | Value::Broken => {
                self.wrong_type(at, "a map", None);
                None
            }
        }
    }

    /// A list.
    pub(super) fn list<'n, 't>(&mut self, at: &At<'n, 't>) -> Option<&'n [Rc<Node<'t>>]> {
        match &at.node.value {
            Value::List(items) => Some(items),
            Value::Scalar(_) | Value::Map(_) | Value::Broken => {
                self.wrong_type(at, "a list", None);
                None
            }
        }
    }

    /// Says so unless it was said before that the node is nothing.
    pub(super) fn wrong_type(&mut self, at: &At<'_, '_>, expected: &str, help: Option<String>) {
        let message = match &at.node.value {
            Value::Broken => return,
            _ if at.node.is_null() => format!("{} is empty", at.what),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                format!("{} is {}, but must be {expected}", at.what, at.node.kind_name())
            }
        };
        let problem = Problem::new(Code::WrongType, &at.span, message).expected(expected).maybe_help(help);
        self.report.add(problem);
    }

    fn unexpected_key(&mut self, key: &Key<'_>, shape: &Shape) {
        if key.text.is_empty() {
            return;
        }
        let written = key.text.as_ref();
        let problem = if shape.later.contains(&written) {
            Problem::new(Code::NotSupportedYet, &key.span, format!("{} is not supported yet", quoted(written)))
                .help("this version of Sidings does not run pipelines that use it; take it out for now")
        } else {
            Problem::new(Code::UnknownKey, &key.span, format!("{} is not a key of {}", quoted(written), shape.what))
                .help(if self.report.has_room() { meant(written, shape) } else { String::new() })
        };
        self.report.add(problem);
    }
}

/// What was probably meant by a key that is not there, else what there is.
fn meant(written: &str, shape: &Shape) -> String {
    let known = || shape.keys.iter().chain(shape.later).copied();
    let synonym = shape::SYNONYMS.iter().find(|(other, here)| *other == written && known().any(|key| key == *here));
    if let Some((_, here)) = synonym {
        return format!("it is called `{here}` here");
    }
    let is_in = |shape: &Shape| shape.keys.contains(&written) || shape.later.contains(&written);
    if let Some(elsewhere) = shape::ALL.into_iter().find(|shape| is_in(shape)) {
        return format!("`{written}` is a key of {}", elsewhere.what);
    }
    if written.starts_with("x-") {
        return "keys that begin with `x-` stand at the top of the file only".to_owned();
    }
    match nearest(written, known()) {
        Some(near) => did_you_mean(near),
        None => format!("{} has {}", shape.what, listed(shape.keys, "and")),
    }
}
