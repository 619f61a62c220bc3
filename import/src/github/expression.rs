//! What GitHub's `if` asks, as conditions, and what its contexts are called here.

use super::matrix::Axes;
use crate::condition::{Any, Term};
use crate::expression::{self, Expr, Operand};
use crate::glob;

/// The variable that has what a context has.
pub(super) fn variable(context: &str) -> Option<&'static str> {
    Some(match context {
        "github.sha" | "github.event.pull_request.head.sha" => "CI_COMMIT_SHA",
        "github.ref" => "CI_COMMIT_REF",
        "github.ref_name" => "CI_COMMIT_REF_NAME",
        "github.head_ref" => "CI_COMMIT_BRANCH",
        "github.event_name" => "CI_PIPELINE_EVENT",
        "github.repository" => "CI_REPO",
        "github.repositoryUrl" => "CI_REPO_URL",
        "github.run_id" => "CI_PIPELINE_ID",
        "github.run_number" => "CI_PIPELINE_NUMBER",
        "github.run_attempt" => "CI_JOB_ATTEMPT",
        "github.job" => "CI_JOB_NAME",
        "github.event.before" => "CI_COMMIT_BEFORE_SHA",
        "github.event.head_commit.message" => "CI_COMMIT_MESSAGE",
        "github.event.repository.default_branch" => "CI_REPO_DEFAULT_BRANCH",
        _ => return None,
    })
}

/// The condition of an `if`, if it can be said.
pub(super) fn condition(text: &str, axes: &Axes) -> Option<Any> {
    let text = text.trim();
    let bare = text.strip_prefix("${{").and_then(|inner| inner.strip_suffix("}}")).unwrap_or(text);
    if bare.contains("${{") {
        return None;
    }
    expression::condition(&expression::parse(bare)?, &mut |atom| known(atom, axes))
}

fn known(atom: &Expr, axes: &Axes) -> Option<Any> {
    match atom {
        Expr::Call(name, operands) => call(name, operands),
        Expr::Compare(Operand::Name(name), true, Operand::Text(text))
        | Expr::Compare(Operand::Text(text), true, Operand::Name(name)) => is(name, text, axes),
        Expr::Bare(Operand::Text(text)) if text == "true" => Some(Any::always()),
        Expr::Bare(Operand::Text(text)) if text == "false" => Some(Any(Vec::new())),
        Expr::Not(inner) => match inner.as_ref() {
            Expr::Call(name, _) if name == "cancelled" => Some(Any::one(Term::status("always"))),
            Expr::Call(name, _) if name == "failure" => Some(Any::one(Term::status("success"))),
            Expr::Call(name, _) if name == "success" => Some(Any::one(Term::status("failure"))),
            Expr::And(..)
            | Expr::Or(..)
            | Expr::Not(_)
            | Expr::Compare(..)
            | Expr::Matches(..)
            | Expr::Call(..)
            | Expr::Bare(_) => None,
        },
        Expr::And(..) | Expr::Or(..) | Expr::Compare(..) | Expr::Matches(..) | Expr::Bare(_) => None,
    }
}

fn call(name: &str, operands: &[Operand]) -> Option<Any> {
    match (name, operands) {
        ("always", []) => Some(Any::one(Term::status("always"))),
        ("failure", []) => Some(Any::one(Term::status("failure"))),
        ("success", []) => Some(Any::one(Term::status("success"))),
        ("startsWith", [Operand::Name(context), Operand::Text(prefix)]) => starts(context, prefix),
        _ => None,
    }
}

fn starts(context: &str, prefix: &str) -> Option<Any> {
    let glob = |rest: &str| glob::of_glob(&format!("{rest}**"));
    match context {
        "github.ref" => {
            if let Some(tag) = prefix.strip_prefix("refs/tags/") {
                return Some(Any::one(if tag.is_empty() {
                    Term::event(&["tag"])
                } else {
                    Term::tag(vec![glob(tag)?])
                }));
            }
            let branch = prefix.strip_prefix("refs/heads/")?;
            Some(Any::one(Term::branch(vec![glob(branch)?])))
        }
        "github.ref_name" => Some(Any(vec![Term::branch(vec![glob(prefix)?]), Term::tag(vec![glob(prefix)?])])),
        "github.head_ref" => Some(Any::one(Term { branch: vec![glob(prefix)?], ..Term::event(&["pull_request"]) })),
        _ => None,
    }
}

fn is(context: &str, text: &str, axes: &Axes) -> Option<Any> {
    let name = |text: &str| glob::of_glob(text).filter(|glob| !glob.contains(['*', '?']));
    if let Some(axis) = context
        .strip_prefix("matrix.")
        .filter(|axis| axes.iter().any(|(known, values)| known == axis && values.iter().any(|value| value == text)))
    {
        return Some(Any::one(Term { matrix: vec![(axis.to_owned(), vec![text.to_owned()])], ..Term::default() }));
    }
    Some(match context {
        "github.event_name" => Any::one(event(text)?),
        "github.ref" => match text.strip_prefix("refs/tags/") {
            Some(tag) => Any::one(Term::tag(vec![name(tag)?])),
            None => Any::one(Term::branch(vec![name(text.strip_prefix("refs/heads/")?)?])),
        },
        "github.ref_name" => Any(vec![Term::branch(vec![name(text)?]), Term::tag(vec![name(text)?])]),
        "github.ref_type" if text == "tag" => Any::one(Term::event(&["tag"])),
        "github.ref_type" if text == "branch" => Any::one(Term { not: vec![Term::event(&["tag"])], ..Term::default() }),
        "github.head_ref" => Any::one(Term { branch: vec![name(text)?], ..Term::event(&["pull_request"]) }),
        // The project is that repository.
        "github.repository" | "github.repository_owner" => Any::always(),
        "runner.os" => return if text == "Linux" { Some(Any::always()) } else { Some(Any(Vec::new())) },
        _ => return None,
    })
}

/// The event that GitHub calls so.
pub(super) fn event(name: &str) -> Option<Term> {
    Some(match name {
        "push" => Term::event(&["push", "tag"]),
        "pull_request" | "pull_request_target" => Term::event(&["pull_request"]),
        "workflow_dispatch" => Term::event(&["manual"]),
        "schedule" => Term::event(&["schedule"]),
        "repository_dispatch" => Term::event(&["api"]),
        _ => return None,
    })
}
