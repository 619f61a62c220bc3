//! Runs that nobody asks for: at which times a pipeline wants one.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An entry of `schedule:`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Schedule {
    /// Five fields, as cron has them: minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// An IANA name, as `Europe/Paris`.
    pub timezone: String,
    /// Of which of the pipelines in the folder `.sidings`; none for that of `.sidings.yml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Of which branch; the default branch when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Values for the pipeline's inputs, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
}
