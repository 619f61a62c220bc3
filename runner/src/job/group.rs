//! The siblings of a `parallel:` group: their views of the workspace, and the merge of what they changed.
//!
//! Their changes are merged however the siblings ended, as the changes of a failed step stay in the workspace: reports
//! of failed tests are among them. Nothing is merged when the attempt was stopped, or when the engine failed.

use super::course::{Course, seconds};
use super::step::Place;
use crate::engine::{ContainerId, LayerRefused, StepContainer};
use crate::workspace::{NotMerged, Sibling, View, merge_into};
use anyhow::Context;
use sidings_proto::runner::StepResult;
use sidings_proto::{Failure, FailureClass, Merge, Stage, Step, Verdict};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A sibling's view; none until it is made.
#[derive(Debug, Default)]
pub(super) struct SiblingView {
    view: Mutex<Option<View>>,
    /// Whether its changes are looked at when the sibling is over: then its container must be gone.
    pub(super) counts: bool,
}

impl SiblingView {
    fn view(&self) -> MutexGuard<'_, Option<View>> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Course<'_> {
    /// A place for the view of each sibling; none for a stage of one step.
    pub(super) fn views(&self, stage: &Stage) -> Vec<SiblingView> {
        if !stage.parallel || !self.tools.uses_workspace {
            return Vec::new();
        }
        let counts = stage.merge == Merge::Changes;
        stage.steps.iter().map(|_| SiblingView { counts, ..SiblingView::default() }).collect()
    }

    /// Makes a sibling's view: a layer where that is known to work or untried, else a copy.
    pub(super) async fn make_view(&self, sibling: &SiblingView, step: &Step) -> anyhow::Result<()> {
        let (workspace, place) = (self.folder.workspace(), self.folder.view(step.no));
        let view = match self.tools.layering.refusal(&self.tools.attempts) {
            None => View::layer(&workspace, &place)?,
            Some(reason) => {
                self.tell_of_copies(&reason);
                View::copy(&workspace, &place).await?
            }
        };
        *sibling.view() = Some(view);
        Ok(())
    }

    /// Starts a step's container in its place. Where the engine cannot lay its layer it gets a copy instead.
    pub(super) async fn start_in(
        &self,
        step: &Step,
        place: &Place<'_>,
        container: StepContainer,
    ) -> anyhow::Result<ContainerId> {
        let Some(sibling) = place.view else { return self.tools.engine.start(container).await };
        match self.tools.engine.start(self.viewed(container.clone(), sibling)?).await {
            Err(error) if error.downcast_ref::<LayerRefused>().is_some() => {
                let reason = format!("{error:#}");
                tracing::warn!(reason, "this engine cannot lay layers over workspaces; copies are made from now on");
                self.tools.layering.refuse(&reason);
                self.make_view(sibling, step).await?;
                self.tools.engine.start(self.viewed(container, sibling)?).await
            }
            started => started,
        }
    }

    fn viewed(&self, container: StepContainer, sibling: &SiblingView) -> anyhow::Result<StepContainer> {
        let view = sibling.view();
        let view = view.as_ref().context("every sibling has a view")?;
        let (workspace, layer) = view.mount(container.workspace.as_deref().context("every step has a workspace")?);
        Ok(StepContainer { workspace: Some(workspace.to_owned()), layer: layer.cloned(), ..container })
    }

    fn tell_of_copies(&self, reason: &str) {
        if !self.account.told_of_copies.swap(true, Ordering::Relaxed) {
            self.setup.note(&format!("parallel steps work on copies of the workspace: {reason}"));
        }
    }

    /// Merges what the siblings changed, unless nobody is to see it.
    pub(super) async fn merge(
        &self,
        stage: &Stage,
        views: Vec<SiblingView>,
        results: &[StepResult],
    ) -> Result<(), Failure> {
        let (Some(first), true) = (stage.steps.first(), views.iter().any(|view| view.counts)) else { return Ok(()) };
        if self.stops.now().is_some() || results.iter().any(|result| is_ours(&result.verdict)) {
            return Ok(());
        }
        let views = views.into_iter().map(|view| view.view.into_inner().unwrap_or_else(PoisonError::into_inner));
        let siblings: Vec<Sibling> = stage
            .steps
            .iter()
            .zip(views)
            .filter_map(|(step, view)| Some(Sibling { name: step.name.clone(), view: view? }))
            .collect();
        let began = Instant::now();
        let (workspace, replaced) = (self.folder.workspace(), self.folder.replaced(first.no));
        let merging = tokio::task::spawn_blocking(move || merge_into(&workspace, &siblings, &replaced));
        match self.stops.unless(merging).await {
            // The attempt's own reason to stop is told instead.
            Err(_) => Ok(()),
            Ok(Err(error)) => Err(not_merged(FailureClass::EngineFailed, &error.to_string())),
            Ok(Ok(Err(error))) => Err(self.tell_of_failure(stage, error)),
            Ok(Ok(Ok(0))) => Ok(()),
            Ok(Ok(Ok(paths))) => {
                let paths = if paths == 1 { "1 path".to_owned() } else { format!("{paths} paths") };
                let took = seconds(began.elapsed());
                self.setup.note(&format!("{paths} changed by {} merged in {took}", group(stage)));
                Ok(())
            }
        }
    }

    fn tell_of_failure(&self, stage: &Stage, error: NotMerged) -> Failure {
        match error {
            NotMerged::Failed(error) => not_merged(FailureClass::EngineFailed, &error.to_string()),
            NotMerged::Refused(message) => {
                self.setup.note(&message);
                Failure { class: FailureClass::StepFailed, message }
            }
            NotMerged::Clash { message, lines } => {
                self.setup
                    .note(&format!("{} changed the same paths in different ways; nothing is merged:", group(stage)));
                for line in lines {
                    self.setup.note(&line);
                }
                self.setup.note("let only one of them write there, or keep no changes at all: `merge: none`");
                Failure { class: FailureClass::StepFailed, message }
            }
        }
    }
}

fn not_merged(class: FailureClass, why: &str) -> Failure {
    Failure { class, message: format!("merge what parallel steps changed: {why}") }
}

fn group(stage: &Stage) -> String {
    match &stage.name {
        Some(name) => format!("the parallel steps \"{name}\""),
        None => "parallel steps".to_owned(),
    }
}

/// Nobody knows how the step ended, nor what of its changes is whole.
fn is_ours(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Failed(failure) => failure.class.is_infrastructure(),
        Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => false,
    }
}
