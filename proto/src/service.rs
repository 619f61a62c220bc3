//! A container beside a job's steps, such as a database: what a plan says of it, and how its helper finds out that it
//! is ready.

use crate::{Environment, SecretUse, StepNo, Timestamp};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Unique in the job, from [`StepNo::FIRST_SERVICE`], in the order of the file.
    pub no: StepNo,
    /// Unique in the job; a DNS label, by which steps and services of the job reach it.
    pub name: String,
    /// The image it runs in.
    pub image: Environment,
    /// In place of the image's entry point; then the image's command does not count either.
    pub entrypoint: Option<Vec<String>>,
    /// In place of the image's command.
    pub command: Option<Vec<String>>,
    /// Its variables, on top of the image's.
    pub environment: BTreeMap<String, String>,
    /// The variables that hold secrets, and which; none of them is in `environment`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretUse>,
    /// When it is ready; else the image says so, else its first exposed TCP port.
    pub healthcheck: Option<Healthcheck>,
}

/// When a service is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Healthcheck {
    /// What is run in the service's container: it is ready when this ends with code 0. Empty: once it runs.
    pub test: Vec<String>,
    /// From the end of one check to the start of the next.
    pub interval_ms: u64,
    /// A check that takes longer has failed.
    pub timeout_ms: u64,
    /// Checks that fail within this time after the start do not count.
    pub start_period_ms: u64,
    /// So many failed checks in a row, after the start period, and it is not ready.
    pub retries: u32,
}

/// How a helper finds out that the program beside it is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readiness {
    /// What is tried.
    pub probe: Probe,
    /// From the end of one try to the start of the next.
    pub interval_ms: u64,
    /// A try that takes longer has failed.
    pub timeout_ms: u64,
    /// Tries that fail within this time after the start do not count.
    pub start_period_ms: u64,
    /// So many failed tries in a row, after the start period, and it is not ready. At least 1.
    pub retries: u32,
}

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Probe {
    /// A program, as the image's user; code 0 is ready.
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
    },
    /// A connection to where the others reach it; accepted is ready.
    Connect {
        /// Not loopback: who listens there alone is reached by nobody.
        address: IpAddr,
        /// The TCP port.
        port: u16,
    },
}

/// What the probing came to: the JSON of [`crate::step::READY_FILE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadyRecord {
    /// When it was ready, or given up.
    pub at: Timestamp,
    /// Why it is not ready; none when it is.
    pub error: Option<String>,
}
