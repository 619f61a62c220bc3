//! Where the page is, as browsers see it: whether cookies are for https alone, and which origin a form may come from.

use axum::http::{HeaderMap, header};

/// The address that people reach the controller at.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// `scheme://host[:port]`.
    own: String,
    /// Whether browsers come by https.
    pub(crate) secure: bool,
}

impl Origin {
    /// The origin of the controller's public address.
    pub(crate) fn of(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let host = rest.split('/').next().unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        Self { own: format!("{scheme}://{}", host.to_ascii_lowercase()), secure: scheme == "https" }
    }

    /// Whether a change was sent by a page of ours. Browsers tell the origin of every form; one that does not, or hides
    /// it, is not believed.
    pub(crate) fn sent(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(origin) = text(header::ORIGIN).map(str::to_ascii_lowercase) else { return false };
        // By another name than the public one, such as a tunnel: it must be the name that the browser asked for.
        let asked = text(header::HOST).map(|host| format!("http://{}", host.to_ascii_lowercase()));
        origin == self.own || (!self.secure && Some(origin) == asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(own: &str, headers: &[(header::HeaderName, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Origin::of(own).sent(&headers)
    }

    #[test]
    fn only_our_own_pages_send_changes() {
        let own = "https://ci.example.org/";
        assert!(sent(own, &[(header::ORIGIN, "https://ci.example.org")]));
        for foreign in ["https://evil.org", "http://ci.example.org", "null", "https://ci.example.org.evil.org", ""] {
            assert!(!sent(own, &[(header::ORIGIN, foreign)]), "{foreign}");
        }
        assert!(!sent(own, &[]), "nobody says where it came from");
    }

    #[test]
    fn a_tunnel_has_the_name_that_the_browser_asked_for() {
        let host = (header::HOST, "localhost:9000");
        assert!(sent("http://127.0.0.1:7117", &[(header::ORIGIN, "http://localhost:9000"), host.clone()]));
        assert!(!sent("http://127.0.0.1:7117", &[(header::ORIGIN, "http://evil.org"), host.clone()]));
        assert!(!sent("https://ci.example.org", &[(header::ORIGIN, "http://localhost:9000"), host]));
    }
}
