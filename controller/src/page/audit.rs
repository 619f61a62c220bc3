//! The audit log, for administrators: who changed what, the newest first.

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::shell::Shell;
use super::state::Mark;
use super::when::When;
use crate::http::{App, audited};
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sidings_proto::Timestamp;
use sidings_proto::audit::{AuditEntry, Outcome};
use std::sync::Arc;

/// Lines of a page.
const LINES: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sought {
    before: Option<u64>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    lines: Vec<Line>,
    next: Option<u64>,
}

struct Line {
    no: u64,
    at: When,
    by: String,
    what: String,
    about: String,
    mark: Mark,
}

pub(super) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(sought): Query<Sought>,
) -> Result<Response, PageError> {
    let now = app.shell.now();
    let log = audited::page_of(&app, sought.before, None, LINES).await?;
    let lines = log.entries.into_iter().map(|entry| line(entry, now)).collect();
    Ok(shown(&AuditPage { shell: Shell::of(&visitor, "projects"), lines, next: log.next })?.into_response())
}

fn line(entry: AuditEntry, now: Timestamp) -> Line {
    let mark = match entry.outcome {
        Outcome::Done => Mark::of_change("✓", "done"),
        Outcome::Refused => Mark::of_change("■", "refused"),
        Outcome::Failed => Mark::of_change("✗", "failed"),
    };
    let AuditEntry { no, at, by, what, about, .. } = entry;
    Line { no, at: When::of(at, now), by, what, about, mark }
}
