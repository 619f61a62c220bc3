//! Which requests are changes, what they are called in the audit log, and how they came out. Each is watched here and
//! nowhere else; a change that nobody gave a name has its method and its route.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::Query;
use super::{App, AppState};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;
use sidings_proto::api::{self, ErrorBody};
use sidings_proto::audit::{AuditLog, Outcome};
use sidings_proto::{Timestamp, runner};

const LIST_DEFAULT: usize = 50;
const LIST_MAX: usize = 500;

/// Which lines are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    before: Option<u64>,
    since: Option<i64>,
    limit: Option<usize>,
}

#[utoipa::path(get, path = "/api/v1/audit", tag = "api",
    params(("before" = Option<u64>, Query), ("since" = Option<i64>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = AuditLog), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(
    _: ApiCaller,
    State(app): AppState,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<AuditLog>, HttpError> {
    let limit = asked.limit.unwrap_or(LIST_DEFAULT).clamp(1, LIST_MAX);
    Ok(axum::Json(page_of(&app, asked.before, asked.since.map(Timestamp), limit).await?))
}

/// Lines, and where the next ones begin, if there are any.
pub(crate) async fn page_of(
    app: &App,
    before: Option<u64>,
    since: Option<Timestamp>,
    limit: usize,
) -> anyhow::Result<AuditLog> {
    let mut entries = app.audit.read(before, since, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().map(|entry| entry.no).filter(|_| more);
    Ok(AuditLog { entries, next })
}

/// Has a change written down.
pub(super) async fn watch(State(app): AppState, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let Some(what) = deed(request.method(), route) else { return next.run(request).await };
    let deed = (what, named(route, request.uri().path()));
    app.audit.watched(|| app.shell.now(), deed, next.run(request), outcome).await
}

/// What a request would change; none when it is no change of a person's, or no route at all.
fn deed(method: &Method, route: &str) -> Option<String> {
    let of_runners = route.strip_prefix(runner::PREFIX);
    if of_runners == Some("/register") {
        return Some("runner.enrol".to_owned());
    }
    if method.is_safe() || of_runners.is_some() || route.is_empty() {
        return None;
    }
    let route = route.strip_prefix(api::PREFIX).unwrap_or(route);
    let known = match (method.as_str(), route) {
        // Bytes under their own hash: what becomes of them is another call's doing.
        ("PUT", "/blobs/{id}") => return None,
        ("POST", "/sign-in") => "session.begin",
        ("POST", "/sign-out") => "session.end",
        ("POST", "/tokens") => "token.create",
        ("DELETE", "/tokens/{id}") => "token.revoke",
        ("POST", "/secrets") => "secret.set",
        ("DELETE", "/secrets/{name}") => "secret.remove",
        ("POST", "/runners/{name}/drain") => "runner.drain",
        ("POST", "/runners/{name}/resume") => "runner.resume",
        ("POST", "/projects") => "project.set",
        ("POST", "/projects/{project}/pushes") => "project.push",
        ("POST", "/webhooks") => "webhook.set",
        ("DELETE", "/webhooks/{name}") => "webhook.remove",
        ("POST", "/webhooks/{name}/test") => "webhook.test",
        ("POST", "/deliveries/{id}/redeliver") => "webhook.redeliver",
        ("POST", "/runs") => "run.submit",
        ("POST", "/runs/{run}/cancel") => "run.cancel",
        ("POST", "/runs/{run}/retry") => "run.retry",
        ("POST", "/jobs/{job}/approval") => "job.approve",
        (method, route) => return Some(format!("{method} {route}")),
    };
    Some(known.to_owned())
}

/// What stands in an address where its route has a name.
fn named(route: &str, path: &str) -> String {
    let pairs = route.split('/').zip(path.split('/'));
    let named = pairs.filter(|(part, _)| part.starts_with('{')).map(|(_, value)| decoded(value));
    named.collect::<Vec<_>>().join(" ")
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte.unwrap_or_default()).to_digit(16);
        let escaped = (byte == b'%').then(|| rest.clone()).and_then(|mut ahead| {
            let value = hex(ahead.next())? * 16 + hex(ahead.next())?;
            Some((u8::try_from(value).ok()?, ahead))
        });
        match escaped {
            Some((value, ahead)) => (bytes.push(value), rest = ahead).0,
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A stranger is led to where one signs in, which is no success.
fn outcome(response: &Response, is_known: bool) -> Outcome {
    match response.status() {
        status if status.is_server_error() => Outcome::Failed,
        status if status.is_client_error() || !is_known => Outcome::Refused,
        _ => Outcome::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_names_is_told_as_people_know_it() {
        assert_eq!(named("/api/v1/runners/{name}/drain", "/api/v1/runners/host%2Fa%20b/drain"), "host/a b");
        assert_eq!(named("/tokens", "/tokens"), "");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%41"), "%zzA");
    }

    #[test]
    fn the_page_and_the_api_have_the_same_deeds_and_no_change_is_without_one() {
        for route in ["/runs/{run}/cancel", "/runners/{name}/drain", "/jobs/{job}/approval"] {
            let of_page = deed(&Method::POST, route);
            assert!(of_page.is_some());
            assert_eq!(deed(&Method::POST, &format!("{}{route}", api::PREFIX)), of_page);
        }
        assert_eq!(deed(&Method::PUT, "/api/v1/things/{id}").as_deref(), Some("PUT /things/{id}"));
        assert_eq!(deed(&Method::GET, "/api/v1/tokens"), None);
        assert_eq!(deed(&Method::POST, "/runner/v1/beat"), None);
        assert_eq!(deed(&Method::POST, "/runner/v1/register").as_deref(), Some("runner.enrol"));
    }
}
