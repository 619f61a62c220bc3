//! Package URLs, by the rules of their types: <https://github.com/package-url/purl-spec>.

use crate::evidence::Found;
use crate::model::{Distribution, Kind};
use std::collections::BTreeMap;

/// The package's URL; those of distributions say which one they are of.
pub(crate) fn purl(found: &Found, distribution: Option<&Distribution>) -> String {
    let of = distribution.filter(|distribution| !distribution.id.is_empty());
    match found.kind {
        Kind::Apk => distributed("apk", of.map_or("alpine", |it| &it.id), found, of),
        Kind::Deb => distributed("deb", of.map_or("debian", |it| &it.id), found, of),
        Kind::Rpm => distributed("rpm", of.map_or("", |it| &it.id), found, of),
        Kind::Cargo => simple("cargo", "", &found.name, &found.version),
        Kind::Gem => simple("gem", "", &found.name, &found.version),
        Kind::Go => in_folders("golang", &found.name, &found.version),
        Kind::Npm => in_folders("npm", &found.name.to_ascii_lowercase(), &found.version),
        Kind::Python => simple("pypi", "", &normalised(&found.name), &found.version),
        Kind::Maven => match found.name.split_once(':') {
            Some((group, artifact)) => simple("maven", group, artifact, &found.version),
            None => simple("maven", "", &found.name, &found.version),
        },
    }
}

fn distributed(sort: &str, namespace: &str, found: &Found, of: Option<&Distribution>) -> String {
    let (epoch, version) = match (found.kind, found.version.split_once(':')) {
        (Kind::Rpm, Some((epoch, version))) => (Some(epoch), version),
        _ => (None, found.version.as_str()),
    };
    let distro = of.map(|it| if it.version.is_empty() { it.id.clone() } else { format!("{}-{}", it.id, it.version) });
    let qualifiers: BTreeMap<&str, String> =
        [("arch", found.architecture.clone()), ("distro", distro), ("epoch", epoch.map(str::to_owned))]
            .into_iter()
            .filter_map(|(key, value)| value.filter(|value| !value.is_empty()).map(|value| (key, value)))
            .collect();
    let pairs: Vec<String> = qualifiers.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    let start = simple(sort, &namespace.to_ascii_lowercase(), &found.name, version);
    if pairs.is_empty() { start } else { format!("{start}?{}", pairs.join("&")) }
}

/// A name of several parts: all but the last are the namespace.
fn in_folders(sort: &str, name: &str, version: &str) -> String {
    let (namespace, name) = name.rsplit_once('/').unwrap_or(("", name));
    simple(sort, namespace, name, version)
}

fn simple(sort: &str, namespace: &str, name: &str, version: &str) -> String {
    let folders: Vec<String> = namespace.split('/').filter(|part| !part.is_empty()).map(encoded).collect();
    let namespace = if folders.is_empty() { String::new() } else { format!("{}/", folders.join("/")) };
    let version = if version.is_empty() { String::new() } else { format!("@{}", encoded(version)) };
    format!("pkg:{sort}/{namespace}{}{version}", encoded(name))
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// PEP 503: case and the sort of separator do not count.
pub(crate) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, name: &str, version: &str, architecture: Option<&str>, wanted: &str) {
        let found = Found { architecture: architecture.map(str::to_owned), ..Found::new(kind, name, version) };
        let debian = Distribution { id: "debian".to_owned(), version: "12".to_owned() };
        assert_eq!(purl(&found, Some(&debian)), wanted);
    }

    #[test]
    fn each_type_has_its_own_rules() {
        let arch = Some("amd64");
        check(
            Kind::Deb,
            "g++",
            "4:12.2.0-3+b1",
            arch,
            "pkg:deb/debian/g%2B%2B@4:12.2.0-3%2Bb1?arch=amd64&distro=debian-12",
        );
        check(Kind::Rpm, "x", "1:2.0-1", arch, "pkg:rpm/debian/x@2.0-1?arch=amd64&distro=debian-12&epoch=1");
        check(Kind::Npm, "@babel/core", "7.0.0", None, "pkg:npm/%40babel/core@7.0.0");
        check(Kind::Python, "Zope.Interface__x", "5", None, "pkg:pypi/zope-interface-x@5");
        check(Kind::Go, "github.com/a/b/v2", "v2.1.0", None, "pkg:golang/github.com/a/b/v2@v2.1.0");
        check(Kind::Go, "stdlib", "1.22.1", None, "pkg:golang/stdlib@1.22.1");
        check(Kind::Maven, "org.apache:a", "1.0", None, "pkg:maven/org.apache/a@1.0");
        check(Kind::Cargo, "serde", "1.0.0", None, "pkg:cargo/serde@1.0.0");
    }

    #[test]
    fn without_a_distribution_nothing_is_made_up() {
        assert_eq!(purl(&Found::new(Kind::Rpm, "x", "1-1"), None), "pkg:rpm/x@1-1");
    }
}
