//! What is in images: told by runners, found by people.

use super::auth::{ApiCaller, AttemptCaller};
use super::error::HttpError;
use super::parts::{Path, Query};
use super::{App, AppState};
use crate::images::Name;
use crate::inventories::NotKept;
use crate::store::inventories::PackageFilter;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::put;
use serde::Deserialize;
use sidings_proto::api::ErrorBody;
use sidings_proto::image::is_key;
use sidings_proto::inventory::{BuiltImages, FoundPackages, INVENTORY_MAX, InventoryWanted};
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct KeyPath {
    key: String,
}

/// What runners say, which may be long.
pub(super) fn of_runners() -> Router<Arc<App>> {
    Router::new()
        .route("/attempts/{job}/{fence}/images/{key}/inventory", put(tell).get(want))
        .layer(DefaultBodyLimit::max(INVENTORY_MAX))
}

#[utoipa::path(get, path = "/runner/v1/attempts/{job}/{fence}/images/{key}/inventory", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("key" = String, Path)),
    responses((status = 200, body = InventoryWanted), (status = "4XX", body = ErrorBody)),
    security(("attempt" = [])))]
pub(super) async fn want(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(KeyPath { key }): Path<KeyPath>,
) -> Result<axum::Json<InventoryWanted>, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    let wanted = app.inventories.wants(&Name::usable(&current.job.run, &key)).await?;
    Ok(axum::Json(InventoryWanted { wanted }))
}

#[utoipa::path(put, path = "/runner/v1/attempts/{job}/{fence}/images/{key}/inventory", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path), ("key" = String, Path)),
    request_body(content = String, content_type = "application/octet-stream", description = "an inventory, JSON in zstd"),
    responses((status = 204, description = "it is kept"), (status = "4XX", body = ErrorBody)),
    security(("attempt" = [])))]
pub(super) async fn tell(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Path(KeyPath { key }): Path<KeyPath>,
    body: Bytes,
) -> Result<StatusCode, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    if !is_key(&key) {
        return Err(HttpError::unprocessable("bad_image", "that is no image key"));
    }
    let name = Name::own(&current.job.run, &key);
    match app.inventories.put(name, body.into(), app.shell.now()).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(NotKept::Wrong(why)) => Err(HttpError::unprocessable("bad_inventory", why)),
        Err(NotKept::Failed(error)) => Err(error.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImagesQuery {
    project: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/images", tag = "api", params(("project" = Option<String>, Query)),
    responses((status = 200, body = BuiltImages), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(
    _: ApiCaller,
    State(app): AppState,
    Query(query): Query<ImagesQuery>,
) -> Result<axum::Json<BuiltImages>, HttpError> {
    Ok(axum::Json(app.inventories.images(query.project.as_deref()).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackagesQuery {
    name: String,
    version: Option<String>,
    project: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/images/packages", tag = "api",
    params(("name" = String, Query), ("version" = Option<String>, Query), ("project" = Option<String>, Query)),
    responses((status = 200, body = FoundPackages), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn find(
    _: ApiCaller,
    State(app): AppState,
    Query(PackagesQuery { name, version, project }): Query<PackagesQuery>,
) -> Result<axum::Json<FoundPackages>, HttpError> {
    Ok(axum::Json(app.inventories.packages(&PackageFilter { name, version, project }).await?))
}

#[utoipa::path(get, path = "/api/v1/images/{key}/inventory", tag = "api",
    params(("key" = String, Path, description = "the image key, or what only it begins with"),
        ("project" = Option<String>, Query)),
    responses((status = 200, content_type = "application/json", description = "all that is in it"),
        (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn show(
    _: ApiCaller,
    State(app): AppState,
    Path(KeyPath { key }): Path<KeyPath>,
    Query(query): Query<ImagesQuery>,
) -> Result<impl IntoResponse, HttpError> {
    let mut found = app.inventories.contents(query.project.as_deref(), &key).await?.into_iter();
    match (found.next(), found.next()) {
        (Some((_, json)), None) => Ok(([(header::CONTENT_TYPE, "application/json")], json)),
        (Some((one, _)), Some((other, _))) => Err(HttpError::unprocessable(
            "ambiguous",
            format!(
                "several images have keys that begin so: {} of {}, {} of {}, …",
                one.key, one.project, other.key, other.project
            ),
        )),
        (None, _) => Err(HttpError::not_found(format!("nothing is known of what is in an image of key {key}"))),
    }
}
