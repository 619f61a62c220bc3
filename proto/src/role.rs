//! What somebody may do.

use serde::{Deserialize, Serialize};

/// What the holder of an API token may do; each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads runs, logs, tests, runners.
    Viewer,
    /// Starts, cancels, retries and approves runs.
    Maintainer,
    /// Everything: projects, tokens, secrets.
    #[default]
    Admin,
}

impl Role {
    /// The word that wire, database and pages use.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Maintainer => "maintainer",
            Role::Admin => "admin",
        }
    }

    /// The reverse of [`Role::as_str`].
    pub fn from_word(word: &str) -> Option<Role> {
        [Role::Viewer, Role::Maintainer, Role::Admin].into_iter().find(|role| role.as_str() == word)
    }
}
