//! Which images the references of a run mean. The first answer counts for all jobs of the run, and is kept with it.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// References of one call at most.
pub const TOLD_MAX: usize = 1000;
/// A longer text is no reference.
pub const REFERENCE_MAX: usize = 512;

/// What a job found, and what it wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DigestsTold {
    /// `sha256:…` by reference, as the job would take them.
    pub found: BTreeMap<String, String>,
    /// References that it has no digest of.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub wanted: BTreeSet<String>,
}

/// What counts for the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DigestsKept {
    /// `sha256:…` by reference, of those that were told or wanted, as far as they are known.
    pub digests: BTreeMap<String, String>,
    /// Those that nobody had told before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub new: BTreeSet<String>,
}

/// Whether it is `sha256:` and 64 hex digits.
pub fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
