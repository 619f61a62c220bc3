//! How a step, a job or a run ended, and why.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a step, a job or a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that had to pass did, each with a positive exit record.
    Passed,
    /// It did not pass.
    Failed(Failure),
    /// Somebody stopped it.
    Cancelled,
    /// It was not to run. Counts as success for those that need it, when its condition was false.
    Skipped {
        /// A sentence fragment: `its condition is false (branch is not main)`.
        reason: String,
        /// True when a job it needs did not pass: then those that need this one are skipped as well.
        blocked: bool,
    },
}

impl Verdict {
    /// The word alone: `passed`, `failed`, `cancelled`, `skipped`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::Cancelled => "cancelled",
            Verdict::Skipped { .. } => "skipped",
        }
    }

    /// Whether something went wrong.
    pub fn is_failed(&self) -> bool {
        matches!(self, Verdict::Failed(_))
    }

    /// Whether a job that needs this one may run.
    pub fn releases_needs(&self) -> bool {
        match self {
            Verdict::Passed => true,
            Verdict::Skipped { blocked, .. } => !blocked,
            Verdict::Failed(_) | Verdict::Cancelled => false,
        }
    }
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// Whose failure it is, and of what kind.
    pub class: FailureClass,
    /// One sentence fragment for people: `step "unit" exited with code 2`.
    pub message: String,
}

/// The kinds of failure. The first ones are the user's, `RunnerLost` and `EngineFailed` are ours and retried unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// A step exited with another code than 0.
    StepFailed,
    /// A step failed, and so did tests that the job tells of.
    TestsFailed,
    /// The image could not be built or fetched.
    ImageBuildFailed,
    /// A service was not healthy in time.
    ServiceNotReady,
    /// A step or job took longer than it may.
    TimedOut,
    /// The runner fell silent.
    RunnerLost,
    /// The container engine, git or the runner's machine failed.
    EngineFailed,
    /// A split job could not account for every test.
    SplitIncomplete,
    /// The pipeline file is wrong.
    InvalidPipeline,
    /// The submitted files are more than a job may bring, or no sound archive.
    SourceRefused,
    /// A secret that the job names is not there, or not for this run.
    SecretRefused,
}

impl FailureClass {
    /// The word that wire, database and pages use.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureClass::StepFailed => "step_failed",
            FailureClass::TestsFailed => "tests_failed",
            FailureClass::ImageBuildFailed => "image_build_failed",
            FailureClass::ServiceNotReady => "service_not_ready",
            FailureClass::TimedOut => "timed_out",
            FailureClass::RunnerLost => "runner_lost",
            FailureClass::EngineFailed => "engine_failed",
            FailureClass::SplitIncomplete => "split_incomplete",
            FailureClass::InvalidPipeline => "invalid_pipeline",
            FailureClass::SourceRefused => "source_refused",
            FailureClass::SecretRefused => "secret_refused",
        }
    }

    /// Whether the failure is ours, so that the job is tried again without being asked.
    pub fn is_infrastructure(self) -> bool {
        match self {
            FailureClass::RunnerLost | FailureClass::EngineFailed => true,
            FailureClass::StepFailed
            | FailureClass::TestsFailed
            | FailureClass::ImageBuildFailed
            | FailureClass::ServiceNotReady
            | FailureClass::TimedOut
            | FailureClass::SplitIncomplete
            | FailureClass::InvalidPipeline
            | FailureClass::SourceRefused
            | FailureClass::SecretRefused => false,
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
