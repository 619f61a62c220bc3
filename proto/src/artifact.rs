//! Files that a job leaves for the jobs that need it and for people: what a plan says of them, and how what was kept is
//! written down.

use crate::BlobId;
use serde::{Deserialize, Serialize};

/// Files, and links, of one entry of `artifacts`, at most.
pub const ENTRIES_MAX: u64 = 100_000;
/// Bytes of the files of one entry, at most.
pub const BYTES_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// A path in the workspace, or what a link leads to, is at most this long.
pub const PATH_MAX: usize = 3000;
/// Names in a path, at most: folders are gone into one by one.
pub const DEPTH_MAX: usize = 100;
/// The size in bytes of a manifest, at most.
pub const MANIFEST_MAX: u64 = 32 * 1024 * 1024;
/// Blobs that one call asks about, at most.
pub const ASKED_MAX: usize = 5_000;

/// An entry of a job's `artifacts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Artifacts {
    /// Patterns for paths of the workspace; those that begin with `!` take out again. A folder stands for all in it.
    pub paths: Vec<String>,
    /// After which outcome.
    pub when: Keep,
    /// How long after the job's end.
    pub expire_in_ms: u64,
    /// A job that leaves nothing of it has failed.
    pub required: bool,
}

/// After which outcome of a job its artifacts are kept. Never after it was cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// It passed.
    #[default]
    OnSuccess,
    /// It failed.
    OnFailure,
    /// Either.
    Always,
}

impl Keep {
    /// As it is written in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Keep::OnSuccess => "on_success",
            Keep::OnFailure => "on_failure",
            Keep::Always => "always",
        }
    }

    /// Whether it is after this outcome.
    pub fn holds(self, passed: bool) -> bool {
        match self {
            Keep::OnSuccess => passed,
            Keep::OnFailure => !passed,
            Keep::Always => true,
        }
    }
}

/// All that was kept of one entry: a blob of its own, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// By path, each once.
    pub entries: Vec<Entry>,
}

/// A file or a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// In the workspace: plain names with `/` between them.
    pub path: String,
    /// What is there.
    pub content: Content,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A regular file.
    File {
        /// Its bytes.
        blob: BlobId,
        /// How many.
        bytes: u64,
        /// Whether it is a program.
        executable: bool,
    },
    /// A link that stays in the workspace: see [`stays_inside`].
    Link {
        /// Where it leads to, from its own folder.
        target: String,
    },
}

impl Content {
    /// The bytes that it is; a link has none.
    pub fn bytes(&self) -> u64 {
        match self {
            Content::File { bytes, .. } => *bytes,
            Content::Link { .. } => 0,
        }
    }
}

/// What an attempt keeps of one entry of `artifacts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptArtifacts {
    /// The blob with its [`Manifest`].
    pub manifest: BlobId,
    /// Files and links in it.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How long they are kept.
    pub expire_in_ms: u64,
}

/// Whether a text is a path in the workspace: names with a `/` between them, none of them `.` or `..`.
pub fn is_path(path: &str) -> bool {
    path.len() <= PATH_MAX && path.split('/').count() <= DEPTH_MAX && path.split('/').all(is_name)
}

/// Whether a link at this path leads to something in the workspace, wherever other links that do so lead to: first up,
/// to a folder that is none, and then down by names.
pub fn stays_inside(path: &str, target: &str) -> bool {
    let depth = path.split('/').count() - 1;
    let up = target.split('/').take_while(|name| *name == "..").count();
    let mut down = target.split('/').skip(up);
    !target.is_empty() && target.len() <= PATH_MAX && up <= depth && down.all(|name| is_name(name) || name == ".")
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_plain_names() {
        let is = |path: &str| is_path(path);
        assert!(is("a") && is("a/b.c/ d") && is("..a") && is("a\nb"));
        for not in ["", "/a", "a/", "a//b", ".", "a/./b", "..", "a/..", "a\0"] {
            assert!(!is(not), "{not:?}");
        }
        assert!(!is(&"a".repeat(3001)) && !is(&["a"; 101].join("/")) && is(&["a"; 100].join("/")));
    }

    #[test]
    fn a_link_goes_up_first_and_not_out() {
        for inside in ["b", "./b", "../c", "../../c/d", "..", "../.."] {
            assert!(stays_inside("a/b/link", inside), "{inside:?}");
        }
        // The last one would leave by way of another link: `x` may lead to the root.
        for outside in ["", "/etc/passwd", "../../../c", "../../..", "x/../../y", "x//y", "x\0"] {
            assert!(!stays_inside("a/b/link", outside), "{outside:?}");
        }
        assert!(!stays_inside("link", "..") && stays_inside("link", "a"));
    }
}
