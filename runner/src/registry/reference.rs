//! The name of an image, as Docker reads it.

use std::fmt;

/// Where images come from whose name begins with no registry.
pub(crate) const HUB: &str = "docker.io";

/// `host/path:tag` or `host/path@digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) host: String,
    pub(crate) path: String,
    /// Empty when a digest says more.
    pub(crate) tag: String,
    /// `sha256:…`
    pub(crate) digest: Option<String>,
}

impl Reference {
    /// Every text is one; whether there is such an image, the registry says.
    pub(crate) fn of(text: &str) -> Reference {
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest.to_owned())),
            None => (text, None),
        };
        let (name, tag) = match named.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((name, tag)) => (name, tag),
            None => (named, "latest"),
        };
        let (host, path) = match name.split_once('/').filter(|(first, _)| is_host(first)) {
            Some((host, path)) => (canonical(host), path.to_owned()),
            None => (HUB.to_owned(), name.to_owned()),
        };
        let path = if host == HUB && !path.contains('/') { format!("library/{path}") } else { path };
        let tag = if digest.is_some() { String::new() } else { tag.to_owned() };
        Reference { host, path, tag, digest }
    }

    /// Without tag and digest.
    pub(crate) fn repository(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.digest {
            Some(digest) => write!(f, "{}/{}@{digest}", self.host, self.path),
            None => write!(f, "{}/{}:{}", self.host, self.path, self.tag),
        }
    }
}

fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.chars().any(|c| c.is_ascii_uppercase())
}

/// The one name of a registry that has several.
pub(crate) fn canonical(host: &str) -> String {
    match host {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => HUB.to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_reads_them() {
        for (text, whole) in [
            ("debian", "docker.io/library/debian:latest"),
            ("debian:12", "docker.io/library/debian:12"),
            ("grafana/loki", "docker.io/grafana/loki:latest"),
            ("index.docker.io/grafana/loki:3", "docker.io/grafana/loki:3"),
            ("localhost/tools:1", "localhost/tools:1"),
            ("reg.corp:5000/a/b", "reg.corp:5000/a/b:latest"),
            ("reg.corp:5000/a/b:1.2", "reg.corp:5000/a/b:1.2"),
            ("debian@sha256:ab", "docker.io/library/debian@sha256:ab"),
            ("reg.corp/a:1@sha256:ab", "reg.corp/a@sha256:ab"),
        ] {
            assert_eq!(Reference::of(text).to_string(), whole, "{text}");
        }
    }
}
