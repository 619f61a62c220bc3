//! A map as it is read: keys are taken out one by one, and what is left is known.

use crate::yaml::{Entry, Node};
use std::rc::Rc;

/// A value on its way to be carried over, or listed.
#[derive(Clone, Debug)]
#[must_use = "it is carried over or listed"]
pub(crate) struct Field {
    /// Its last name.
    pub(crate) key: String,
    /// `jobs.test.rules[0]`.
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) node: Rc<Node>,
}

impl Field {
    pub(crate) fn root(node: &Rc<Node>) -> Field {
        Field { key: String::new(), path: String::new(), line: node.line, node: Rc::clone(node) }
    }

    fn inner(&self, entry: &Entry) -> Field {
        let dot = if self.path.is_empty() { "" } else { "." };
        Field {
            path: format!("{}{dot}{}", self.path, entry.key),
            key: entry.key.clone(),
            line: entry.line,
            node: Rc::clone(&entry.value),
        }
    }

    /// Its items; itself if it is no list.
    pub(crate) fn items(self) -> Vec<Field> {
        let Some(items) = self.node.items() else { return vec![self] };
        let item = |(at, node): (usize, &Rc<Node>)| Field {
            key: self.key.clone(),
            path: format!("{}[{at}]", self.path),
            line: node.line,
            node: Rc::clone(node),
        };
        items.iter().enumerate().map(item).collect()
    }

    /// Its entries, if it is a map.
    pub(crate) fn entries(&self) -> Option<Vec<Field>> {
        Some(self.node.entries()?.iter().map(|entry| self.inner(entry)).collect())
    }

    /// The same place with another value.
    pub(crate) fn with(&self, node: Rc<Node>) -> Field {
        Field { node, ..self.clone() }
    }

    pub(crate) fn is_map(&self) -> bool {
        self.node.entries().is_some()
    }

    pub(crate) fn is_list(&self) -> bool {
        self.node.items().is_some()
    }
}

/// A map of which keys are taken.
#[derive(Clone, Debug)]
#[must_use = "what is left of it is listed"]
pub(crate) struct Fields {
    left: Vec<Field>,
}

impl Fields {
    pub(crate) fn new(left: Vec<Field>) -> Fields {
        Fields { left }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.left.iter().any(|field| field.key == key)
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Field> {
        let at = self.left.iter().position(|field| field.key == key)?;
        Some(self.left.remove(at))
    }

    /// The texts of `event`, looked at before it is taken.
    pub(crate) fn event_names(&self) -> Vec<String> {
        let event = self.left.iter().find(|field| field.key == "event").cloned();
        event
            .map(Field::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.node.text().map(str::to_owned))
            .collect()
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.left.iter().map(|field| field.node.as_ref())
    }

    /// Adds one unless its key is there.
    pub(crate) fn add_missing(&mut self, field: &Field) {
        if !self.has(&field.key) {
            self.left.push(field.clone());
        }
    }

    pub(crate) fn into_left(self) -> Vec<Field> {
        self.left
    }
}
