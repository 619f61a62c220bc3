//! What GitLab's `if` asks, as conditions.

use crate::condition::{Any, Term};
use crate::expression::{self, Expr, Operand};
use crate::glob;

/// A condition, and what is not quite the same about it.
pub(super) struct Read {
    pub(super) condition: Any,
    pub(super) remarks: Vec<String>,
}

pub(super) fn condition(text: &str) -> Option<Read> {
    let expr = expression::parse(text)?;
    let mut remarks = Vec::new();
    let condition = expression::condition(&expr, &mut |atom| known(atom, &mut remarks))?;
    remarks.dedup();
    Some(Read { condition, remarks })
}

fn known(atom: &Expr, remarks: &mut Vec<String>) -> Option<Any> {
    match atom {
        Expr::Bare(Operand::Name(name)) => is_set(name),
        Expr::Compare(Operand::Name(name), true, Operand::Null) => is_set(name)?.negated(),
        Expr::Compare(Operand::Name(name), true, Operand::Text(text)) if text.is_empty() => is_set(name)?.negated(),
        Expr::Compare(Operand::Name(name), true, Operand::Text(text)) => is(name, text),
        Expr::Compare(Operand::Text(text), true, Operand::Name(name)) => is(name, text),
        Expr::Compare(Operand::Name(name), true, Operand::Name(other)) if other == "CI_DEFAULT_BRANCH" => {
            remarks.push("the default branch is taken to be `main`".to_owned());
            is(name, "main")
        }
        Expr::Matches(Operand::Name(name), true, regex) => matches(name, regex, remarks),
        Expr::And(..)
        | Expr::Or(..)
        | Expr::Not(_)
        | Expr::Compare(..)
        | Expr::Matches(..)
        | Expr::Call(..)
        | Expr::Bare(_) => None,
    }
}

fn is_set(name: &str) -> Option<Any> {
    let not = |events: &[&str]| Term { not: vec![Term::event(events)], ..Term::default() };
    Some(Any::one(match name {
        "CI_COMMIT_BRANCH" => not(&["tag", "pull_request"]),
        "CI_COMMIT_TAG" => Term::event(&["tag"]),
        "CI_MERGE_REQUEST_ID" | "CI_MERGE_REQUEST_IID" => Term::event(&["pull_request"]),
        _ => return None,
    }))
}

fn is(name: &str, text: &str) -> Option<Any> {
    match name {
        "CI_PIPELINE_SOURCE" => event(text).map(Any::one),
        _ => named(name, vec![glob::of_glob(text).filter(|glob| !glob.contains(['*', '?']))?]),
    }
}

fn named(variable: &str, names: Vec<String>) -> Option<Any> {
    Some(match variable {
        "CI_COMMIT_BRANCH" => Any::one(Term::branch(names)),
        "CI_COMMIT_TAG" => Any::one(Term::tag(names)),
        "CI_COMMIT_REF_NAME" | "CI_COMMIT_REF_SLUG" => {
            Any(vec![Term { branch: names.clone(), ..Term::default() }, Term::tag(names)])
        }
        _ => return None,
    })
}

fn matches(name: &str, regex: &str, remarks: &mut Vec<String>) -> Option<Any> {
    let globs = glob::of_regex(regex)?;
    if globs.wider {
        remarks.push(format!("patterns know `*`, `**` and `?`: {} matches more than `/{regex}/`", quoted(&globs.any)));
    }
    named(name, globs.any)
}

fn quoted(globs: &[String]) -> String {
    globs.iter().map(|glob| format!("`{glob}`")).collect::<Vec<_>>().join(", ")
}

/// The event that GitLab calls so.
pub(super) fn event(source: &str) -> Option<Term> {
    Some(match source {
        "push" => Term::event(&["push", "tag"]),
        "merge_request_event" | "external_pull_request_event" => Term::event(&["pull_request"]),
        "schedule" => Term::event(&["schedule"]),
        "web" => Term::event(&["manual"]),
        "api" | "trigger" | "pipeline" | "parent_pipeline" => Term::event(&["api"]),
        _ => return None,
    })
}
