//! Runs that are asked for.

use super::RunView;
use crate::{Choice, Commit, Source, Trigger};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Asks for a run. A project that is not known is made: with the repository of [`Source::Git`], without one for a
/// snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubmitRun {
    /// The project's name.
    pub project: String,
    /// What set it off.
    pub trigger: Trigger,
    /// Where the files come from. For [`Source::Git`] the controller reads the commit itself.
    pub source: Source,
    /// The commit a snapshot is based on; for git, its `ref` and `before` are taken from here, the rest is read.
    pub commit: Commit,
    /// The paths that a snapshot changed, for conditions that ask for paths; all when none is given. For git they are
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Vec<String>>,
    /// Values for the pipeline's inputs, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// Which part of the pipeline is to run.
    #[serde(default, skip_serializing_if = "Choice::is_all")]
    pub choice: Choice,
}

impl SubmitRun {
    /// All of the pipeline, with nothing given.
    pub fn new(project: String, trigger: Trigger, source: Source, commit: Commit) -> SubmitRun {
        let (inputs, choice) = Default::default();
        SubmitRun { project, trigger, source, commit, changed: None, inputs, choice }
    }
}

/// A repository's ref moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The full ref.
    #[serde(rename = "ref")]
    pub reference: String,
    /// 40 hex digits; zeros when it was made.
    pub before: String,
    /// 40 hex digits; zeros when it was removed, which makes no run.
    pub after: String,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushAnswer {
    /// The runs it made, one for each pipeline that it is for.
    pub runs: Vec<RunView>,
    /// Why it made none, or, where there are several pipelines, none of some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// Asks for a run to be run again, as a new run of the same commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetryRun {
    /// Jobs that passed are not run again.
    pub failed_only: bool,
    /// The images are those of the earlier run, by their digests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
}
