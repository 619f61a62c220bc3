//! The list of runs, newest first, narrowed by what the address says.

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::images::short;
use super::shell::Shell;
use super::state::{Mark, mark};
use super::when::{When, between};
use super::{escaped, sign_in};
use crate::http::App;
use crate::store::RunFilter;
use crate::store::view::summary;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sidings_proto::api::{RunStage, RunSummary, RunsAsked};
use sidings_proto::{RunId, Timestamp, Trigger, Verdict};
use std::sync::Arc;

const ROWS: usize = 30;
/// Names that the field of the project proposes.
const PROPOSED: usize = 200;

/// What the address narrows the list by; an empty field is none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Narrowed {
    project: String,
    branch: String,
    author: String,
    state: String,
    /// How the key of an image begins that they ran in.
    image: String,
    before: String,
}

#[derive(Template)]
#[template(path = "runs.html")]
struct RunsPage {
    shell: Shell,
    narrowed: Narrowed,
    states: Vec<(&'static str, bool)>,
    projects: Vec<String>,
    rows: Vec<Row>,
    /// The next page's address.
    older: Option<String>,
    /// The first page's address, where this is another.
    newest: Option<String>,
    /// The image that narrows the list, and the address without it.
    of_image: Option<(String, String)>,
}

/// A run in the list.
pub(super) struct Row {
    id: RunId,
    mark: Mark,
    project: String,
    number: u64,
    pipeline: Option<String>,
    subject: String,
    branch: String,
    author: String,
    trigger: &'static str,
    /// Why it failed.
    cause: Option<String>,
    created: When,
    lasted: Option<String>,
}

pub(super) async fn list(
    visitor: Result<Visitor, PageError>,
    State(app): State<Arc<App>>,
    Query(narrowed): Query<Narrowed>,
) -> Result<Response, PageError> {
    let visitor = match visitor {
        Err(PageError::Stranger { to }) if to == "/" => return sign_in::welcome(),
        visitor => visitor?,
    };
    let now = app.shell.now();
    let mut runs = app.store.runs(&filter(&narrowed)).await?;
    let more = runs.len() > ROWS;
    runs.truncate(ROWS);
    let rows: Vec<_> = runs.into_iter().map(|run| row(summary(run), now)).collect();
    let projects = app.store.projects().await?.into_iter().map(|project| project.name).take(PROPOSED).collect();
    let older = rows.last().filter(|_| more).map(|last| address(&narrowed, Some(last.id)));
    let newest = (!narrowed.before.is_empty()).then(|| address(&narrowed, None));
    let any = || address(&Narrowed { image: String::new(), ..narrowed.clone() }, None);
    let of_image = (!narrowed.image.is_empty()).then(|| (short(&narrowed.image), any()));
    let states = RunStage::ALL.map(|stage| (stage.as_str(), stage.as_str() == narrowed.state)).to_vec();
    let shell = Shell::of(&visitor, "runs");
    Ok(shown(&RunsPage { shell, narrowed, states, projects, rows, older, newest, of_image })?.into_response())
}

fn filter(narrowed: &Narrowed) -> RunFilter {
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let asked = RunsAsked {
        project: said(&narrowed.project),
        branch: said(&narrowed.branch),
        author: said(&narrowed.author),
        state: RunStage::named(&narrowed.state),
        image: said(&narrowed.image),
        before: narrowed.before.parse().ok(),
        limit: None,
    };
    RunFilter::asked(asked, ROWS + 1)
}

fn address(narrowed: &Narrowed, before: Option<RunId>) -> String {
    let before = before.map(|run| run.to_string()).unwrap_or_default();
    let fields = [
        ("project", &narrowed.project),
        ("branch", &narrowed.branch),
        ("author", &narrowed.author),
        ("state", &narrowed.state),
        ("image", &narrowed.image),
        ("before", &before),
    ];
    let said = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let said: Vec<_> = said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if said.is_empty() { "/".to_owned() } else { format!("/?{}", said.join("&")) }
}

fn row(run: RunSummary, now: Timestamp) -> Row {
    let cause = match &run.verdict {
        Some(Verdict::Failed(failure)) => Some(failure.message.clone()),
        Some(Verdict::Skipped { reason, .. }) => Some(reason.clone()),
        Some(Verdict::Passed | Verdict::Cancelled) | None => None,
    };
    Row {
        id: run.id,
        mark: mark(run.state, run.verdict.as_ref()),
        subject: subject(&run.commit.message),
        branch: run.commit.ref_name().to_owned(),
        author: person(&run.commit.author),
        trigger: trigger(run.trigger),
        cause,
        created: When::of(run.created, now),
        lasted: run.started.map(|started| between(started, run.ended, now)),
        project: run.project,
        number: run.number,
        pipeline: run.pipeline,
    }
}

/// A message's first line.
pub(super) fn subject(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    if line.is_empty() { "(no message)".to_owned() } else { line.chars().take(200).collect() }
}

/// The name in `Name <mail>`.
pub(super) fn person(author: &str) -> String {
    author.split('<').next().unwrap_or_default().trim().to_owned()
}

pub(super) fn trigger(trigger: Trigger) -> &'static str {
    trigger.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_next_page_keeps_what_narrows_the_list() {
        let narrowed = Narrowed { project: "a/b&c".to_owned(), state: "failed".to_owned(), ..Narrowed::default() };
        assert_eq!(address(&narrowed, None), "/?project=a%2Fb%26c&state=failed");
        assert_eq!(address(&Narrowed::default(), None), "/");
    }

    #[test]
    fn a_branch_is_said_by_its_name() {
        let narrowed = Narrowed { branch: " main ".to_owned(), author: " ".to_owned(), ..Narrowed::default() };
        let RunFilter { reference, author, stage, .. } = filter(&narrowed);
        assert_eq!((reference.as_deref(), author, stage), (Some("refs/heads/main"), None, None));
    }

    #[test]
    fn people_are_called_by_their_names() {
        assert_eq!(person("Ada Lovelace <ada@example.org>"), "Ada Lovelace");
        assert_eq!(subject("\n"), "(no message)");
        assert_eq!(subject("one\ntwo"), "one");
    }
}
