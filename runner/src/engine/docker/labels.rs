//! The labels on everything that is made, and filters by them.

use bollard::query_parameters::{ListContainersOptions, ListContainersOptionsBuilder};
use sidings_proto::{AttemptId, RunnerId};
use std::collections::HashMap;

pub(super) const RUNNER: &str = "dev.sidings.runner";
pub(super) const LIFE: &str = "dev.sidings.life";
pub(super) const JOB: &str = "dev.sidings.job";
pub(super) const ATTEMPT: &str = "dev.sidings.attempt";
pub(super) const STEP: &str = "dev.sidings.step";
pub(super) const KIND: &str = "dev.sidings.kind";
/// The kind of an attempt's private network.
pub(super) const NETWORK_KIND: &str = "network";

/// What a holder or a network carries.
pub(super) fn shared(runner: RunnerId, life: &str, kind: &str) -> HashMap<String, String> {
    let labels = [(RUNNER, runner.to_string()), (LIFE, life.to_owned()), (KIND, kind.to_owned())];
    labels.map(|(name, value)| (name.to_owned(), value)).into()
}

/// What a step's container carries.
pub(super) fn of_step(runner: RunnerId, life: &str, step: &super::StepContainer) -> HashMap<String, String> {
    let mut labels = shared(runner, life, "step");
    labels.insert(JOB.to_owned(), step.attempt.job.to_string());
    labels.insert(ATTEMPT.to_owned(), step.attempt.fence.to_string());
    labels.insert(STEP.to_owned(), step.step.to_string());
    labels
}

/// What an attempt's private network carries.
pub(super) fn of_network(runner: RunnerId, life: &str, attempt: AttemptId) -> HashMap<String, String> {
    let mut labels = shared(runner, life, NETWORK_KIND);
    labels.insert(JOB.to_owned(), attempt.job.to_string());
    labels.insert(ATTEMPT.to_owned(), attempt.fence.to_string());
    labels
}

/// Everything of a runner, as a filter.
pub(super) fn of_runner(runner: RunnerId) -> Vec<String> {
    vec![format!("{RUNNER}={runner}")]
}

/// Everything of an attempt, as a filter.
pub(super) fn of_attempt(runner: RunnerId, attempt: AttemptId) -> Vec<String> {
    let mut labels = of_runner(runner);
    labels.push(format!("{JOB}={}", attempt.job));
    labels.push(format!("{ATTEMPT}={}", attempt.fence));
    labels
}

/// Containers, running or not, that carry all of `labels`.
pub(super) fn filter(labels: &[String]) -> ListContainersOptions {
    let filters = HashMap::from([("label", labels.to_vec())]);
    ListContainersOptionsBuilder::default().all(true).filters(&filters).build()
}
