//! A registry that has what another one has.

use super::reference::{Reference, canonical};
use std::fmt;
use std::str::FromStr;

/// `HOST=PLACE`: what is of the registry HOST is asked for at PLACE first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    origin: String,
    host: String,
    /// Before each path; empty, or with a slash at its end.
    prefix: String,
}

impl Mirror {
    /// The same image at the mirror; none when it is of another registry.
    pub(crate) fn of(&self, reference: &Reference) -> Option<Reference> {
        let path = format!("{}{}", self.prefix, reference.path);
        (self.origin == reference.host).then(|| Reference { host: self.host.clone(), path, ..reference.clone() })
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.origin, format!("{}/{}", self.host, self.prefix).trim_end_matches('/'))
    }
}

impl FromStr for Mirror {
    type Err = String;

    fn from_str(text: &str) -> Result<Mirror, String> {
        let (origin, place) =
            text.split_once('=').ok_or("expected HOST=MIRROR, as in `docker.io=mirror.example.com:5000`")?;
        for (what, part) in [("registry", origin), ("mirror", place)] {
            if let Some((scheme, rest)) = part.split_once("://") {
                return Err(format!(
                    "the {what} `{part}` is a name, not an address: leave `{scheme}://` out (`{rest}`)"
                ));
            }
            let wrong = |c: char| !(c.is_ascii_alphanumeric() || ".-_:/[]".contains(c));
            if part.is_empty() || part.starts_with('/') || part.contains(wrong) {
                return Err(format!("`{part}` is no name of a {what}, such as `registry.example.com:5000`"));
            }
        }
        if origin.contains('/') {
            return Err(format!("`{origin}` is more than a registry: a mirror has all of it or nothing"));
        }
        let (host, prefix) = place.trim_end_matches('/').split_once('/').unwrap_or((place.trim_end_matches('/'), ""));
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let origin = canonical(origin);
        if origin == canonical(host) && prefix.is_empty() {
            return Err(format!("`{origin}` cannot be its own mirror"));
        }
        Ok(Mirror { origin, host: host.to_owned(), prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_has_what_is_of_its_registry() {
        let at = |mirror: &str, reference: &str| {
            mirror.parse::<Mirror>().unwrap().of(&Reference::of(reference)).map(|found| found.to_string())
        };
        let hub = "docker.io=mirror.corp:5000";
        assert_eq!(at(hub, "debian:12").unwrap(), "mirror.corp:5000/library/debian:12");
        assert_eq!(at("index.docker.io=m.corp/hub/", "a/b@sha256:ab").unwrap(), "m.corp/hub/a/b@sha256:ab");
        assert_eq!(at(hub, "ghcr.io/a/b"), None);
        assert_eq!(at("ghcr.io=localhost:5000", "ghcr.io/a/b:1").unwrap(), "localhost:5000/a/b:1");
    }

    #[test]
    fn what_is_no_mirror_is_refused() {
        let refused = |text: &str| text.parse::<Mirror>().unwrap_err();
        assert!(refused("mirror.corp").contains("expected HOST=MIRROR"));
        assert!(refused("docker.io=https://mirror.corp").contains("leave `https://` out (`mirror.corp`)"));
        assert!(refused("docker.io=").contains("no name of a mirror"));
        assert!(refused("docker.io/library=m.corp").contains("all of it or nothing"));
        assert!(refused("docker.io=user@m.corp").contains("no name of a mirror"));
        assert!(refused("docker.io=registry-1.docker.io").contains("its own mirror"));
    }
}
