//! Which images the references of a run mean: told by its jobs, the first one's word counts.

use super::App;
use super::AppState;
use super::auth::AttemptCaller;
use super::error::HttpError;
use super::parts::Json;
use axum::extract::State;
use sidings_proto::RunId;
use sidings_proto::api::ErrorBody;
use sidings_proto::digest::{DigestsKept, DigestsTold, REFERENCE_MAX, TOLD_MAX, is_digest};
use std::collections::BTreeMap;

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/digests", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = DigestsTold,
    responses((status = 200, body = DigestsKept), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn agree(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(told): Json<DigestsTold>,
) -> Result<axum::Json<DigestsKept>, HttpError> {
    let current = app.shell.live().attempt(attempt).ok_or_else(HttpError::stale)?;
    check(&told)?;
    Ok(axum::Json(kept(&app, current.job.run.id, told).await?))
}

async fn kept(app: &App, run: RunId, DigestsTold { found, wanted }: DigestsTold) -> Result<DigestsKept, HttpError> {
    let mut known = app.store.digests(run).await?;
    let unknown: BTreeMap<_, _> = found.iter().filter(|(name, _)| !known.contains_key(*name)).collect();
    let mut new = Default::default();
    if !unknown.is_empty() {
        if known.len() + unknown.len() > TOLD_MAX {
            return Err(HttpError::unprocessable("bad_digests", "no run has so many images"));
        }
        let unknown = unknown.into_iter().map(|(name, digest)| (name.clone(), digest.clone())).collect();
        new = app.store.put_digests(run, &unknown).await?;
        known = app.store.digests(run).await?;
    }
    known.retain(|name, _| found.contains_key(name) || wanted.contains(name));
    Ok(DigestsKept { digests: known, new })
}

fn check(told: &DigestsTold) -> Result<(), HttpError> {
    let named = told.found.keys().chain(&told.wanted);
    let right = told.found.len() + told.wanted.len() <= TOLD_MAX
        && named.into_iter().all(|name| !name.is_empty() && name.len() <= REFERENCE_MAX)
        && told.found.values().all(|digest| is_digest(digest));
    if right { Ok(()) } else { Err(HttpError::unprocessable("bad_digests", "these are no images and their digests")) }
}
