//! The step that works off a job's tests: it is served for as long as it runs, and what it had when it ended is told.

use super::course::Course;
use super::script::shell_of;
use crate::split::{Desk, Worker};
use sidings_proto::{Command, Step};
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
    /// nobody to tell.
    pub(super) async fn close_desk(&self, desk: Option<Desk>) {
        let Some(desk) = desk else { return };
        tokio::select! {
            biased;
            () = self.channel.orders.drop.cancelled() => {}
            () = desk.close() => {}
        }
    }
}
