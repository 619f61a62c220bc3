//! What operators see of the fleet, and do to it.

use crate::api::WaitView;
use crate::{JobId, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody took runners out: they finish what they have and get nothing new until they are let in again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Drained {
    /// The name of the token that it was done with.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// Runners with the same labels, and what waits for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolView {
    /// Their labels; where no runner is there, those that jobs ask for.
    pub labels: BTreeMap<String, String>,
    /// Runners that take work.
    pub runners: u32,
    /// Their slots.
    pub slots: u32,
    /// Slots that jobs have, those of runners included that finish what they have.
    pub busy: u32,
    /// Jobs in line for them.
    pub queued: u32,
    /// How long those jobs take together, in milliseconds, as far as that is known.
    pub owed_ms: u64,
    /// How many of them were never seen to pass.
    pub unknown: u32,
    /// Slots that it should have, for what waits to have begun within five minutes.
    pub wanted: u32,
}

/// How long the last runs of a project waited until their first job began, approvals and all, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectWaits {
    /// Whose runs.
    pub project: String,
    /// How many of them; one at least.
    pub runs: u32,
    /// Half of them waited no longer.
    pub p50_ms: u64,
    /// 95 of a hundred waited no longer.
    pub p95_ms: u64,
    /// 99 of a hundred waited no longer.
    pub p99_ms: u64,
}

/// A runner's machine, as it said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Machine {
    /// Free bytes of the disk that images and workspaces are on.
    pub disk_free: u64,
    /// All bytes of it.
    pub disk_all: u64,
    /// Images that were built for jobs and are held.
    pub images: u32,
    /// Their bytes, shared ones once, and those of the build cache.
    pub image_bytes: u64,
}

/// What waits for the fleet or for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueView {
    /// Jobs that wait for more than others of their run, those of the oldest runs first.
    pub waiting: Vec<WaitingJob>,
    /// There are more than are told of.
    pub more: bool,
}

/// A job that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingJob {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Its run.
    pub run: RunId,
    /// Its project.
    pub project: String,
    /// The run's number in the project.
    pub number: u64,
    /// For what, and until when.
    pub wait: WaitView,
}
