//! A picture of how a project's default branch is, for its README. Browsers that show a README come without a session,
//! so a badge is for everybody: it tells a word, and says of a project that is not there what it says of one that
//! never ran.

use crate::http::App;
use crate::page::error::PageError;
use crate::store::RunFilter;
use crate::store::view::summary;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sidings_proto::api::RunStage;
use std::sync::Arc;

/// How long others may show the same.
const KEPT: &str = "public, max-age=60";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Of {
    /// Another branch than the default one.
    branch: Option<String>,
}

#[derive(Template)]
#[template(path = "badge.svg", escape = "html")]
struct Badge {
    word: &'static str,
    colour: &'static str,
    width: usize,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(of): Query<Of>,
) -> Result<Response, PageError> {
    let project = name.strip_suffix(".svg").unwrap_or(&name);
    let (word, colour) = match app.store.project(project).await? {
        Some(known) => {
            let branch = of.branch.unwrap_or(known.default_branch);
            newest(&app, project, &branch).await?
        }
        None => UNKNOWN,
    };
    let badge = Badge { word, colour, width: 62 + word.len() * 7 + 12 };
    let svg = badge.render().map_err(|error| anyhow::Error::new(error).context("making a badge"))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, KEPT)], svg).into_response())
}

const UNKNOWN: (&str, &str) = ("unknown", "#6b7280");

/// How the newest run that says anything ended; what was skipped or stopped says nothing.
async fn newest(app: &App, project: &str, branch: &str) -> Result<(&'static str, &'static str), PageError> {
    let mut found = Vec::new();
    for (stage, word) in [(RunStage::Passed, ("passing", "#1a7030")), (RunStage::Failed, ("failing", "#b3202c"))] {
        let filter = RunFilter {
            project: Some(project.to_owned()),
            reference: Some(format!("refs/heads/{branch}")),
            stage: Some(stage),
            limit: 1,
            ..RunFilter::default()
        };
        let newest = app.store.runs(&filter).await?.into_iter().next().map(summary);
        found.extend(newest.map(|run| (run.id, word)));
    }
    Ok(found.into_iter().max_by_key(|(run, _)| *run).map_or(UNKNOWN, |(_, word)| word))
}
