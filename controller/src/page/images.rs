//! The images that runners built: of each project what there is, how its size went, who uses it.
//!
//! Shown is what runners told of an image when they had built it: the controller itself has no engine and looks into none.

mod difference;
mod flawed;
mod one;

pub(super) use difference::show as show_difference;
pub(super) use one::show as show_one;

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::escaped;
use super::shell::Shell;
use super::size::sized;
use super::when::When;
use crate::http::App;
use crate::http::error::HttpError;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sidings_inventory::Inventory;
use sidings_proto::Timestamp;
use sidings_proto::image::is_key;
use sidings_proto::inventory::BuiltImage;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Images that are shown of a project, when several are; and when it is the only one.
const SOME: usize = 10;
const MOST: usize = 200;
/// Images in the picture of a project's sizes.
const DRAWN: usize = 60;
/// How high that picture is.
const HIGH: u64 = 40;
/// Letters of a key that tell it from others.
const LETTERS: usize = 12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default)]
    project: String,
}

impl Which {
    fn project(&self) -> Option<&str> {
        Some(self.project.trim()).filter(|project| !project.is_empty())
    }
}

#[derive(Template)]
#[template(path = "images.html")]
struct ImagesPage {
    shell: Shell,
    /// Of which project only.
    project: String,
    projects: Vec<Owner>,
}

/// A project and its images.
struct Owner {
    name: String,
    address: String,
    images: Vec<Row>,
    many: usize,
    sizes: Vec<Bar>,
}

/// An image in a list.
struct Row {
    key: String,
    short: String,
    address: String,
    distribution: String,
    of_pull_request: bool,
    size: String,
    packages: u64,
    built: When,
    used: When,
    /// What it has that the one built before has not.
    since: Option<String>,
}

/// The size of an image, beside those built before and after.
struct Bar {
    x: usize,
    y: u64,
    high: u64,
    address: String,
    told: String,
}

pub(super) async fn list(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    let now = app.shell.now();
    let mut owned: BTreeMap<String, Vec<BuiltImage>> = BTreeMap::new();
    for image in app.inventories.images(which.project()).await?.images {
        owned.entry(image.project.clone()).or_default().push(image);
    }
    let most = if owned.len() > 1 { SOME } else { MOST };
    let projects = owned.into_iter().map(|(name, images)| owner(name, images, most, now)).collect();
    let shell = Shell::of(&visitor, "images");
    Ok(shown(&ImagesPage { shell, project: which.project, projects })?.into_response())
}

fn owner(name: String, mut images: Vec<BuiltImage>, most: usize, now: Timestamp) -> Owner {
    images.sort_by_key(|image| std::cmp::Reverse(image.built));
    let many = images.len();
    let sizes = bars(&images);
    let before = |at: usize| images.iter().skip(at + 1).find(|other| other.key != images[at].key);
    let rows = (0..many.min(most)).map(|at| row(&images[at], before(at), now)).collect();
    Owner { address: format!("/images?project={}", escaped(&name)), name, images: rows, many, sizes }
}

fn row(image: &BuiltImage, before: Option<&BuiltImage>, now: Timestamp) -> Row {
    Row {
        key: image.key.clone(),
        short: short(&image.key),
        address: address(image),
        distribution: image.distribution.clone().unwrap_or_default(),
        of_pull_request: image.of_pull_request,
        size: sized(image.bytes),
        packages: image.packages,
        built: When::of(image.built, now),
        used: When::of(image.used, now),
        since: before.map(|before| between(&before.key, &image.key, &image.project)),
    }
}

/// The newest images of a project, oldest first.
fn bars(newest_first: &[BuiltImage]) -> Vec<Bar> {
    let drawn = &newest_first[..newest_first.len().min(DRAWN)];
    let largest = drawn.iter().map(|image| image.bytes).max().unwrap_or(0).max(1);
    let bar = |(at, image): (usize, &BuiltImage)| {
        let share = u128::from(image.bytes) * u128::from(HIGH) / u128::from(largest);
        let high = u64::try_from(share).unwrap_or(HIGH).max(1);
        let told = format!("{}: {}, {} packages", short(&image.key), sized(image.bytes), image.packages);
        Bar { x: at * 12, y: HIGH - high, high, address: address(image), told }
    };
    drawn.iter().rev().enumerate().map(bar).collect()
}

/// The first letters of a key.
pub(super) fn short(key: &str) -> String {
    key.chars().take(LETTERS).collect()
}

fn address(image: &BuiltImage) -> String {
    address_of(&image.key, &image.project)
}

/// Where an image is shown.
pub(super) fn address_of(key: &str, project: &str) -> String {
    format!("/images/{key}?project={}", escaped(project))
}

fn between(before: &str, after: &str, project: &str) -> String {
    format!("/images/{before}/diff/{after}?project={}", escaped(project))
}

/// What a runner told of an image.
async fn told(app: &App, project: Option<&str>, key: &str) -> Result<(BuiltImage, Inventory), PageError> {
    let unknown = || HttpError::not_found(format!("nothing is known of what is in an image of key {key}"));
    if !is_key(key) {
        return Err(unknown().into());
    }
    let mut found = app.inventories.contents(project, key).await?.into_iter();
    let (image, json) = found.next().ok_or_else(unknown)?;
    if let Some((other, _)) = found.next().filter(|(other, _)| other.project != image.project) {
        let (one, other) = (&image.project, &other.project);
        let message = format!("{one}, {other} and perhaps more have an image of this key: add ?project=NAME");
        return Err(HttpError::unprocessable("ambiguous", message).into());
    }
    let read = tokio::task::spawn_blocking(move || serde_json::from_slice(&json)).await;
    Ok((image, read.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(key: &str, bytes: u64, built: i64) -> BuiltImage {
        BuiltImage {
            project: "a/b".to_owned(),
            key: key.to_owned(),
            of_pull_request: false,
            image: String::new(),
            distribution: None,
            bytes,
            packages: 3,
            built: Timestamp(built),
            used: Timestamp(built),
        }
    }

    #[test]
    fn an_image_is_held_against_the_one_built_before_it() {
        let images = vec![image("1a", 100, 1), image("3c", 50, 3), image("2b", 200, 2), image("3c", 50, 3)];
        let owner = owner("a/b".to_owned(), images, 3, Timestamp(3));
        let said: Vec<_> = owner.images.iter().map(|row| (&*row.key, row.since.as_deref())).collect();
        let (one, two) = ("/images/2b/diff/3c?project=a%2Fb", "/images/1a/diff/2b?project=a%2Fb");
        assert_eq!(said, [("3c", Some(one)), ("3c", Some(one)), ("2b", Some(two))]);
        assert_eq!(owner.many, 4);
        let drawn: Vec<_> = owner.sizes.iter().map(|bar| (bar.x, bar.y, bar.high)).collect();
        assert_eq!(drawn, [(0, 20, 20), (12, 0, 40), (24, 30, 10), (36, 30, 10)], "oldest first");
    }
}
