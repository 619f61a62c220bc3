//! `only` and `except`, which GitLab had before `rules`.
//!
//! What of them can be said is kept also where other parts cannot: the job then waits for a person as well.

use super::rules;
use crate::condition::{Any, Term};
use crate::fields::Field;
use crate::glob;
use crate::notes::Notes;

/// What can be said of a condition.
pub(super) struct Said {
    pub(super) any: Any,
    /// Whether it is all that was asked for.
    pub(super) is_whole: bool,
}

impl Said {
    pub(super) fn always() -> Said {
        Said { any: Any::always(), is_whole: true }
    }

    /// Both, as far as that can be said.
    fn and(self, other: Option<&Any>) -> Said {
        match other.and_then(|other| self.any.and(other)) {
            Some(any) => Said { any, ..self },
            None => Said { is_whole: false, ..self },
        }
    }
}

/// Adds what `only` asks for.
pub(super) fn only(said: Said, field: Field, notes: &mut Notes) -> Said {
    let (parts, is_whole) = parts(field, notes);
    let all = parts.iter().filter(|part| !part.is_never()).fold(said, |said, part| said.and(Some(part)));
    Said { is_whole: all.is_whole && is_whole, ..all }
}

/// Adds the opposite of what `except` asks for: none of its parts may hold.
pub(super) fn except(said: Said, field: Field, notes: &mut Notes) -> Said {
    let (parts, is_whole) = parts(field, notes);
    let all = parts.into_iter().fold(said, |said, part| said.and(part.negated().as_ref()));
    Said { is_whole: all.is_whole && is_whole, ..all }
}

/// What each part asks for, and whether that is all.
fn parts(field: Field, notes: &mut Notes) -> (Vec<Any>, bool) {
    if !field.is_map() {
        let (any, is_whole) = refs(field, notes);
        return (vec![any], is_whole);
    }
    let Some(mut inner) = notes.fields(field) else { return (Vec::new(), false) };
    let (mut all, mut is_whole) = (Vec::new(), true);
    let mut add = |(any, of_part): (Any, bool)| {
        all.push(any);
        is_whole &= of_part;
    };
    if let Some(field) = inner.take("refs") {
        add(refs(field, notes));
    }
    if let Some(field) = inner.take("changes") {
        let changes = rules::changes(field, notes);
        add((changes.clone().unwrap_or(Any(Vec::new())), changes.is_some()));
    }
    if let Some(field) = inner.take("variables") {
        let each: Vec<_> = field.items().iter().map(|item| rules::condition_of(item, notes)).collect();
        add(any_of(each));
    }
    let left = inner.into_left();
    for field in &left {
        notes.list(field, "there is nothing like it in a condition");
    }
    (all, is_whole && left.is_empty())
}

fn refs(field: Field, notes: &mut Notes) -> (Any, bool) {
    let mut all = Vec::new();
    for item in field.items() {
        let Some(text) = notes.text(&item) else {
            all.push(None);
            continue;
        };
        let one = reference(&item, &text, notes);
        if one.is_none() {
            notes.list(&item, &format!("`{text}` cannot be said as a condition"));
        }
        all.push(one);
    }
    any_of(all)
}

/// Those that can be said, and whether these are all.
fn any_of(all: Vec<Option<Any>>) -> (Any, bool) {
    let mut any = Any(Vec::new());
    let mut is_whole = true;
    for one in all {
        match one.and_then(|one| any.clone().or(one)) {
            Some(both) => any = both,
            None => is_whole = false,
        }
    }
    (any, is_whole)
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
