//! A failed step is held while somebody looks round in its container. The job's clock stands still meanwhile, and
//! whoever cancels the job does not end the look; its verdict stays what it was.

use super::course::Course;
use super::step::Place;
use super::stop::Stop;
use crate::attendant::{Door, HeldStep};
use crate::engine::{ContainerId, Signal};
use crate::spool::read_exit_record;
use sidings_proto::runner::StepResult;
use sidings_proto::step::EXIT_FILE;
use sidings_proto::{Failure, Step, Verdict};
use std::path::Path;

/// Shells that a person can work in.
const SHELLS: [&str; 8] = ["bash", "sh", "zsh", "fish", "ash", "dash", "ksh", "mksh"];

impl Course<'_> {
    /// Whether the step's container stays where its program fails.
    pub(super) fn may_hold(&self, step: &Step) -> bool {
        self.tools.attendant.is_some() && !step.allow_failure
    }

    /// Whether the container stays: the helper does so after a program that failed.
    pub(super) fn is_held(&self, step: &Step, folder: &Path) -> bool {
        self.may_hold(step) && matches!(read_exit_record(folder), Ok(Some(record)) if record.holds())
    }

    /// Waits until the container is one that stays; for ever, where it is not.
    pub(super) async fn until_held(&self, step: &Step, folder: &Path) {
        if self.may_hold(step) {
            self.tools.exits.appears(folder, &[EXIT_FILE]).await;
        }
        if !self.is_held(step, folder) {
            std::future::pending::<()>().await;
        }
    }

    /// Lets somebody look round after the step's end, and then the container go.
    pub(super) async fn hold(&self, step: &Step, place: &Place<'_>, container: &ContainerId, result: &StepResult) {
        let wanted = !matches!(self.stops.now(), Some(Stop::Cancelled | Stop::Dropped));
        if let (Verdict::Failed(failure), Some(attendant), true) = (&result.verdict, &self.tools.attendant, wanted) {
            let _still = self.stops.stand_still();
            self.account.held(failure);
            tokio::select! {
                biased;
                () = self.channel.orders.drop.cancelled() => return,
                () = attendant.step_failed(self.held_step(step, place, container, failure)) => {}
            }
        }
        self.let_go(container).await;
    }

    /// Ends a container that stays; a sibling's changes count when nothing can change any more.
    pub(super) async fn let_go(&self, container: &ContainerId) {
        let killed = self.tools.engine.signal(container, Signal::Kill).await;
        if let Err(error) = killed.and(self.until_gone(container).await) {
            tracing::warn!(error = format!("{error:#}"), "a held container does not go away; teardown removes it");
        }
    }

    fn held_step(&self, step: &Step, place: &Place<'_>, container: &ContainerId, failure: &Failure) -> HeldStep {
        let door = Door {
            engine: self.tools.engine.clone(),
            shells: shells(&step.shell),
            input: self.input(&step.secrets).unwrap_or_default(),
        };
        HeldStep {
            attempt: self.assignment.attempt,
            job: self.assignment.job_name.clone(),
            step: step.no,
            name: step.name.clone(),
            failure: failure.message.clone(),
            container: container.clone(),
            workspace: place.view.is_none().then(|| self.folder.workspace()),
            door,
        }
    }
}

/// The step's own shell where a person can work in it, then the usual ones. A step that names none runs in `sh`, which
/// is no reason to spare a person `bash`.
pub(super) fn shells(of_step: &[String]) -> Vec<String> {
    let usual = ["bash", "sh"].map(str::to_owned);
    let own = of_step.first().filter(|program| {
        let name = program.rsplit('/').next().unwrap_or_default();
        SHELLS.contains(&name)
    });
    own.cloned().into_iter().chain(usual).collect()
}
