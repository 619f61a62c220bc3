//! The one cookie: what opens the session of a browser. No script reads it, and no other site's form sends it.

use crate::sessions::LASTS;
use axum::http::{HeaderMap, header};

/// By https the name itself makes browsers refuse one that another host of the domain has set.
const SECURE: &str = "__Host-sidings";
const PLAIN: &str = "sidings";

/// What the session's cookie holds.
pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(name, _)| [SECURE, PLAIN].contains(name)).map(|(_, value)| value)
}

/// Has the browser keep the session.
pub(super) fn keep(secret: &str, secure: bool) -> String {
    format!("{}={secret}; Max-Age={}{}", name(secure), LASTS.as_secs(), rules(secure))
}

/// Has the browser forget it.
pub(super) fn forget(secure: bool) -> String {
    format!("{}=; Max-Age=0{}", name(secure), rules(secure))
}

fn name(secure: bool) -> &'static str {
    if secure { SECURE } else { PLAIN }
}

/// Lax, not strict: who follows a link from a chat to a red build stays signed in. Changes ask for more.
fn rules(secure: bool) -> &'static str {
    if secure { "; Path=/; HttpOnly; SameSite=Lax; Secure" } else { "; Path=/; HttpOnly; SameSite=Lax" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_found_among_others() {
        let headers = HeaderMap::from_iter([(header::COOKIE, "a=1; sidings=xyz; b=2".parse().unwrap())]);
        assert_eq!(session(&headers), Some("xyz"));
        assert_eq!(session(&HeaderMap::new()), None);
    }

    #[test]
    fn no_script_reads_it_and_https_keeps_it() {
        assert_eq!(keep("x", false), "sidings=x; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(keep("x", true), "__Host-sidings=x; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(forget(true).starts_with("__Host-sidings=; Max-Age=0;"));
    }
}
