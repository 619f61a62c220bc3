//! The words both sides speak: ids, plans, verdicts, log frames and wire messages, with their serde.
//!
//! Nothing here does IO, reads a clock or decides anything. Fields that hold a time are [`Timestamp`]s, durations
//! are whole milliseconds and say so in their name.
//!
//! What people ask for and what runners are ordered refuses fields that nobody knows; what people are answered lets them
//! pass, so that an older client reads a newer controller.

pub mod api;
pub mod artifact;
pub mod audit;
pub mod cache;
pub mod choice;
pub mod commit;
pub mod compared;
pub mod cron;
pub mod digest;
pub mod flaws;
pub mod fleet;
pub mod id;
pub mod image;
pub mod inventory;
pub mod log;
pub mod low_disk;
pub mod pattern;
pub mod plan;
pub mod role;
pub mod runner;
pub mod schedule;
pub mod secret;
pub mod service;
pub mod snapshot;
pub mod split;
pub mod step;
pub mod stop;
pub mod tested;
pub mod time;
pub mod verdict;
pub mod webhook;

pub use artifact::{Artifacts, Keep};
pub use cache::Cache;
pub use choice::{Choice, StepChoice, TestChoice};
pub use commit::{Commit, Source, Trigger};
pub use cron::Schedule;
pub use flaws::{FlawLimits, FlawSeverity};
pub use id::{AttemptId, BlobId, DeliveryId, JobId, LifeId, RequestId, RunId, RunnerId, TokenId};
pub use low_disk::LowDisk;
pub use plan::{
    Command, Environment, ImageBudget, JobSpec, Merge, Node, Plan, PlannedJob, Reports, RunsOn, Stage, Step, StepNo,
};
pub use role::Role;
pub use schedule::{Approval, Cancel, Concurrency, Resources, Retry, Scheduling};
pub use secret::{Secret, SecretForm, SecretRules, SecretScope, SecretUse, SecretsAnswer};
pub use service::{Healthcheck, Service};
pub use stop::StopReason;
pub use tested::{TestCase, TestCounts, TestOutcome, TestReport};
pub use time::Timestamp;
pub use verdict::{Failure, FailureClass, Verdict};
