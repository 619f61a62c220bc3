//! `only` and `except`, which GitLab had before `rules`.

use super::rules;
use crate::condition::{Any, Term};
use crate::fields::Field;
use crate::glob;
use crate::notes::Notes;

/// The condition of `only`, or the opposite of that of `except`; none if a part of it cannot be said.
pub(super) fn condition(field: Field, notes: &mut Notes) -> Option<Any> {
    if !field.is_map() {
        return refs(field, notes);
    }
    let mut inner = notes.fields(field)?;
    let mut all = Some(Any::always());
    if let Some(field) = inner.take("refs") {
        all = all.zip(refs(field, notes)).and_then(|(one, other)| one.and(&other));
    }
    if let Some(field) = inner.take("changes") {
        all = all.zip(rules::changes(field, notes)).and_then(|(one, other)| one.and(&other));
    }
    if let Some(field) = inner.take("variables") {
        let each: Vec<_> = field.items().iter().map(|item| rules::condition_of(item, notes)).collect();
        let any = each.into_iter().try_fold(Any(Vec::new()), |any, one| any.or(one?));
        all = all.zip(any).and_then(|(one, other)| one.and(&other));
    }
    let left = inner.into_left();
    for field in &left {
        notes.list(field, "there is nothing like it in a condition");
    }
    all.filter(|_| left.is_empty())
}

fn refs(field: Field, notes: &mut Notes) -> Option<Any> {
    let mut any = Some(Any(Vec::new()));
    for item in field.items() {
        let text = notes.text(&item)?;
        let one = reference(&item, &text, notes);
        if one.is_none() {
            notes.list(&item, &format!("`{text}` cannot be said as a condition"));
        }
        any = any.zip(one).and_then(|(any, one)| any.or(one));
    }
    any
}

fn reference(item: &Field, text: &str, notes: &mut Notes) -> Option<Any> {
    let event = |events: &[&str]| Some(Any::one(Term::event(events)));
    match text {
        "branches" => Some(Any::one(Term { not: vec![Term::event(&["tag", "pull_request"])], ..Term::default() })),
        "tags" => event(&["tag"]),
        "merge_requests" | "external_pull_requests" => event(&["pull_request"]),
        "pushes" => event(&["push", "tag"]),
        "schedules" => event(&["schedule"]),
        "web" => event(&["manual"]),
        "api" | "triggers" | "pipelines" => event(&["api"]),
        text if text.starts_with('/') => {
            let regex = text.strip_prefix('/')?.strip_suffix('/')?;
            let globs = glob::of_regex(regex)?;
            if globs.wider {
                notes.changed(item, &format!("`{}` matches more than `{text}`", globs.any.join("`, `")));
            }
            Some(either(globs.any))
        }
        text => Some(either(vec![glob::of_glob(text).filter(|_| !text.contains('@'))?])),
    }
}

/// A branch or a tag of that name.
fn either(names: Vec<String>) -> Any {
    Any(vec![Term::branch(names.clone()), Term::tag(names)])
}

/// What `when` adds to a condition: `on_failure`, `always`.
pub(super) fn status(when: &str) -> Option<Term> {
    match when {
        "on_failure" => Some(Term::status("failure")),
        "always" => Some(Term::status("always")),
        _ => None,
    }
}
