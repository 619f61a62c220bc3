//! `rules`: the first that matches decides. Here a job has one condition, so each rule also says which of those before
//! it, that leave the job out, do not match.

use super::expression;
use crate::condition::{Any, Term};
use crate::fields::{Field, Fields};
use crate::glob;
use crate::notes::Notes;
use crate::out::Map;

/// What rules come to.
#[derive(Default)]
pub(super) struct Read {
    /// None if nothing is known, so that a person is to decide.
    pub(super) when: Option<Any>,
    pub(super) approval: bool,
    pub(super) allow_failure: bool,
    pub(super) variables: Map,
}

/// What one rule does when it matches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Run,
    Leave,
    Ask,
    AfterFailure,
    Either,
}

pub(super) fn rules(field: Field, is_pipeline: bool, notes: &mut Notes) -> Read {
    let mut read = Read { when: Some(Any(Vec::new())), ..Read::default() };
    let mut left_out: Vec<Any> = Vec::new();
    let mut over = false;
    for item in field.clone().items() {
        if over {
            notes.list(&item, "the rule before it always matches");
            continue;
        }
        let Some((condition, then)) = rule(&item, is_pipeline, &mut read, notes) else {
            // A rule that is not understood must not make the job run more often.
            read.approval |= leaves_out(&item);
            continue;
        };
        over = condition.is_always();
        match then {
            Then::Leave => left_out.push(condition),
            Then::Run | Then::Ask | Then::AfterFailure | Then::Either => {
                read.approval |= then == Then::Ask;
                add(&mut read, &item, condition, then, &left_out, notes);
            }
        }
    }
    if read.when.as_ref().is_some_and(Any::is_never) {
        read.when = None;
        read.approval = true;
        let who = if is_pipeline { "each job waits" } else { "the job waits" };
        notes
            .changed(&field, &format!("no rule could be carried over; {who} for a person until you write a condition"));
    } else if read.approval {
        let what = if is_pipeline { "each job" } else { "the job" };
        let told = format!("a person has to let {what} run, whichever rule matches: `sidings approve`");
        notes.changed(&field, &told);
    }
    read
}

fn add(read: &mut Read, item: &Field, condition: Any, then: Then, left_out: &[Any], notes: &mut Notes) {
    let status = match then {
        Then::AfterFailure => Some("failure"),
        Then::Either => Some("always"),
        Then::Run | Then::Ask | Then::Leave => None,
    };
    let condition = match status {
        Some(status) => condition.and(&Any::one(Term::status(status))),
        None => Some(condition),
    };
    let less = |all: Option<Any>, out: &Any| all?.and(&out.clone().negated()?);
    let whole = left_out.iter().fold(condition, less).and_then(|condition| read.when.clone()?.or(condition));
    match whole {
        Some(whole) => read.when = Some(whole),
        None => notes.list(item, "together with the rules before it this is no condition that can be said here"),
    }
}

fn leaves_out(item: &Field) -> bool {
    item.node.get("when").and_then(|when| when.text()).is_some_and(|when| when == "never")
}

fn rule(item: &Field, is_pipeline: bool, read: &mut Read, notes: &mut Notes) -> Option<(Any, Then)> {
    let mut fields = notes.fields(item.clone())?;
    let then = fields.take("when").map_or(Some(Then::Run), |field| then(&field, notes))?;
    let mut condition = Some(Any::always());
    if let Some(field) = fields.take("if") {
        condition = condition_of(&field, notes);
    }
    if let Some(field) = fields.take("changes") {
        let paths = changes(field, notes);
        condition = condition.zip(paths).and_then(|(one, other)| one.and(&other));
    }
    if let Some(field) = fields.take("exists") {
        notes.list(&field, "conditions do not ask for files that exist, only for `path`, those that changed");
        condition = None;
    }
    if let Some(field) = fields.take("allow_failure") {
        read.allow_failure |= notes.truth(&field).unwrap_or(false);
    }
    if let Some(field) = fields.take("variables") {
        notes.list(&field, "variables do not depend on conditions; set them in a job of its own");
    }
    notes.rest(fields, |key| match key {
        "needs" | "interruptible" if !is_pipeline => "it does not depend on conditions; write a job of its own",
        _ => "there is nothing like it in a condition",
    });
    Some((condition?, then))
}

fn then(field: &Field, notes: &mut Notes) -> Option<Then> {
    Some(match notes.text(field)?.as_str() {
        "on_success" => Then::Run,
        "never" => Then::Leave,
        "manual" => Then::Ask,
        "on_failure" => Then::AfterFailure,
        "always" => Then::Either,
        "delayed" => {
            notes.changed(field, "nothing is put off by time; the job waits for a person instead");
            Then::Ask
        }
        _ => {
            notes.list(field, "this is not known of a rule");
            return None;
        }
    })
}

/// The condition of an `if`, if it can be said.
pub(super) fn condition_of(field: &Field, notes: &mut Notes) -> Option<Any> {
    let text = notes.text(field)?;
    let read = expression::condition(&text);
    match &read {
        None => notes.list(field, &format!("`{text}` cannot be said as a condition")),
        Some(read) => {
            for remark in &read.remarks {
                notes.changed(field, remark);
            }
        }
    }
    read.map(|read| read.condition)
}

/// Paths of which one changed.
pub(super) fn changes(field: Field, notes: &mut Notes) -> Option<Any> {
    let paths = if field.is_map() {
        let mut inner: Fields = notes.fields(field.clone())?;
        let paths = inner.take("paths");
        notes.rest(inner, |_| "what counts as changed is decided by Sidings, see `path` in the reference");
        paths?
    } else {
        field
    };
    let mut globs = Some(Vec::new());
    for item in paths.items() {
        let text = notes.text(&item)?;
        let known: Option<Vec<String>> = glob::alternatives(&text).iter().map(|glob| glob::of_glob(glob)).collect();
        if known.is_none() {
            notes.list(&item, "patterns know `*`, `**` and `?`");
        }
        globs = globs.zip(known).map(|(all, more)| [all, more].concat());
    }
    let path = globs.filter(|globs| !globs.is_empty())?;
    Some(Any::one(Term { path, ..Term::default() }))
}
