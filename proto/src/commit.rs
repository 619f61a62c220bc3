//! What a run is of: the commit, where its files come from, and what set it off.

use crate::{BlobId, Timestamp};
use serde::{Deserialize, Serialize};

/// What made a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A branch moved.
    Push,
    /// A tag was made.
    Tag,
    /// A pull or merge request was opened or updated.
    PullRequest,
    /// A person asked for it (`sidings run`, `sidings submit`, the page).
    Manual,
    /// A schedule was due.
    Schedule,
    /// A program asked for it.
    Api,
}

impl Trigger {
    /// The word that pipelines and pages use.
    pub fn as_str(self) -> &'static str {
        match self {
            Trigger::Push => "push",
            Trigger::Tag => "tag",
            Trigger::PullRequest => "pull_request",
            Trigger::Manual => "manual",
            Trigger::Schedule => "schedule",
            Trigger::Api => "api",
        }
    }
}

/// The commit of a run, as far as it is known. For an uncommitted tree `sha` is the commit it is based on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// 40 hex digits; all zeros when the tree has no commit yet.
    pub sha: String,
    /// The full ref, `refs/heads/main`, or empty when there is none.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The whole message.
    pub message: String,
    /// `Name <mail>`.
    pub author: String,
    /// Where the branch was before a push.
    pub before: Option<String>,
    /// The committer's time.
    pub time: Timestamp,
}

impl Commit {
    /// The branch's name, when the ref is one.
    pub fn branch(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/heads/")
    }

    /// The tag's name, when the ref is one.
    pub fn tag(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/tags/")
    }

    /// The ref's short name: branch, tag, or the ref as it is.
    pub fn ref_name(&self) -> &str {
        self.branch().or_else(|| self.tag()).unwrap_or(&self.reference)
    }
}

/// Where a runner gets the files of a run from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A commit of a repository that the runner can reach with git.
    Git {
        /// `https://…`, `ssh://…` or `file:///…`.
        url: String,
        /// 40 hex digits.
        commit: String,
    },
    /// A tar archive, compressed with zstd, kept by the controller: a working tree with its uncommitted changes.
    Snapshot {
        /// The archive's name in the blob store.
        blob: BlobId,
    },
}
