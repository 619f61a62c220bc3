//! `when` of a workflow or a step.

use crate::condition::{Any, Term};
use crate::fields::{Field, Fields};
use crate::glob;
use crate::notes::Notes;

/// What can be said of a condition.
pub(super) struct Said {
    pub(super) any: Any,
    /// Whether it is all of it.
    pub(super) is_whole: bool,
}

/// Those alternatives of a condition that can be said; the others are listed.
pub(super) fn when(field: Field, axes: &[String], notes: &mut Notes) -> Said {
    let mut said = Said { any: Any(Vec::new()), is_whole: true };
    for item in field.items() {
        let one = notes.fields(item).and_then(|fields| all(fields, axes, notes));
        match one.and_then(|one| said.any.clone().or(one)) {
            Some(any) => said.any = any,
            None => said.is_whole = false,
        }
    }
    said
}

fn all(mut fields: Fields, axes: &[String], notes: &mut Notes) -> Option<Any> {
    let mut any = Some(Any::always());
    let asked = fields.event_names();
    let asks_pull_requests = asked.is_empty() || asked.iter().any(|event| event == "pull_request");
    let mut add = |one: Option<Any>| any = any.take().zip(one).and_then(|(any, one)| any.and(&one));
    if let Some(field) = fields.take("event") {
        add(events(field, notes));
    }
    for key in ["branch", "tag"] {
        if let Some(field) = fields.take(key) {
            if key == "branch" && asks_pull_requests {
                notes.changed(
                    &field,
                    "of a pull request it is the branch that is to be merged, not the one it goes into",
                );
            }
            add(names(field, notes));
        }
    }
    if let Some(field) = fields.take("ref") {
        add(references(field, notes));
    }
    if let Some(field) = fields.take("path") {
        add(paths(field, notes));
    }
    if let Some(field) = fields.take("status") {
        add(status(field, notes));
    }
    if let Some(field) = fields.take("matrix") {
        add(matrix(field, axes, notes));
    }
    let left = fields.into_left();
    for field in &left {
        notes.list(field, advice(&field.key));
    }
    any.filter(|_| left.is_empty())
}

fn advice(key: &str) -> &'static str {
    match key {
        "cron" => "schedules have no names; see `event: schedule`",
        "evaluate" => "expressions are no conditions here; see `when` in the reference",
        "platform" => "where a job runs is decided by its `labels`",
        "repo" | "instance" => "a project has one repository and one controller",
        _ => "there is nothing like it in a condition",
    }
}

fn events(field: Field, notes: &mut Notes) -> Option<Any> {
    let mut events = Vec::new();
    for item in field.items() {
        let text = notes.text(&item)?;
        match text.as_str() {
            "push" | "tag" | "pull_request" | "manual" => events.push(text),
            "cron" => events.push("schedule".to_owned()),
            _ => notes.list(&item, &format!("`{text}` is no event here")),
        }
    }
    (!events.is_empty()).then(|| Any::one(Term { event: events, ..Term::default() }))
}

/// `include` and `exclude`, or a list of what is included.
fn both(field: Field, notes: &mut Notes) -> Option<(Vec<String>, Vec<String>)> {
    if !field.is_map() {
        return Some((globs(field, notes)?, Vec::new()));
    }
    let mut inner = notes.fields(field)?;
    let mut take = |key: &str, notes: &mut Notes| match inner.take(key) {
        Some(field) => globs(field, notes),
        None => Some(Vec::new()),
    };
    let found = take("include", notes).zip(take("exclude", notes));
    let left = inner.into_left();
    for field in &left {
        notes.list(field, "there is nothing like it in a condition");
    }
    found
}

fn globs(field: Field, notes: &mut Notes) -> Option<Vec<String>> {
    let mut all = Some(Vec::new());
    for item in field.items() {
        let text = notes.text(&item)?;
        let known: Option<Vec<String>> = glob::alternatives(&text).iter().map(|glob| glob::of_glob(glob)).collect();
        if known.is_none() {
            notes.list(&item, "patterns know `*`, `**` and `?`");
        }
        all = all.zip(known).map(|(all, more)| [all, more].concat());
    }
    all
}

fn names(field: Field, notes: &mut Notes) -> Option<Any> {
    let is_tag = field.key == "tag";
    let term = |names: Vec<String>| {
        if is_tag { Term::tag(names) } else { Term { branch: names, ..Term::default() } }
    };
    let (include, exclude) = both(field, notes)?;
    let mut wanted = if include.is_empty() { Term::default() } else { term(include) };
    wanted.not.extend((!exclude.is_empty()).then(|| term(exclude)));
    Some(Any::one(wanted))
}

fn references(field: Field, notes: &mut Notes) -> Option<Any> {
    let (include, exclude) = both(field.clone(), notes)?;
    let mut any = Any(Vec::new());
    for reference in include {
        let term = match (reference.strip_prefix("refs/tags/"), reference.strip_prefix("refs/heads/")) {
            (Some(tag), _) => Term::tag(vec![tag.to_owned()]),
            (_, Some(branch)) => Term { branch: vec![branch.to_owned()], ..Term::default() },
            (None, None) => {
                notes.list(&field, &format!("`{reference}` is neither a branch nor a tag"));
                return None;
            }
        };
        any = any.or(Any::one(term))?;
    }
    if !exclude.is_empty() {
        notes.list(&field, "refs that are left out are said by `not`");
        return None;
    }
    Some(any)
}

fn paths(field: Field, notes: &mut Notes) -> Option<Any> {
    let mut field = field;
    if field.is_map() {
        let mut inner = notes.fields(field.clone())?;
        for key in ["ignore_message", "on_empty"] {
            if let Some(field) = inner.take(key) {
                notes.list(&field, "there is nothing like it in a condition");
            }
        }
        let entries = inner.into_left().into_iter().map(|field| crate::yaml::Entry {
            key: field.key,
            line: field.line,
            value: field.node,
        });
        let node = crate::yaml::Node::new(field.line, crate::yaml::Value::Map(entries.collect()));
        field = field.with(std::rc::Rc::new(node));
    }
    let (mut path, exclude) = both(field, notes)?;
    path.extend(exclude.into_iter().map(|glob| format!("!{glob}")));
    Some(Any::one(Term { path, ..Term::default() }))
}

fn status(field: Field, notes: &mut Notes) -> Option<Any> {
    let known = |item: &Field| matches!(item.node.text(), Some("success" | "failure"));
    for item in field.clone().items().iter().filter(|item| !known(item)) {
        notes.list(item, "a status is `success` or `failure`");
    }
    let words = notes.texts(field);
    let (good, bad) = (words.iter().any(|word| word == "success"), words.iter().any(|word| word == "failure"));
    match (good, bad) {
        (true, true) => Some(Any::one(Term::status("always"))),
        (false, true) => Some(Any::one(Term::status("failure"))),
        (true, false) => Some(Any::one(Term::status("success"))),
        (false, false) => None,
    }
}

fn matrix(field: Field, axes: &[String], notes: &mut Notes) -> Option<Any> {
    let inner = notes.fields(field)?;
    let mut term = Term::default();
    for field in inner.into_left() {
        if !axes.contains(&field.key) {
            notes.list(&field, "the matrix has no such axis");
            return None;
        }
        term.matrix.push((field.key.clone(), notes.texts(field)));
    }
    Some(Any::one(term))
}
