//! Duplicate keys are refused, and merge keys (`<<`) take in what they name.
//!
//! A key of the map itself goes before a merged one, and of several merged maps the first one that has it. Merged
//! entries stand where the `<<` was, so the order of the file is kept.

use super::{Entry, Key, Node, Value};
use crate::diagnostic::Code;
use crate::report::{Problem, Report};
use crate::suggest::quoted;
use std::collections::{BTreeMap, BTreeSet};

/// The entries of a map, each key once.
pub(super) fn merged<'t>(entries: Vec<Entry<'t>>, report: &mut Report) -> Vec<Entry<'t>> {
    let entries = without_duplicates(entries, report);
    if !entries.iter().any(is_merge) {
        return entries;
    }
    let own = entries.iter().filter(|entry| !is_merge(entry)).map(|entry| entry.key.text.to_string());
    let mut taken: BTreeSet<String> = own.collect();
    let mut all = Vec::new();
    for entry in entries {
        if is_merge(&entry) {
            let more = sources(&entry, report).into_iter().flatten();
            all.extend(more.filter(|entry| taken.insert(entry.key.text.to_string())).cloned());
        } else {
            all.push(entry);
        }
    }
    all
}

fn is_merge(entry: &Entry<'_>) -> bool {
    entry.key.plain && entry.key.text == "<<"
}

fn without_duplicates<'t>(entries: Vec<Entry<'t>>, report: &mut Report) -> Vec<Entry<'t>> {
    let mut seen: BTreeMap<String, Key<'t>> = BTreeMap::new();
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        match seen.get(entry.key.text.as_ref()) {
            Some(first) => report.add(duplicate(&entry, first)),
            None => {
                seen.insert(entry.key.text.to_string(), entry.key.clone());
                kept.push(entry);
            }
        }
    }
    kept
}

fn duplicate(entry: &Entry<'_>, first: &Key<'_>) -> Problem {
    let help = if is_merge(entry) { "name several in one list: `<<: [*a, *b]`" } else { "keep one of the two" };
    Problem::new(Code::DuplicateKey, &entry.key.span, format!("the key {} stands twice here", quoted(&entry.key.text)))
        .expected("again here")
        .related(&first.span, "first here")
        .help(help)
}

/// The entries of each map that a merge key names.
fn sources<'n, 't>(merge: &'n Entry<'t>, report: &mut Report) -> Vec<&'n [Entry<'t>]> {
    match &merge.value.value {
        Value::List(items) => items.iter().filter_map(|item| source(merge, item, report)).collect(),
        Value::Map(_) | Value::Scalar(_) | Value::Broken => source(merge, &merge.value, report).into_iter().collect(),
    }
}

fn source<'n, 't>(merge: &Entry<'t>, node: &'n Node<'t>, report: &mut Report) -> Option<&'n [Entry<'t>]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Broken => None,
        Value::Scalar(_) | Value::List(_) => {
            let message = format!("`<<` takes in maps, not {}", node.kind_name());
            let problem = Problem::new(Code::WrongType, &merge.key.span, message)
                .related(&node.span, format!("this is {}", node.kind_name()))
                .help("name the anchor of a map: `<<: *a`, or of several: `<<: [*a, *b]`");
            report.add(problem);
            None
        }
    }
}
