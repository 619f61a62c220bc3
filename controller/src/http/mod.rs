//! The HTTP interfaces: authenticate, parse, convert, answer. No SQL and no policy here.
//!
//! `runner` speaks the runner protocol, `runs`, `projects`, `enrolment`, `logs`, `events` and `blobs` the user's API.

pub(crate) mod approvals;
mod artifacts;
pub(crate) mod audited;
pub(crate) mod auth;
mod blobs;
mod compared;
mod digests;
pub(crate) mod enrolment;
pub(crate) mod error;
mod events;
mod flaws;
mod images;
mod inventories;
pub(crate) mod logs;
mod names;
mod openapi;
mod parts;
mod projects;
pub(crate) mod queue;
pub(crate) mod roles;
mod runner;
mod runner_kept;
mod runner_logs;
pub(crate) mod runners;
pub(crate) mod runs;
mod schedules;
mod secrets;
mod site;
mod split;
mod split_told;
mod tests_told;
pub(crate) mod waited;
pub(crate) mod webhooks;

pub(crate) use names::RunnerNames;
pub(crate) use openapi::document;

use crate::audit::Audit;
use crate::blobs::Blobs;
use crate::flaws::Flaws;
use crate::images::Images;
use crate::intake::Intake;
use crate::inventories::Inventories;
use crate::kept::Kept;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::page::{self, origin::Origin};
use crate::secrets::Vault;
use crate::sessions::Sessions;
use crate::shell::Shell;
use crate::splits::Splits;
use crate::store::Store;
use crate::tokens::Tokens;
use crate::webhooks::Webhooks;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Router, extract::MatchedPath};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::trace::TraceLayer;

/// The longest JSON body in bytes.
const JSON_MAX: usize = 1024 * 1024;

/// What handlers work with.
pub(crate) struct App {
    pub(crate) shell: Shell,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) audit: Arc<Audit>,
    pub(crate) sessions: Sessions,
    /// Where the page is, for browsers.
    pub(crate) origin: Origin,
    pub(crate) secrets: Vault,
    pub(crate) webhooks: Webhooks,
    pub(crate) intake: Intake,
    pub(crate) splits: Arc<Splits>,
    pub(crate) logs: Logs,
    pub(crate) blobs: Blobs,
    pub(crate) kept: Kept,
    pub(crate) images: Arc<Images>,
    pub(crate) inventories: Arc<Inventories>,
    pub(crate) flaws: Flaws,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) names: RunnerNames,
    /// Log chunks that are held in memory at once: bounds what many runners can make it hold.
    pub(crate) log_chunks: Semaphore,
    /// Ends what would stay open.
    pub(crate) stop: CancellationToken,
}

/// What a handler is given of it.
type AppState = State<Arc<App>>;

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(site::routes())
        .merge(page::routes())
        .nest(sidings_proto::runner::PREFIX, runner_routes())
        .nest(sidings_proto::api::PREFIX, api_routes())
        .fallback(site::no_such_path)
        .method_not_allowed_fallback(site::no_such_method)
        .layer(DefaultBodyLimit::max(JSON_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), audited::watch))
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(app)
}

fn runner_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/register", post(runner::register))
        .route("/hello", post(runner::hello))
        .route("/lease", post(runner::lease))
        .route("/beat", post(runner::beat))
        .route("/hint", post(runner::hint))
        .route("/retire", post(runner::retire))
        .route("/attempts/{job}/{fence}/progress", post(runner::progress))
        .route("/attempts/{job}/{fence}/logs/{step}", put(runner_logs::append))
        .route("/attempts/{job}/{fence}/tests", post(tests_told::tell))
        .route("/attempts/{job}/{fence}/finish", post(runner_logs::finish))
        .route("/attempts/{job}/{fence}/secrets", post(secrets::of_attempt))
        .route("/attempts/{job}/{fence}/source", get(blobs::source))
        .route("/attempts/{job}/{fence}/blobs", post(runner_kept::missing))
        .route("/attempts/{job}/{fence}/blobs/{id}", put(runner_kept::put))
        .route("/attempts/{job}/{fence}/inputs/{n}", get(runner_kept::input))
        .route("/attempts/{job}/{fence}/caches", post(runner_kept::find_cache))
        .route("/attempts/{job}/{fence}/caches/{id}", get(runner_kept::cache))
        .route("/attempts/{job}/{fence}/digests", post(digests::agree))
        .route("/attempts/{job}/{fence}/images", post(images::ask))
        .route("/attempts/{job}/{fence}/images/told", post(images::told))
        .route("/attempts/{job}/{fence}/images/{key}/{blob}", get(images::part))
        .merge(inventories::of_runners())
        .merge(flaws::of_runners())
        .merge(split::routes())
}

fn api_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/projects", post(projects::add).get(projects::list))
        .route("/schedules", get(schedules::list))
        .route("/projects/{project}/tests", get(tests_told::history))
        .route("/projects/{project}/pushes", post(projects::push))
        .route("/blobs/{id}", put(blobs::put).head(blobs::head))
        .route("/runs", post(runs::submit).get(runs::list))
        .route("/runs/{run}", get(runs::show))
        .route("/runs/{run}/tests", get(tests_told::of_run))
        .merge(split_told::routes())
        .route("/runs/{run}/environment", get(compared::of_run))
        .route("/runs/{run}/events", get(events::follow))
        .route("/runs/{run}/cancel", post(runs::cancel))
        .route("/runs/{run}/retry", post(runs::retry))
        .route("/jobs/{job}/approval", post(approvals::approve))
        .route("/jobs/{job}/logs/{step}", get(logs::read))
        .route("/jobs/{job}/artifacts", get(artifacts::list))
        .route("/jobs/{job}/artifacts/file", get(artifacts::file))
        .route("/jobs/{job}/artifacts/tar", get(artifacts::all))
        .route("/images", get(inventories::list))
        .route("/images/packages", get(inventories::find))
        .route("/images/{key}/inventory", get(inventories::show))
        .route("/queue", get(queue::show))
        .route("/runners", get(runners::list))
        .route("/runners/{name}/drain", post(runners::drain))
        .route("/runners/{name}/resume", post(runners::resume))
        .route("/tokens", post(enrolment::make_token).get(enrolment::tokens))
        .route("/tokens/{id}", axum::routing::delete(enrolment::revoke_token))
        .route("/audit", get(audited::list))
        .route("/secrets", post(secrets::put).get(secrets::list))
        .route("/secrets/{name}", axum::routing::delete(secrets::remove))
        .merge(webhooks::routes())
        .route("/openapi.json", get(openapi::serve))
}

async fn count(State(app): AppState, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    app.metrics.answered(response.status().as_u16());
    response
}

/// A span of the route, never of the address with its parameters, and never of headers: those hold secrets.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::debug_span!("request", method = %request.method(), route)
}
