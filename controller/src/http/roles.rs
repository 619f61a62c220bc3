//! Which role may do what, for the API and for the page: this table, and nothing else, says so.
//!
//! What is not named here reads for everybody who is let in, and changes for administrators alone.

use super::error::HttpError;
use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;
use sidings_proto::{Role, api};

/// The least role that may do this at a route.
pub(crate) fn needed(method: &Method, route: &str) -> Role {
    let route = route.strip_prefix(api::PREFIX).unwrap_or(route);
    match (method.is_safe(), route) {
        (true, "/tokens" | "/audit" | "/webhooks" | "/webhooks/{name}" | "/webhooks/{name}/deliveries") => Role::Admin,
        (true, "/secrets") => Role::Maintainer,
        (true, _) => Role::Viewer,
        (false, "/sign-out") => Role::Viewer,
        (false, "/runs" | "/runs/{run}/cancel" | "/runs/{run}/retry") => Role::Maintainer,
        (false, "/jobs/{job}/approval" | "/blobs/{id}" | "/projects/{project}/pushes") => Role::Maintainer,
        (false, _) => Role::Admin,
    }
}

/// Refuses what the role may not do.
pub(crate) fn check(role: Role, parts: &Parts) -> Result<(), HttpError> {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let needed = needed(&parts.method, route);
    if role >= needed {
        return Ok(());
    }
    let (role, needed) = (role.as_str(), needed.as_str());
    Err(HttpError::forbidden(format!("this needs the role {needed}; this token's is {role}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_and_the_page_ask_for_the_same_role() {
        for route in ["/runs/{run}/cancel", "/runs/{run}/retry", "/jobs/{job}/approval"] {
            let api = format!("{}{route}", api::PREFIX);
            assert_eq!(needed(&Method::POST, route), Role::Maintainer);
            assert_eq!(needed(&Method::POST, &api), Role::Maintainer);
        }
    }

    #[test]
    fn a_change_that_nobody_thought_of_is_for_administrators() {
        assert_eq!(needed(&Method::POST, "/api/v1/anything/new"), Role::Admin);
        assert_eq!(needed(&Method::DELETE, ""), Role::Admin);
        assert_eq!(needed(&Method::GET, "/api/v1/tokens"), Role::Admin);
        assert_eq!(needed(&Method::GET, "/api/v1/webhooks"), Role::Admin);
        assert_eq!(needed(&Method::GET, "/api/v1/runs"), Role::Viewer);
    }
}
