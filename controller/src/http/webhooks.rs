//! Webhooks in, without their keys and addresses out; what became of deliveries, and trying them again.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::{Json, Path, Query};
use super::{App, AppState};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use serde::Deserialize;
use sidings_proto::DeliveryId;
use sidings_proto::api::ErrorBody;
use sidings_proto::webhook::{Deliveries, DeliveryView, MadeWebhook, PutWebhook, Webhooks};
use std::sync::Arc;

const LIST_DEFAULT: usize = 20;
const LIST_MAX: usize = 200;

/// The routes of this file.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/webhooks", post(put).get(list))
        .route("/webhooks/{name}", delete(remove))
        .route("/webhooks/{name}/test", post(test))
        .route("/webhooks/{name}/deliveries", get(deliveries))
        .route("/deliveries/{id}/redeliver", post(redeliver))
}

/// How many deliveries are listed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    limit: Option<usize>,
}

#[utoipa::path(post, path = "/api/v1/webhooks", tag = "api", request_body = PutWebhook,
    responses((status = 200, body = MadeWebhook), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn put(
    caller: ApiCaller,
    State(app): AppState,
    Json(new): Json<PutWebhook>,
) -> Result<axum::Json<MadeWebhook>, HttpError> {
    crate::audit::about(&new.name);
    let kept = app.webhooks.put(&app.secrets, new, app.shell.now()).await?;
    let made = kept.map_err(|refused| HttpError::bad_request(refused.to_string()))?;
    tracing::info!(webhook = made.webhook.name, host = made.webhook.host, by = caller.name, "a webhook was set");
    Ok(axum::Json(made))
}

#[utoipa::path(get, path = "/api/v1/webhooks", tag = "api",
    responses((status = 200, body = Webhooks), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(_: ApiCaller, State(app): AppState) -> Result<axum::Json<Webhooks>, HttpError> {
    Ok(axum::Json(Webhooks { webhooks: app.webhooks.list().await? }))
}

#[utoipa::path(delete, path = "/api/v1/webhooks/{name}", tag = "api", params(("name" = String, Path)),
    responses((status = 204), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn remove(
    caller: ApiCaller,
    State(app): AppState,
    Path(name): Path<String>,
) -> Result<StatusCode, HttpError> {
    if !app.webhooks.remove(&name).await? {
        return Err(unknown(&name));
    }
    tracing::info!(webhook = name, by = caller.name, "a webhook was removed");
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/v1/webhooks/{name}/test", tag = "api", params(("name" = String, Path)),
    responses((status = 200, body = DeliveryView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn test(
    _: ApiCaller,
    State(app): AppState,
    Path(name): Path<String>,
) -> Result<axum::Json<DeliveryView>, HttpError> {
    let tested = app.webhooks.test(&name, app.shell.now()).await?;
    tested.map(axum::Json).ok_or_else(|| unknown(&name))
}

#[utoipa::path(get, path = "/api/v1/webhooks/{name}/deliveries", tag = "api",
    params(("name" = String, Path), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = Deliveries), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn deliveries(
    _: ApiCaller,
    State(app): AppState,
    Path(name): Path<String>,
    Query(Listed { limit }): Query<Listed>,
) -> Result<axum::Json<Deliveries>, HttpError> {
    let limit = limit.unwrap_or(LIST_DEFAULT).clamp(1, LIST_MAX);
    let deliveries = app.webhooks.deliveries(&name, limit).await?.ok_or_else(|| unknown(&name))?;
    Ok(axum::Json(Deliveries { deliveries }))
}

#[utoipa::path(post, path = "/api/v1/deliveries/{id}/redeliver", tag = "api", params(("id" = String, Path)),
    responses((status = 202, body = DeliveryView), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn redeliver(
    caller: ApiCaller,
    State(app): AppState,
    Path(id): Path<DeliveryId>,
) -> Result<(StatusCode, axum::Json<DeliveryView>), HttpError> {
    let again = again(&app, id, &caller.name).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(again)))
}

/// Somebody of this name wants a delivery sent again.
pub(crate) async fn again(app: &App, id: DeliveryId, by: &str) -> Result<DeliveryView, HttpError> {
    let again = app.webhooks.redeliver(id, app.shell.now()).await?;
    let again = again.ok_or_else(|| HttpError::not_found(format!("there is no delivery {id}")))?;
    tracing::info!(delivery = %id, webhook = again.webhook, by, "a delivery is sent again");
    Ok(again)
}

fn unknown(name: &str) -> HttpError {
    HttpError::not_found(format!("there is no webhook `{name}`: `sidings webhook list` names them"))
}
