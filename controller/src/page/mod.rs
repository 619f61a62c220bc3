//! The page: what people read in a browser. HTML made here, forms and links that work without a script.
//!
//! It decides nothing: what is shown is what the API shows, what is changed goes the API's way, and who may do it is
//! `http::roles`' word. It refuses a change without the proof that a form of this session carries, or from another
//! origin; it gives out nothing that a browser would run but the files of `assets/`.

mod assets;
mod audit;
mod badge;
mod caller;
pub(crate) mod cookie;
mod error;
mod feed;
mod fleet;
mod headers;
mod history;
mod images;
mod log;
pub(crate) mod origin;
mod projects;
mod run;
mod runs;
mod shell;
mod sign_in;
mod size;
mod state;
mod tested;
mod webhooks;
mod when;

use crate::http::App;
use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;

/// All pages. Streams of events are not compressed: they must not wait for more.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(runs::list))
        .route("/feed", get(feed::all))
        .route("/runs/{run}", get(run::show))
        .route("/runs/{run}/tests", get(tested::show))
        .route("/fleet", get(fleet::show))
        .route("/runners/{name}/drain", post(fleet::drain))
        .route("/runners/{name}/resume", post(fleet::resume))
        .route("/images", get(images::list))
        .route("/images/{key}", get(images::show_one))
        .route("/images/{key}/diff/{other}", get(images::show_difference))
        .route("/tests", get(history::show))
        .route("/projects", get(projects::projects))
        .route("/secrets", get(projects::secrets))
        .route("/tokens", get(projects::tokens))
        .route("/webhooks", get(webhooks::list))
        .route("/webhooks/{name}", get(webhooks::show))
        .route("/deliveries/{id}/redeliver", post(webhooks::redeliver))
        .route("/audit", get(audit::show))
        .route("/badge/{*name}", get(badge::show))
        .route("/runs/{run}/feed", get(feed::of_run))
        .route("/runs/{run}/cancel", post(run::cancel))
        .route("/runs/{run}/retry", post(run::retry))
        .route("/jobs/{job}/logs/{step}", get(log::show))
        .route("/jobs/{job}/logs/{step}/lines", get(log::lines))
        .route("/jobs/{job}/logs/{step}/tail", get(log::follow))
        .route("/jobs/{job}/logs/{step}/error", get(log::first_error))
        .route("/jobs/{job}/approval", post(run::approve))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/assets/{name}", get(assets::serve))
        .layer(middleware::map_response(headers::add))
        .layer(CompressionLayer::new())
}

/// A text as part of an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let part = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(part).collect()
}
