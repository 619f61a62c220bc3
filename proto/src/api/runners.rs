//! Runners of the fleet.

use crate::fleet::{Drained, Machine, PoolView, ProjectWaits};
use crate::{LowDisk, Resources, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Runners, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Runners {
    /// By name.
    pub runners: Vec<RunnerView>,
    /// By their labels; none where only some runners are told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolView>,
    /// By project, of the newest 300 runs those that began; none where only some runners are told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<ProjectWaits>,
}

/// An enrolled runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunnerView {
    /// Its id.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
    /// `up`, `draining`, or `silent` when no beat came for a lease's time.
    pub state: RunnerState,
    /// The program's version.
    pub version: String,
    /// Jobs it carries out at once.
    pub slots: u32,
    /// Jobs it carries out now.
    pub busy: u32,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What its machine has.
    #[serde(default, skip_serializing_if = "Resources::is_unsaid")]
    pub resources: Resources,
    /// When it was last heard.
    pub seen: Timestamp,
    /// Why it takes no work although it is up: its disk is too full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_disk: Option<LowDisk>,
    /// Why it gets nothing new: an operator took it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drained: Option<Drained>,
    /// What its machine has; none until it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

/// Whether a runner takes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// It takes work.
    Up,
    /// It finishes what it holds.
    Draining,
    /// Nothing was heard of it for a lease's time.
    Silent,
}
