//! What operators see of the fleet, and do to it.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody took runners out: they finish what they have and get nothing new until they are let in again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Drained {
    /// The name of the token that it was done with.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}
