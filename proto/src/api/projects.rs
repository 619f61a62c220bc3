//! Projects, and when they want runs.

use crate::{Schedule, Timestamp};
use serde::{Deserialize, Serialize};

/// Makes a project known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// Lower-case letters, digits, `-`, `_`, `.` and `/`; starts with a letter or digit; at most 100 characters.
    pub name: String,
    /// `https://…`, `ssh://…`, `file:///…`, or empty for a project that only gets snapshots.
    pub repo_url: String,
    /// `main` unless told.
    pub default_branch: String,
}

/// A git repository that the controller knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectView {
    /// Its name.
    pub name: String,
    /// Its repository, or empty.
    pub repo_url: String,
    /// Its default branch.
    pub default_branch: String,
    /// When it was made known.
    pub created: Timestamp,
}

/// When a project's default branch wants runs without being asked, soonest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Schedules {
    /// Soonest first.
    pub schedules: Vec<ScheduleView>,
}

/// One entry of a project's schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleView {
    /// The project's name.
    pub project: String,
    /// What its pipeline says.
    pub entry: Schedule,
    /// When it is due next; none if it never is.
    pub next: Option<Timestamp>,
}

/// All projects, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Projects {
    /// By name.
    pub projects: Vec<ProjectView>,
}
