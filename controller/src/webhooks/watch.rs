//! What records say that webhooks want to know: seen in the loop, before the records are saved, so that both are saved
//! together. It keeps what it must know of runs that have not ended, webhooks or none: one may come at any time.

use super::book::Book;
use super::due::PATIENCE;
use crate::core::event::{ActiveRun, Record, RunContent, RunSpec};
use crate::store::webhooks::StoredDelivery;
use sidings_proto::webhook::{DeliveryState, WebhookEvent};
use sidings_proto::{DeliveryId, JobId, RunId, Timestamp, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The runs that have not ended, as far as they were told of.
pub(crate) struct Watch {
    book: Arc<Book>,
    runs: BTreeMap<RunId, Seen>,
    jobs: BTreeMap<JobId, RunId>,
}

struct Seen {
    spec: Arc<RunSpec>,
    started: bool,
    /// Some of its jobs wait for a person, sooner or later.
    may_ask: bool,
    /// Jobs of which people were told that they wait for them.
    asked: BTreeSet<JobId>,
}

impl Watch {
    /// `asking`: the jobs of a run that wait for a person now; they were told of.
    pub(crate) fn restore(book: Arc<Book>, active: &[ActiveRun], asking: impl Fn(RunId) -> Vec<JobId>) -> Self {
        let mut watch = Self { book, runs: BTreeMap::new(), jobs: BTreeMap::new() };
        for ActiveRun { run, began, .. } in active {
            watch.add(run);
            if let Some(seen) = watch.runs.get_mut(&run.id) {
                seen.started = began.is_some();
                seen.asked.extend(asking(run.id));
            }
        }
        watch
    }

    /// What these records are to be told as. `asking`: the jobs of a run that wait for a person after them.
    pub(crate) fn tell(
        &mut self,
        now: Timestamp,
        records: &[Record],
        asking: impl Fn(RunId) -> Vec<JobId>,
    ) -> Vec<StoredDelivery> {
        let (mut told, mut touched) = (Vec::new(), BTreeSet::new());
        for record in records {
            touched.extend(self.see(record, &mut told));
        }
        // The end of a run may let others in.
        if records.iter().any(|record| matches!(record, Record::RunEnded { .. })) {
            touched.extend(self.runs.keys());
        }
        for run in touched {
            if self.runs.get(&run).is_some_and(|seen| seen.may_ask) {
                self.ask(now, run, asking(run), &mut told);
            }
        }
        told
    }

    /// Rings for those who send.
    pub(crate) fn ring(&self) {
        self.book.bell.notify_one();
    }

    /// Gives the run where a job may wait for a person from now on.
    fn see(&mut self, record: &Record, told: &mut Vec<StoredDelivery>) -> Option<RunId> {
        match record {
            Record::RunAccepted { run, at } => {
                self.add(run);
                self.tell_of(run, WebhookEvent::RunQueued, (*at, None), None, told);
                Some(run.id)
            }
            Record::AttemptStarted { attempt, at, .. } => {
                let seen = self.jobs.get(&attempt.job).and_then(|run| self.runs.get_mut(run))?;
                if !std::mem::replace(&mut seen.started, true) {
                    let spec = seen.spec.clone();
                    self.tell_of(&spec, WebhookEvent::RunStarted, (*at, None), None, told);
                }
                None
            }
            Record::RunEnded { run, at, verdict } => {
                let seen = self.runs.remove(run)?;
                if let RunContent::Plan { job_ids, .. } = &seen.spec.content {
                    for job in job_ids {
                        self.jobs.remove(job);
                    }
                }
                self.tell_of(&seen.spec, WebhookEvent::RunEnded, (*at, Some(verdict)), None, told);
                None
            }
            Record::JobEnded { job, .. } => self.jobs.get(job).copied(),
            Record::JobQueued { .. }
            | Record::AttemptProgressed { .. }
            | Record::AttemptEnded { .. }
            | Record::ArtifactsKept { .. }
            | Record::CachesSaved { .. }
            | Record::RunCancelling { .. }
            | Record::JobStopping { .. }
            | Record::JobApproved { .. }
            | Record::PaceLearnt { .. }
            | Record::RunnersDrained { .. }
            | Record::RunnersResumed { .. } => None,
        }
    }

    fn ask(&mut self, now: Timestamp, run: RunId, jobs: Vec<JobId>, told: &mut Vec<StoredDelivery>) {
        for job in jobs {
            let Some(seen) = self.runs.get_mut(&run) else { return };
            if seen.asked.insert(job) {
                let spec = seen.spec.clone();
                self.tell_of(&spec, WebhookEvent::ApprovalNeeded, (now, None), Some(job), told);
            }
        }
    }

    fn tell_of(
        &self,
        run: &RunSpec,
        event: WebhookEvent,
        (at, verdict): (Timestamp, Option<&Verdict>),
        job: Option<JobId>,
        told: &mut Vec<StoredDelivery>,
    ) {
        let webhooks = self.book.told(event, &run.project, &run.commit, verdict);
        told.extend(webhooks.iter().map(|name| StoredDelivery { run: Some(run.id), job, ..new(name, event, at) }));
    }

    fn add(&mut self, run: &Arc<RunSpec>) {
        let mut may_ask = false;
        if let RunContent::Plan { job_ids, plan } = &run.content {
            self.jobs.extend(job_ids.iter().map(|job| (*job, run.id)));
            may_ask = plan.jobs.iter().any(|job| job.scheduling.approval.is_some());
        }
        let seen = Seen { spec: run.clone(), started: false, may_ask, asked: BTreeSet::new() };
        self.runs.entry(run.id).or_insert(seen);
    }
}

/// A delivery that is to be tried at once.
pub(super) fn new(webhook: &str, event: WebhookEvent, at: Timestamp) -> StoredDelivery {
    StoredDelivery {
        id: DeliveryId::new(),
        webhook: webhook.to_owned(),
        event,
        run: None,
        job: None,
        at,
        body: None,
        state: DeliveryState::Waiting,
        tries: 0,
        tried: None,
        next: Some(at),
        until: at + PATIENCE,
        status: None,
        answer: String::new(),
    }
}
