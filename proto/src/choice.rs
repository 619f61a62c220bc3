//! What whoever asks for a run says beside the commit: which part of the pipeline is to run.

use serde::{Deserialize, Serialize};

/// Which part of a pipeline is to run; all of it where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Which of the pipelines in the folder `.sidings`; none for that of `.sidings.yml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Only these jobs, by their names or by the name under which the file makes several of them, and the jobs they
    /// need; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// Without the jobs they need.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// Only these steps of those jobs; of no job named, of the jobs that have such a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<StepChoice>,
    /// Only these tests, of the jobs that have `tests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestChoice>,
}

/// A test may be run so often in one go.
pub const TIMES_MAX: u32 = 10_000;

/// Which tests of a job's `tests` are to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TestChoice {
    /// These, as their runner calls them.
    pub only: Vec<String>,
    /// Of all that are listed so many: the first, the last, and others between them; all of `only` when 0.
    #[serde(default, skip_serializing_if = "is_none")]
    pub sample: u32,
    /// So often, one time after the other, at most [`TIMES_MAX`]; 0 is once. One failure makes a test red.
    #[serde(default)]
    pub times: u32,
    /// As one batch, in this order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub together: bool,
}

/// Which steps of a job are to run. The steps of a `parallel:` group begin together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepChoice {
    /// This one, by its name or number.
    Only(String),
    /// This one, or the group it stands in, and all after it.
    From(String),
}

fn is_none(sample: &u32) -> bool {
    *sample == 0
}

impl Choice {
    /// What goes without saying.
    pub fn is_all(&self) -> bool {
        *self == Choice::default()
    }
}
