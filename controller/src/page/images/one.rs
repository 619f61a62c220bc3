//! What is in an image: its layers and the lines that made them, its packages, its known flaws, and who ran in it.

use super::flawed::{self, Flawed};
use super::{between, short, told};
use crate::http::App;
use crate::page::caller::Visitor;
use crate::page::error::{PageError, shown};
use crate::page::escaped;
use crate::page::shell::Shell;
use crate::page::size::sized;
use crate::page::when::When;
use crate::store::RunFilter;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sidings_inventory::{Inventory, Layer, Package};
use sidings_proto::RunId;
use sidings_proto::inventory::BuiltImage;
use std::sync::Arc;

/// Packages that are shown; the others are found by their names.
const PACKAGES: usize = 1_000;
/// Other images of the project that it may be held against.
const OTHERS: usize = 10;
/// The newest runs that ran in it.
const NAMED: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::page) struct Sought {
    #[serde(default)]
    project: String,
    /// What the names of packages hold.
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "image.html")]
struct ImagePage {
    shell: Shell,
    image: BuiltImage,
    short: String,
    of_project: String,
    size: String,
    platform: String,
    built: When,
    used: When,
    layers: Vec<LayerRow>,
    q: String,
    /// Those that are sought, by layer.
    packages: Vec<LayerPackages>,
    found: usize,
    left_out: usize,
    removed: Vec<String>,
    remarks: Vec<String>,
    flawed: Option<Flawed>,
    flaws_failed: bool,
    runs: Vec<Used>,
    /// The list of all of them.
    all_runs: String,
    others: Vec<Other>,
}

struct LayerRow {
    number: usize,
    line: Option<usize>,
    /// Whether the line is told by order, not by its text.
    perhaps: bool,
    instruction: String,
    size: String,
    /// Of the largest, in percent.
    share: u64,
    files: u64,
    packages: usize,
    flaws: String,
}

/// The packages that a layer brought.
struct LayerPackages {
    number: usize,
    line: Option<usize>,
    instruction: String,
    packages: Vec<Package>,
}

/// A run that ran in it.
struct Used {
    run: RunId,
    number: u64,
    when: When,
    built: bool,
}

/// Another image of the project.
struct Other {
    short: String,
    address: String,
    size: String,
    built: When,
}

pub(in crate::page) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
    Query(sought): Query<Sought>,
) -> Result<Response, PageError> {
    let project = Some(sought.project.as_str()).filter(|project| !project.is_empty());
    let (image, inventory) = told(&app, project, &key).await?;
    let now = app.shell.now();
    let (flawed, flaws_failed) = flawed::of(&app, &image).await;
    let runs = runs(&app, &image).await?;
    let all_runs = format!("/?project={}&image={}", escaped(&image.project), image.key);
    let (packages, found, left_out) = packages(&inventory, &sought.q);
    let removed = |it: &sidings_inventory::Removed| {
        format!("{} {} (layer {}, until layer {})", it.name, it.version, it.layer, it.removed_in)
    };
    let page = ImagePage {
        shell: Shell::of(&visitor, "images"),
        short: short(&image.key),
        of_project: format!("/images?project={}", escaped(&image.project)),
        size: sized(image.bytes),
        platform: inventory.image.platform.clone(),
        built: When::of(image.built, now),
        used: When::of(image.used, now),
        layers: layers(&inventory, flawed.as_ref()),
        q: sought.q,
        packages,
        found,
        left_out,
        removed: inventory.removed.iter().take(PACKAGES).map(removed).collect(),
        remarks: inventory.remarks.iter().take(PACKAGES).map(remark).collect(),
        flawed,
        flaws_failed,
        runs,
        all_runs,
        others: others(&app, &image).await?,
        image,
    };
    Ok(shown(&page)?.into_response())
}

fn layers(inventory: &Inventory, flawed: Option<&Flawed>) -> Vec<LayerRow> {
    let largest = inventory.layers.iter().map(|layer| layer.bytes).max().unwrap_or(0).max(1);
    let row = |layer: &Layer| LayerRow {
        number: layer.number,
        line: line(layer),
        perhaps: layer.made.as_ref().is_some_and(|made| made.sure == sidings_inventory::Sureness::Order),
        instruction: layer.instruction(),
        size: sized(layer.bytes),
        share: layer.bytes.saturating_mul(100) / largest,
        files: layer.files,
        packages: inventory.packages.iter().filter(|package| package.layer == layer.number).count(),
        flaws: flawed.map(|flawed| flawed.of_layer(layer.number)).unwrap_or_default(),
    };
    inventory.layers.iter().map(row).collect()
}

fn line(layer: &Layer) -> Option<usize> {
    layer.made.as_ref().map(|made| made.line)
}

/// The packages whose names hold a text, by layer, the uppermost first: what the Dockerfile itself installs. How many there
/// are, and how many of them are not shown.
fn packages(inventory: &Inventory, q: &str) -> (Vec<LayerPackages>, usize, usize) {
    let q = q.trim().to_lowercase();
    let is = |package: &&Package| {
        let source = package.source.as_ref().map_or("", |source| source.name.as_str());
        package.name.to_lowercase().contains(&q) || source.to_lowercase().contains(&q)
    };
    let mut found: Vec<_> = inventory.packages.iter().filter(is).collect();
    found.sort_by_key(|package| (std::cmp::Reverse(package.layer), &package.name));
    let many = found.len();
    found.truncate(PACKAGES);
    let left_out = many - found.len();
    let mut layers: Vec<LayerPackages> = Vec::new();
    for package in found {
        if layers.last().is_none_or(|last| last.number != package.layer) {
            let layer = inventory.layer(package.layer);
            layers.push(LayerPackages {
                number: package.layer,
                line: layer.and_then(line),
                instruction: layer.map(Layer::instruction).unwrap_or_default(),
                packages: Vec::new(),
            });
        }
        layers.last_mut().into_iter().for_each(|last| last.packages.push(package.clone()));
    }
    (layers, many, left_out)
}

fn remark(remark: &sidings_inventory::Remark) -> String {
    let layer = remark.layer.map(|layer| format!("layer {layer}: ")).unwrap_or_default();
    let path = remark.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
    format!("{layer}{path}{}", remark.text)
}

/// The newest runs that ran in it.
async fn runs(app: &App, image: &BuiltImage) -> Result<Vec<Used>, PageError> {
    let (project, key) = (Some(image.project.clone()), Some(image.key.clone()));
    let filter = RunFilter { project, image: key, limit: NAMED, ..RunFilter::default() };
    let now = app.shell.now();
    let mut used = Vec::new();
    for sum in app.store.runs(&filter).await? {
        let Some(run) = app.store.run(sum.id).await? else { continue };
        let ended = run.jobs.iter().flat_map(|job| &job.attempts).flat_map(|attempt| &attempt.ended);
        let built = ended.flat_map(|ended| &ended.images).any(|it| it.built && it.key.as_ref() == Some(&image.key));
        used.push(Used { run: sum.id, number: sum.number, when: When::of(sum.accepted, now), built });
    }
    Ok(used)
}

/// Images of the project that were built last, but this one.
async fn others(app: &App, image: &BuiltImage) -> Result<Vec<Other>, PageError> {
    let now = app.shell.now();
    let mut images = app.inventories.images(Some(&image.project)).await?.images;
    images.retain(|other| other.key != image.key);
    images.sort_by_key(|other| std::cmp::Reverse(other.built));
    let other = |other: &BuiltImage| Other {
        short: short(&other.key),
        address: between(&other.key, &image.key, &image.project),
        size: sized(other.bytes),
        built: When::of(other.built, now),
    };
    Ok(images.iter().take(OTHERS).map(other).collect())
}
