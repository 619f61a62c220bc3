//! YAML text -> a tree in which every node knows its place. The only part that knows the parser.
//!
//! The parser is the one beneath serde-saphyr, which it re-exports, used event by event: deserializing with serde
//! ends at the first mistake and keeps no places of keys, and a pipeline's mistakes are told all at once. YAML 1.2's
//! core schema decides what a plain scalar is; its text is kept as it was written.
//!
//! What is refused here: what is no YAML, more than one document, tags, keys that are not plain text, duplicate keys,
//! unknown anchors, and everything over a limit. A node that was refused is [`Value::Broken`]; readers pass over it
//! without another word.

mod build;
mod merge;
mod scalar;
mod syntax;

pub(crate) use scalar::{Kind, Scalar};

use crate::diagnostic::Code;
use crate::report::{Problem, Report};
use crate::source::{Span, without_bom};
use std::borrow::Cow;
use std::rc::Rc;

/// A file's size in bytes.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// Maps and lists within one another.
pub(crate) const MAX_DEPTH: usize = 32;
/// Values, aliases counted as what they stand for. A key counts with its value.
pub(crate) const MAX_NODES: usize = 10_000;
/// Uses of aliases.
pub(crate) const MAX_ALIASES: usize = 100;

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) span: Span,
    pub(crate) value: Value<'t>,
    /// How many nodes it is, with all in it.
    size: usize,
    /// How many maps and lists it has within one another, itself included.
    height: usize,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Value<'t> {
    Scalar(Scalar<'t>),
    List(Vec<Rc<Node<'t>>>),
    Map(Vec<Entry<'t>>),
    /// It was refused, and that was told.
    Broken,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'t> {
    pub(crate) key: Key<'t>,
    pub(crate) value: Rc<Node<'t>>,
}

/// A key and its place.
#[derive(Clone, Debug)]
pub(crate) struct Key<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) span: Span,
    /// Written without quotes, so that `<<` means a merge.
    plain: bool,
}

impl Node<'_> {
    /// Whether nothing is written there.
    pub(crate) fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => scalar.kind == Kind::Null,
            Value::List(_) | Value::Map(_) | Value::Broken => false,
        }
    }

    /// `a map`, `a list`, `a text`, …
    pub(crate) fn kind_name(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) => scalar.kind.name(),
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Broken => "nothing",
        }
    }
}

/// The document's only node, or none if there is no tree at all. What is wrong goes to `report`.
pub(crate) fn parse<'t>(text: &'t str, report: &mut Report) -> Option<Node<'t>> {
    if text.len() > MAX_BYTES {
        report.add(over_limit(
            &(0..0),
            format!("the file has {} bytes; the limit is 256 KiB ({MAX_BYTES} bytes)", text.len()),
        ));
        return None;
    }
    build::tree(without_bom(text), report)
}

fn over_limit(span: &Span, message: impl Into<String>) -> Problem {
    Problem::new(Code::Limit, span, message)
}
