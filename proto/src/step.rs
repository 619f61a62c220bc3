//! What a runner and the helper inside a step's container tell each other, by files in the step's folder.
//!
//! The folder is mounted at [`MOUNT`]; the runner writes [`SPEC_FILE`], the helper writes [`LOG_FILE`] (frames of
//! [`crate::log`]) and, at the end, [`EXIT_FILE`] by an atomic rename after fsync; a service's also [`READY_FILE`]. What comes back is hostile input:
//! the step may run as root in its container.

use crate::service::Readiness;
use crate::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the step's folder is mounted in its container.
pub const MOUNT: &str = "/sidings/step";
/// Where the folder with the helper is mounted, read-only; the helper is `sidings` in it, and it is last on the PATH.
pub const BIN_MOUNT: &str = "/sidings/bin";
/// Where the workspace is mounted.
pub const WORKSPACE: &str = "/workspace";
/// Where the certificates that the operator trusts are mounted, read-only, on hosts that have some.
pub const CA_MOUNT: &str = "/sidings/ca";
/// Where a file system in memory is mounted for secrets that are files.
pub const SECRETS_MOUNT: &str = "/sidings/secrets";
/// The runner's instruction, JSON of [`StepSpec`].
pub const SPEC_FILE: &str = "spec.json";
/// The framed log.
pub const LOG_FILE: &str = "log";
/// The exit record, JSON of [`ExitRecord`].
pub const EXIT_FILE: &str = "exit.json";
/// Said by the helper at a terminal when it is there and expects a [`StepInput`], and again when it has read that and a
/// person may type.
pub const AT_TERMINAL: u8 = 6;
/// What the probing of a service came to, JSON of [`ReadyRecord`](crate::service::ReadyRecord).
pub const READY_FILE: &str = "ready.json";

/// What the helper is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSpec {
    /// The program and its arguments; the program is looked up in the container's PATH.
    pub argv: Vec<String>,
    /// An absolute path in the container; made when it does not exist.
    pub working_directory: String,
    /// The image's `USER`: empty for root, else `name`, `uid`, `name:group` or `uid:gid`. The helper starts as root
    /// and the step's program runs as this user, so the log and the exit record are out of its reach.
    pub user: String,
    /// Handed over, with all in it, to `user` before the program starts, if `user` is not root and does not own it.
    pub chown: Option<String>,
    /// Handed over as well, each as `chown` is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hand_over: Vec<String>,
    /// Log payload kept, in bytes. Beyond it the last [`StepSpec::log_tail`] bytes are kept as well, and a note says
    /// how many were left out between.
    pub log_limit: u64,
    /// Bytes kept of the end of a log that is over its limit.
    pub log_tail: u64,
    /// From a SIGTERM to the helper until everything in the container is killed.
    pub grace_ms: u64,
    /// Of a service: how to find out that it is ready, which is then said in [`READY_FILE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Readiness>,
    /// A [`StepInput`] is waiting on the helper's standard input.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input: bool,
    /// After a program that failed, and with the exit record written, the container stays until it is asked to stop, so
    /// that somebody can look round in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
}

/// What the helper is told on its standard input and nowhere else: the secrets. On no disk, in no label, and not among
/// the variables that the engine knows of the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepInput {
    /// The program's variables.
    pub environment: BTreeMap<String, Secret>,
    /// What the files of these variables hold; the variable is the file's name and its path the variable's value.
    pub files: BTreeMap<String, Secret>,
    /// The folder for the files; in memory.
    pub folder: String,
    /// What is not to be seen in the log.
    pub masked: Vec<Secret>,
}

impl StepInput {
    /// As it goes over the pipe: four bytes of length, little endian, then JSON.
    pub fn encode(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let length = u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes();
        [&length[..], &json].concat()
    }
}

/// How the program ended. Only this makes a step pass; the engine's exit code is a cross-check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitRecord {
    /// The program's exit code, `128 + n` for signal n, 127 not found, 126 not executable.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Why it could not be started.
    pub error: Option<String>,
    /// The length of the log file in bytes, frames included.
    pub log_bytes: u64,
    /// The BLAKE3 hash of the log file, in hex.
    pub log_hash: String,
    /// Payload bytes that the limit left out.
    pub left_out_bytes: u64,
    /// When the program was started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
}

impl ExitRecord {
    /// Whether a container that is to be held is held: the program did not end well.
    pub fn holds(&self) -> bool {
        self.code != 0 || self.signal.is_some() || self.error.is_some()
    }
}
