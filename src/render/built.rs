//! What people see of the images that runners built.

use super::artifacts::size;
use super::duration::ago;
use super::safe::flat;
use super::style::{DIM, NAME, paint};
use super::table::table;
use sidings_proto::Timestamp;
use sidings_proto::inventory::{BuiltImage, BuiltImages, FoundPackage, FoundPackages};

/// Digits of a key: as many as an image's tag has.
const DIGITS: usize = 16;

/// `sidings image list`.
pub(crate) fn images(images: &BuiltImages, now: Timestamp) -> String {
    if images.images.is_empty() {
        return "no images yet: one comes with the first job that builds it\n".to_owned();
    }
    let row = |image: &BuiltImage| {
        [
            paint(NAME, safe(&image.project)),
            key(image),
            format!("{:>8}", size(image.bytes)),
            format!("{:>8}", image.packages),
            safe(image.distribution.as_deref().unwrap_or_default()),
            ago(image.built, now),
            ago(image.used, now),
        ]
    };
    let rows: Vec<_> = images.images.iter().map(row).collect();
    table(["project", "key", "size", "packages", "distribution", "built", "used"], &rows)
}

/// `sidings image find`.
pub(crate) fn packages(found: &FoundPackages, name: &str, now: Timestamp) -> String {
    if found.packages.is_empty() {
        return format!("no image has {}\n", safe(name));
    }
    let row = |FoundPackage { image, package }: &FoundPackage| {
        [
            paint(NAME, safe(&image.project)),
            key(image),
            safe(&package.kind),
            safe(&package.name),
            safe(&package.version),
            package.layer.to_string(),
            package.line.map(|line| line.to_string()).unwrap_or_default(),
            ago(image.used, now),
        ]
    };
    let rows: Vec<_> = found.packages.iter().map(row).collect();
    table(["project", "key", "kind", "package", "version", "layer", "line", "image used"], &rows)
}

/// Names are whatever an image's maker wrote.
fn safe(text: &str) -> String {
    flat(text.as_bytes())
}

fn key(image: &BuiltImage) -> String {
    let key = image.key.get(..DIGITS).unwrap_or(&image.key);
    if image.of_pull_request { format!("{key} {}", paint(DIM, "of a pull request")) } else { key.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{NOW, before, plain};
    use insta::assert_snapshot;
    use sidings_proto::inventory::ListedPackage;

    fn image(project: &str, of_pull_request: bool) -> BuiltImage {
        BuiltImage {
            project: project.to_owned(),
            key: "0123456789abcdef".repeat(4),
            of_pull_request,
            image: "sha256:1".to_owned(),
            distribution: Some("debian 12".to_owned()),
            bytes: 512_300_000,
            packages: 431,
            built: before(90_000),
            used: before(60),
        }
    }

    #[test]
    fn images_are_told_by_project_and_key() {
        let all = BuiltImages { images: vec![image("shop", false), image("web\u{1b}[2J", true)] };
        assert_snapshot!(plain(&images(&all, NOW)));
        assert!(images(&BuiltImages::default(), NOW).starts_with("no images yet"));
    }

    #[test]
    fn a_package_is_told_with_the_line_that_brought_it() {
        let package = ListedPackage {
            kind: "deb".to_owned(),
            name: "libssl3".to_owned(),
            source: "openssl".to_owned(),
            version: "3.0.15-1".to_owned(),
            layer: 3,
            line: Some(9),
        };
        let of_base = ListedPackage { layer: 1, line: None, ..package.clone() };
        let packages_ = [(image("shop", false), package), (image("web", false), of_base)];
        let found = packages_.into_iter().map(|(image, package)| FoundPackage { image, package }).collect::<Vec<_>>();
        assert_snapshot!(plain(&packages(&FoundPackages { packages: found }, "openssl", NOW)));
        assert_eq!(packages(&FoundPackages::default(), "openssl", NOW), "no image has openssl\n");
    }
}
