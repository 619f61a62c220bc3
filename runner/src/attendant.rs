//! Somebody who is there when a step fails, and may look round in its container before it is removed.
//!
//! Only the process that runs the runner can name one: no controller can ask for it, and a runner of a fleet has none.

use crate::engine::{ContainerId, Engine, Entry, Session, TerminalSize};
use async_trait::async_trait;
use sidings_proto::step::StepInput;
use sidings_proto::{AttemptId, StepNo};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Is called when a step fails.
#[async_trait]
pub trait Attendant: std::fmt::Debug + Send + Sync + 'static {
    /// A step has failed, and its end was told. Its container stays until this returns; of several steps each has its
    /// own call. It is dropped half-way when the runner is to go at once.
    async fn step_failed(&self, held: HeldStep);
}

/// A failed step whose container stays.
#[derive(Debug)]
pub struct HeldStep {
    /// Whose.
    pub attempt: AttemptId,
    /// The job's name.
    pub job: String,
    /// Which step of it.
    pub step: StepNo,
    /// Its name.
    pub name: String,
    /// Why it failed, as its verdict says.
    pub failure: String,
    /// Where it ran.
    pub container: ContainerId,
    /// The workspace on this host, where the step had the job's own and no view of it.
    pub workspace: Option<PathBuf>,
    pub(crate) door: Door,
}

/// The way in.
pub(crate) struct Door {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) shells: Vec<String>,
    pub(crate) input: StepInput,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("shells", &self.shells).finish_non_exhaustive()
    }
}

impl HeldStep {
    /// Opens a shell in the container, as the step's user, in its folder and with its variables and secrets, and with
    /// these variables beside them.
    pub async fn enter(&self, env: BTreeMap<String, String>, size: TerminalSize) -> anyhow::Result<Session> {
        let entry = Entry { shells: self.door.shells.clone(), env, input: self.door.input.clone(), size };
        self.door.engine.enter(&self.container, entry).await
    }
}
