//! What one image of a project has that another has not, and which layers it comes from.

use super::{Which, address, short, told};
use crate::http::App;
use crate::page::caller::Visitor;
use crate::page::error::{PageError, shown};
use crate::page::escaped;
use crate::page::shell::Shell;
use crate::page::size::more;
use crate::page::state::Mark;
use crate::page::when::When;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use sidings_inventory::{Change, LayerChange, diff};
use sidings_proto::Timestamp;
use sidings_proto::inventory::BuiltImage;
use std::sync::Arc;

/// Packages that are shown.
const PACKAGES: usize = 2_000;

#[derive(Template)]
#[template(path = "difference.html")]
struct DifferencePage {
    shell: Shell,
    project: String,
    of_project: String,
    before: Side,
    after: Side,
    other_way: String,
    bytes: String,
    layers: Vec<LayerRow>,
    packages: Vec<PackageRow>,
    left_out: usize,
    counts: [(Mark, usize); 3],
}

/// An image that is compared.
struct Side {
    short: String,
    address: String,
    built: When,
}

struct LayerRow {
    change: LayerChange,
    bytes: String,
}

struct PackageRow {
    mark: Mark,
    kind: &'static str,
    name: String,
    before: String,
    after: String,
    layer: usize,
}

const NEW: Mark = Mark::of_change("+", "new");
const CHANGED: Mark = Mark::of_change("~", "changed");
const GONE: Mark = Mark::of_change("−", "gone");

pub(in crate::page) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path((before, after)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    let (one, before) = told(&app, which.project(), &before).await?;
    let (other, after) = told(&app, Some(&one.project), &after).await?;
    let difference = tokio::task::spawn_blocking(move || diff(&before, &after)).await.map_err(anyhow::Error::from)?;
    let now = app.shell.now();
    let many = |mark: Mark| difference.packages.iter().filter(|change| mark_of(change) == mark).count();
    let counts = [NEW, CHANGED, GONE].map(|mark| (mark, many(mark)));
    let layer = |change: LayerChange| LayerRow { bytes: more(change.bytes), change };
    let page = DifferencePage {
        shell: Shell::of(&visitor, "images"),
        of_project: format!("/images?project={}", escaped(&one.project)),
        project: one.project.clone(),
        other_way: super::between(&other.key, &one.key, &one.project),
        before: side(&one, now),
        after: side(&other, now),
        bytes: more(difference.bytes),
        layers: difference.layers.into_iter().map(layer).collect(),
        left_out: difference.packages.len().saturating_sub(PACKAGES),
        packages: difference.packages.into_iter().take(PACKAGES).map(package).collect(),
        counts,
    };
    Ok(shown(&page)?.into_response())
}

fn side(image: &BuiltImage, now: Timestamp) -> Side {
    Side { short: short(&image.key), address: address(image), built: When::of(image.built, now) }
}

fn mark_of(change: &Change) -> Mark {
    match (change.before.is_empty(), change.after.is_empty()) {
        (true, _) => NEW,
        (false, true) => GONE,
        (false, false) => CHANGED,
    }
}

fn package(change: Change) -> PackageRow {
    PackageRow {
        mark: mark_of(&change),
        kind: change.kind.name(),
        name: change.name,
        before: change.before.join(", "),
        after: change.after.join(", "),
        layer: change.layer,
    }
}
