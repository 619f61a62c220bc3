//! What people call runners, and the addresses of runs: what views are filled in with.

use crate::store::StoredRunner;
use crate::store::view::Names;
use sidings_proto::{JobId, RunId, RunnerId};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Names by id. Runners are enrolled seldom and never renamed, so all are held.
pub(crate) struct RunnerNames {
    names: RwLock<HashMap<RunnerId, String>>,
    base: String,
}

impl RunnerNames {
    /// The runners that are enrolled, and the address under which people reach the controller.
    pub(crate) fn new(runners: Vec<StoredRunner>, base: &str) -> Self {
        let names = runners.into_iter().map(|runner| (runner.id, runner.name)).collect();
        Self { names: RwLock::new(names), base: base.trim_end_matches('/').to_owned() }
    }

    /// A runner was enrolled.
    pub(super) fn add(&self, id: RunnerId, name: String) {
        self.names.write().unwrap_or_else(PoisonError::into_inner).insert(id, name);
    }

    /// The address under which people reach the controller.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A job's address for people: its place in its run.
    pub(super) fn job_url(&self, run: RunId, job: JobId) -> String {
        format!("{}#{job}", self.run_url(run))
    }
}

impl Names for RunnerNames {
    fn runner(&self, id: RunnerId) -> String {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn run_url(&self, id: RunId) -> String {
        format!("{}/runs/{id}", self.base)
    }
}
