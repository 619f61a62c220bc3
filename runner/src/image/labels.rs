//! What a built image is called and what its labels say.

use super::BuildMeta;
use super::prepared::Prepared;
use sidings_proto::{Commit, Timestamp};
use std::collections::BTreeMap;

/// The whole key, by which an image is known to be what its tag says.
pub(crate) const KEY: &str = "dev.sidings.key";
/// The project's name.
pub(super) const PROJECT: &str = "dev.sidings.project";
/// So much of the key is in the tag.
const KEY_DIGITS: usize = 16;

/// `sidings/<project>:<first 16 digits of the key>`; never `latest`.
pub(super) fn tag(project: &str, key: &str) -> String {
    format!("sidings/{}", name(project, key))
}

/// `<project>:<first 16 digits of the key>`.
pub(super) fn name(project: &str, key: &str) -> String {
    format!("{}:{}", repository(project), &key[..KEY_DIGITS])
}

/// A project's name as a part of a repository's: lower-case letters and digits, single dashes between them.
fn repository(project: &str) -> String {
    let lower = project.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "project".to_owned() } else { words.join("-") }
}

pub(super) fn labels(meta: &BuildMeta, prepared: &Prepared, key: &str) -> BTreeMap<String, String> {
    let base = prepared.recipe.final_base.as_deref();
    let known = [
        ("org.opencontainers.image.created", time(meta.commit.time)),
        ("org.opencontainers.image.revision", revision(&meta.commit)),
        ("org.opencontainers.image.source", Some(meta.repo_url.clone()).filter(|url| !url.is_empty())),
        ("org.opencontainers.image.version", meta.commit.tag().map(str::to_owned)),
        ("org.opencontainers.image.base.name", base.map(str::to_owned)),
        ("org.opencontainers.image.base.digest", base.and_then(|name| Some(name.split_once('@')?.1.to_owned()))),
        ("org.opencontainers.image.title", Some(meta.project.clone())),
        (KEY, Some(key.to_owned())),
        (PROJECT, Some(meta.project.clone())),
        ("dev.sidings.dockerfile", Some(prepared.order.dockerfile.clone())),
        ("dev.sidings.run", Some(meta.run.to_string())),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The commit's time, so that the same commit makes the same image.
fn time(at: Timestamp) -> Option<String> {
    (at.0 > 0).then(|| jiff::Timestamp::from_millisecond(at.0).ok().map(|time| time.to_string()))?
}

/// A tree without a commit has only zeros.
fn revision(commit: &Commit) -> Option<String> {
    commit.sha.bytes().any(|digit| digit != b'0').then(|| commit.sha.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projects_name_becomes_a_repository() {
        let key = "0123456789abcdef0123";
        for (project, expected) in [
            ("shop", "sidings/shop:0123456789abcdef"),
            ("Acme/Web_Shop.git", "sidings/acme-web-shop-git:0123456789abcdef"),
            ("--é--", "sidings/project:0123456789abcdef"),
        ] {
            assert_eq!(tag(project, key), expected);
        }
    }

    #[test]
    fn a_tree_without_a_commit_has_no_revision() {
        assert_eq!(revision(&Commit { sha: "0".repeat(40), ..Commit::default() }), None);
        assert_eq!(time(Timestamp(0)), None);
        assert_eq!(time(Timestamp(1_700_000_000_000)).as_deref(), Some("2023-11-14T22:13:20Z"));
    }
}
