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
    /// Keys that were probably meant by those that are none.
    meant: Vec<&'static str>,
}

impl<'n, 't> Fields<'n, 't> {
    pub(super) fn get(&self, key: &str) -> Option<At<'n, 't>> {
        self.entry(key).map(At::value_of)
    }

    pub(super) fn entry(&self, key: &str) -> Option<&'n Entry<'t>> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }

    /// Whether the key is there, or one that was probably meant to be it: then nobody is told that it is missing.
    pub(super) fn has_or_meant(&self, key: &str) -> bool {
        self.entry(key).is_some() || self.meant.contains(&key)
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
        let mut meant = Vec::new();
        for entry in entries {
            let key = entry.key.text.as_ref();
            let reserved = shape.what == shape::PIPELINE.what && key.starts_with("x-");
            if !reserved && !shape.keys.contains(&key) {
                meant.extend(self.unexpected_key(&entry.key, shape));
            }
        }
        Some(Fields { entries, span: at.span.clone(), meant })
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
        let for_nothing = at.node.is_null().then(|| "write something there, or take it out".to_owned());
        let problem = Problem::new(Code::WrongType, &at.span, message)
            .expected(expected)
            .maybe_help(for_nothing)
            .maybe_help(help);
        self.report.add(problem);
    }

    /// Gives the key that was probably meant.
    fn unexpected_key(&mut self, key: &Key<'_>, shape: &Shape) -> Option<&'static str> {
        let written = key.text.as_ref();
        if written.is_empty() {
            return None;
        }
        if !self.report.has_room() {
            self.report.leave_out();
            return None;
        }
        if shape.later.contains(&written) {
            let message = format!("{} is not supported yet", quoted(written));
            let help = "this version of Sidings does not run pipelines that use it; take it out for now";
            self.error(Code::NotSupportedYet, &key.span, message, help);
            return None;
        }
        let meant = Meant::by(written, shape);
        let message = format!("{} is not a key of {}", quoted(written), shape.what);
        self.error(Code::UnknownKey, &key.span, message, meant.help(written, shape));
        meant.key()
    }
}

/// What was probably meant by a key that is not there.
#[derive(Clone, Copy)]
enum Meant {
    /// Something that is done in another way.
    Otherwise(&'static str),
    /// This key, under another's name for it.
    Synonym(&'static str),
    /// This key, misspelt.
    Typo(&'static str),
    /// The same key, of another part.
    Elsewhere(&'static Shape),
    Unknown,
}

impl Meant {
    fn by(written: &str, shape: &Shape) -> Meant {
        let known = || shape.keys.iter().chain(shape.later).copied();
        let paired = |table: &[(&'static str, &'static str)]| {
            table.iter().filter(|(other, _)| *other == written).map(|(_, here)| *here).collect::<Vec<_>>()
        };
        if let Some(advice) = paired(shape::ADVICE).first() {
            return Meant::Otherwise(advice);
        }
        if let Some(here) = paired(shape::SYNONYMS).into_iter().find(|here| known().any(|key| key == *here)) {
            return Meant::Synonym(here);
        }
        let is_in = |shape: &Shape| shape.keys.contains(&written) || shape.later.contains(&written);
        if let Some(elsewhere) = shape::ALL.into_iter().find(|shape| is_in(shape)) {
            return Meant::Elsewhere(elsewhere);
        }
        nearest(written, known()).map_or(Meant::Unknown, Meant::Typo)
    }

    fn key(self) -> Option<&'static str> {
        match self {
            Meant::Synonym(key) | Meant::Typo(key) => Some(key),
            Meant::Otherwise(_) | Meant::Elsewhere(_) | Meant::Unknown => None,
        }
    }

    fn help(self, written: &str, shape: &Shape) -> String {
        let but = |key: &str| if shape.later.contains(&key) { ", which is not supported yet" } else { "" };
        match self {
            Meant::Otherwise(advice) => advice.to_owned(),
            Meant::Synonym(key) => format!("it is called `{key}` here{}", but(key)),
            Meant::Typo(key) if but(key).is_empty() => did_you_mean(key),
            Meant::Typo(key) => format!("did you mean `{key}`{}?", but(key)),
            Meant::Elsewhere(other) => format!("`{written}` stands {}", other.place),
            Meant::Unknown if written.starts_with("x-") => {
                "keys that begin with `x-` stand at the top of the file only".to_owned()
            }
            Meant::Unknown => format!("{} has {}", shape.what, listed(shape.keys, "and")),
        }
    }
}
