//! Why a run or a job is stopped before its end.

use crate::time::spoken;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Why a run or a job is stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StopReason {
    /// Somebody wanted it.
    Asked,
    /// A job failed, and the pipeline wants nothing more then.
    FailFast {
        /// The job's name.
        job: String,
    },
    /// A newer run of the same group took its place.
    Superseded {
        /// That run's number in the project.
        by: u64,
    },
    /// The whole run took longer than its pipeline lets it.
    TimedOut {
        /// Milliseconds.
        limit_ms: u64,
    },
    /// Too many wait for the group already.
    GroupFull {
        /// The group's name.
        group: String,
    },
}

/// A sentence fragment: `run 12 took its place`.
impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Asked => f.write_str("somebody asked for it"),
            StopReason::FailFast { job } => write!(f, "job \"{job}\" failed, and the pipeline says `fail_fast`"),
            StopReason::Superseded { by } => write!(f, "run {by} took its place"),
            StopReason::TimedOut { limit_ms } => {
                write!(f, "the run took longer than {}", spoken(Duration::from_millis(*limit_ms)))
            }
            StopReason::GroupFull { group } => write!(f, "too many wait for group \"{group}\" already"),
        }
    }
}
