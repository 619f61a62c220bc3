//! The step that works off a job's tests: it is served for as long as it runs, and what it had when it ended is told.

use super::course::Course;
use super::script::shell_of;
use crate::split::{Desk, Worker};
use sidings_proto::runner::StepResult;
use sidings_proto::{Command, Failure, FailureClass, Step, Verdict};
use std::path::Path;

impl Course<'_> {
    /// Opens the desk of a step that asks for tests; none for any other.
    pub(super) fn serve_tests(&self, step: &Step, folder: &Path) -> anyhow::Result<Option<Desk>> {
        let (Command::Tests, Some(tests)) = (&step.command, &self.assignment.spec.tests) else { return Ok(None) };
        let queue = self.channel.split.clone();
        let worker = Worker::new(tests.clone(), shell_of(&step.shell), queue, self.folder.results());
        Desk::open(folder, worker).map(Some)
    }

    /// Tells what came of tests that were at work when the step ended. When the attempt is not ours any more there is
    /// nobody to tell. Gives why the tests could not be listed, where that is what ended the step.
    pub(super) async fn close_desk(&self, desk: Option<Desk>) -> Option<String> {
        tokio::select! {
            biased;
            () = self.channel.orders.drop.cancelled() => None,
            why = desk?.close() => why,
        }
    }
}

/// The code of a step whose tests are red, or could not be listed.
const RED: i32 = 1;

/// A step that could not list its tests says so by its code alone: what it told at the desk is the reason. Any other end
/// stays what it is.
pub(super) fn with_reason(result: StepResult, unlisted: Option<String>) -> StepResult {
    match (&result.verdict, unlisted) {
        (Verdict::Failed(Failure { class: class @ FailureClass::StepFailed, .. }), Some(why))
            if result.code == Some(RED) =>
        {
            let message = format!("the tests could not be listed: {why}");
            StepResult { verdict: Verdict::Failed(Failure { class: *class, message }), ..result }
        }
        _ => result,
    }
}
