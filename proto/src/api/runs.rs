//! Runs in a list, and which a list has.

use crate::{Commit, RunId, Timestamp, Trigger, Verdict};
use serde::{Deserialize, Serialize};

/// Where a run or job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// For jobs it needs.
    Waiting,
    /// For a runner.
    Queued,
    /// On a runner.
    Running,
    /// It has a verdict.
    Ended,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// Its project.
    pub project: String,
    /// Its number in the project, from 1.
    pub number: u64,
    /// Which of the project's pipelines, where they are in a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// What set it off.
    pub trigger: Trigger,
    /// Of what.
    pub commit: Commit,
    /// Where it is in its life.
    pub state: State,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When its first job was leased.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// Where a run is, as lists tell it: on its way, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunStage {
    /// No job of it has begun.
    Queued,
    /// A job of it has begun.
    Running,
    /// All of it passed.
    Passed,
    /// Something failed.
    Failed,
    /// Somebody stopped it, or something newer came.
    Cancelled,
    /// Nothing had to run.
    Skipped,
}

impl RunStage {
    /// All of them.
    pub const ALL: [RunStage; 6] = [
        RunStage::Queued,
        RunStage::Running,
        RunStage::Passed,
        RunStage::Failed,
        RunStage::Cancelled,
        RunStage::Skipped,
    ];

    /// The one with this word.
    pub fn named(word: &str) -> Option<RunStage> {
        RunStage::ALL.into_iter().find(|stage| stage.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            RunStage::Queued => "queued",
            RunStage::Running => "running",
            RunStage::Passed => "passed",
            RunStage::Failed => "failed",
            RunStage::Cancelled => "cancelled",
            RunStage::Skipped => "skipped",
        }
    }
}

/// Which runs somebody asks for: those that are all of what is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct RunsAsked {
    /// A project's.
    pub project: Option<String>,
    /// Of a branch, by its name or as `refs/…`.
    pub branch: Option<String>,
    /// Of commits whose author begins so.
    pub author: Option<String>,
    /// That are there.
    pub state: Option<RunStage>,
    /// Of which a job ran in the image whose key begins so, in hex.
    pub image: Option<String>,
    /// Older than this one.
    pub before: Option<RunId>,
    /// How many: 50 when nothing is said, 500 at most.
    pub limit: Option<usize>,
}

/// Runs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Runs {
    /// Newest first.
    pub runs: Vec<RunSummary>,
    /// Give it as `before` to get the next page; none on the last.
    pub next: Option<RunId>,
}
