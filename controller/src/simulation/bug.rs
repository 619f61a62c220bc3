//! Faults that are planted around the core, to prove that the simulation would find them. Production code has none of
//! this: a fault changes what goes into the core or the store, or what comes out.

use super::ledger::Ledger;
use super::workload::labels_of;
use crate::core::event::{ActiveRun, Event, RunContent, StoredState};
use sidings_proto::runner::Finish;
use sidings_proto::{AttemptId, Timestamp, Verdict};
use std::sync::Arc;

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// The store forgets a job's outcome at a restart, and takes another one later (I1).
    SecondOutcomeTaken,
    /// The store tells a fence too low at a restart (I1).
    FenceHandedOutTwice,
    /// A late message counts as one of the newest attempt (I2).
    StaleMessagesBelieved,
    /// Whoever submits a run is told that it is accepted before that is durable (I4).
    AcceptedBeforeSaved,
    /// A run that only waits for runners is forgotten at a restart (I4).
    QueuedRunForgotten,
    /// Where an exit record is missing, code 0 is assumed (I6).
    MissingRecordIsSuccess,
    /// Every runner seems to have every label (place).
    LabelsMadeUp,
    /// The store forgets at a restart how often a job has failed (retry).
    FailuresForgotten,
    /// A run that waits for its group has none after a restart (group).
    GroupForgotten,
}

impl Bug {
    /// What reaches the core of an event.
    pub(super) fn bend(bug: Option<Bug>, ledger: &Ledger, mut event: Event) -> Event {
        match &mut event {
            Event::Finished { attempt, .. } | Event::GaveBack { attempt, .. } | Event::Progressed { attempt, .. }
                if bug == Some(Bug::StaleMessagesBelieved) =>
            {
                *attempt = ledger.newest(*attempt);
            }
            Event::Finished { finish, .. } if bug == Some(Bug::MissingRecordIsSuccess) => assume_success(finish),
            Event::RunnerUp { hello, .. } if bug == Some(Bug::LabelsMadeUp) => hello.labels = labels_of(0),
            Event::Beat { attempts, .. } if bug == Some(Bug::StaleMessagesBelieved) => {
                attempts.iter_mut().for_each(|attempt: &mut AttemptId| *attempt = ledger.newest(*attempt));
            }
            Event::Submitted { .. }
            | Event::RunnerUp { .. }
            | Event::LeaseAsked { .. }
            | Event::LeaseDropped { .. }
            | Event::Beat { .. }
            | Event::Progressed { .. }
            | Event::Finished { .. }
            | Event::GaveBack { .. }
            | Event::RunnerRetired { .. }
            | Event::RunnerRevoked { .. }
            | Event::CancelAsked { .. }
            | Event::Approved { .. }
            | Event::DrainAsked { .. }
            | Event::ResumeAsked { .. }
            | Event::Tick => {}
        }
        event
    }

    /// What the store tells at a restart.
    pub(super) fn forget(bug: Option<Bug>, now: Timestamp, mut runs: Vec<ActiveRun>) -> Vec<ActiveRun> {
        match bug {
            Some(Bug::SecondOutcomeTaken) => {
                let jobs = runs.iter_mut().flat_map(|run| &mut run.jobs);
                jobs.filter(|job| job.fence > 0 && matches!(job.state, StoredState::Ended(_)))
                    .for_each(|job| job.state = StoredState::Queued { since: now, not_before: now });
            }
            Some(Bug::FenceHandedOutTwice) => {
                let jobs = runs.iter_mut().flat_map(|run| &mut run.jobs);
                jobs.filter(|job| matches!(job.state, StoredState::Queued { .. }))
                    .for_each(|job| job.fence = job.fence.saturating_sub(1));
            }
            Some(Bug::QueuedRunForgotten) => runs.retain(|run| run.jobs.iter().any(|job| job.fence > 0)),
            Some(Bug::GroupForgotten) => runs.iter_mut().for_each(forget_group),
            Some(Bug::FailuresForgotten) => {
                runs.iter_mut().flat_map(|run| &mut run.jobs).for_each(|job| job.own_failures = 0);
            }
            Some(
                Bug::StaleMessagesBelieved | Bug::AcceptedBeforeSaved | Bug::MissingRecordIsSuccess | Bug::LabelsMadeUp,
            )
            | None => {}
        }
        runs
    }

    /// Whether the store takes what it should refuse.
    pub(super) fn ignores_conflicts(bug: Option<Bug>) -> bool {
        bug == Some(Bug::SecondOutcomeTaken)
    }
}

fn forget_group(run: &mut ActiveRun) {
    if run.jobs.iter().any(|job| job.state != StoredState::Waiting) {
        return;
    }
    let spec = Arc::make_mut(&mut run.run);
    if let RunContent::Plan { plan, .. } = &mut spec.content {
        plan.concurrency = None;
    }
}

fn assume_success(finish: &mut Finish) {
    for step in &mut finish.steps {
        if step.code.is_none() {
            (step.code, step.verdict) = (Some(0), Verdict::Passed);
        }
    }
}
