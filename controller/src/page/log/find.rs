//! Looking through a whole log: for what somebody wrote, and for the first line that looks like an error.

use super::rows::{LogRow, rows};
use super::{Log, Wanted, ansi};
use crate::http::App;
use crate::logs::lines::{Line, LineSeen, Part};
use crate::page::caller::Visitor;
use crate::page::error::PageError;
use axum::extract::{Path, Query, State};
use axum::response::Redirect;
use memchr::memmem::Finder;
use sidings_proto::{JobId, StepNo};
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Lines that are shown of those found.
const SHOWN: usize = 200;
/// Lines before an error that are shown with it.
const BEFORE: u64 = 20;

/// Lines that hold what was looked for.
pub(super) struct Found {
    /// How many.
    pub(super) many: u64,
    /// The first of them.
    pub(super) rows: Vec<LogRow>,
}

/// Looks for a text; capital letters count only where there are any in it.
pub(super) async fn all(log: &Log, wanted: &str) -> Result<Found, PageError> {
    let wanted = wanted.to_owned();
    let (many, lines) = log.read(move |part| matching(part, &wanted)).await?;
    Ok(Found { many, rows: rows(&lines) })
}

fn matching(part: Part<'_>, wanted: &str) -> anyhow::Result<(u64, Vec<Line>)> {
    let exact = wanted.chars().any(char::is_uppercase);
    let (finder, mut lower) = (Finder::new(wanted), Vec::new());
    let (mut many, mut lines) = (0, Vec::new());
    part.from(1, &mut |line| {
        let text = text(line.bytes);
        let found = match exact {
            true => finder.find(&text).is_some(),
            false => finder.find(lowered(&text, &mut lower)).is_some(),
        };
        if found {
            many += 1;
            if lines.len() < SHOWN {
                lines.push(line.keep());
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok((many, lines))
}

/// A line without colours, which would stand between what belongs together.
fn text(line: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(0x1b, line) {
        None => Cow::Borrowed(line),
        Some(_) => Cow::Owned(ansi::plain(line).into_bytes()),
    }
}

fn lowered<'a>(text: &[u8], lower: &'a mut Vec<u8>) -> &'a [u8] {
    lower.clear();
    lower.extend(text.iter().map(u8::to_ascii_lowercase));
    lower
}

/// Leads to the first line that looks like an error, or to the end where none does.
pub(in crate::page) async fn first_error(
    _: Visitor,
    State(app): State<Arc<App>>,
    Path((job, step)): Path<(JobId, StepNo)>,
    Query(wanted): Query<Wanted>,
) -> Result<Redirect, PageError> {
    let log = Log::of(&app, job, step, wanted.attempt).await?;
    let own = log.address();
    Ok(Redirect::to(&match log.read(first).await? {
        Some(no) => format!("{own}&from={}#L{no}", no.saturating_sub(BEFORE).max(1)),
        None => own,
    }))
}

fn first(part: Part<'_>) -> anyhow::Result<Option<u64>> {
    let bad = ["error", "fatal", "panicked", "traceback", "exception", "failed", "failure"].map(Finder::new);
    let good = ["0 error", "no error", "0 failed", "0 failure", "failed: 0", "errors: 0"].map(Finder::new);
    let (mut lower, mut first) = (Vec::new(), None);
    part.from(1, &mut |LineSeen { no, bytes, .. }| {
        let lower = lowered(bytes, &mut lower);
        let holds = |words: &[Finder<'_>]| words.iter().any(|word| word.find(lower).is_some());
        if holds(&bad) && !holds(&good) {
            first = Some(no);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(first)
}
