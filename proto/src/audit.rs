//! Who changed what, as administrators read it.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Lines of the audit log, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLog {
    /// The newest first.
    pub entries: Vec<AuditEntry>,
    /// Give this as `before` for those that follow; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A change that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// It grows from line to line.
    pub no: u64,
    /// When it was answered.
    pub at: Timestamp,
    /// The name of the token, `push token of PROJECT`, `registration token NAME`, `bootstrap` for what a controller's
    /// own start did, or `unknown`.
    pub by: String,
    /// `token.create`, `run.cancel`, …; `METHOD /route` for what has no word.
    pub what: String,
    /// Of what: names and ids.
    pub about: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// Its caller may not, or it could not be.
    Refused,
    /// The controller failed.
    Failed,
}

impl Outcome {
    /// The word that wire, database and pages use.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }

    /// The reverse of [`Outcome::as_str`].
    pub fn from_word(word: &str) -> Option<Outcome> {
        [Outcome::Done, Outcome::Refused, Outcome::Failed].into_iter().find(|outcome| outcome.as_str() == word)
    }
}
