//! Tokens.

use crate::{Role, Timestamp, TokenId};
use serde::{Deserialize, Serialize};

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// The API, whole.
    Api,
    /// Only pushes of one project: what a repository's hook holds.
    Push,
    /// The enrolment of runners.
    Registration,
}

/// Asks for a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it opens.
    pub kind: TokenKind,
    /// The project, for [`TokenKind::Push`].
    pub project: Option<String>,
    /// Gone after this time; never when none.
    pub expires_in_ms: Option<u64>,
    /// Gone after its first use; for [`TokenKind::Registration`].
    pub single_use: bool,
    /// What its holder may do, for [`TokenKind::Api`]; everything when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// A new token; its secret is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeToken {
    /// Its public name.
    pub id: TokenId,
    /// What to send.
    pub token: String,
}

/// Tokens, without their secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// Oldest first.
    pub tokens: Vec<TokenView>,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenView {
    /// Its public name.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// What it opens.
    pub kind: TokenKind,
    /// The project, for [`TokenKind::Push`].
    pub project: Option<String>,
    /// Since when.
    pub created: Timestamp,
    /// Until when.
    pub expires: Option<Timestamp>,
    /// What its holder may do, for [`TokenKind::Api`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// When it was last used; none when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Timestamp>,
}
