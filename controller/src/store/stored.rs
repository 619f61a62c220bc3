//! A run as records add up to it: pure values, the same from every store, and what follows from them.

use super::RunFilter;
use crate::core::event::{ActiveJob, ActiveRun, RunContent, RunSpec, StoredState};
use sidings_proto::api::{ApprovedView, RunStage, RunsAsked, State};
use sidings_proto::artifact::KeptArtifacts;
use sidings_proto::cache::SavedCache;
use sidings_proto::runner::{ImageUse, Progress, StepResult};
use sidings_proto::{
    BlobId, Commit, FailureClass, JobId, LifeId, RequestId, RunId, RunnerId, StopReason, Timestamp, Trigger, Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A run, whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredRun {
    pub(crate) spec: Arc<RunSpec>,
    pub(crate) accepted: Timestamp,
    /// Why it is being stopped, if it is.
    pub(crate) stopping: Option<StopReason>,
    pub(crate) ended: Option<(Timestamp, Verdict)>,
    /// In the plan's order.
    pub(crate) jobs: Vec<StoredJob>,
}

/// A job of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct StoredJob {
    /// The highest fence ever handed out.
    pub(crate) fence: u64,
    /// Since when it waits for a runner, and until when it is held back; none once it was handed out. The attempt
    /// before may not be over yet: its runner fell silent and may still come back.
    pub(crate) queued: Option<(Timestamp, Timestamp)>,
    /// By fence.
    pub(crate) attempts: Vec<StoredAttempt>,
    pub(crate) outcome: Option<(Timestamp, Verdict)>,
    /// Why it is being stopped, if it is and its run is not.
    pub(crate) stopping: Option<StopReason>,
    pub(crate) approved: Option<ApprovedView>,
}

/// One try of a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredAttempt {
    pub(crate) fence: u64,
    pub(crate) runner: RunnerId,
    pub(crate) life: LifeId,
    pub(crate) request: RequestId,
    pub(crate) started: Timestamp,
    /// What it said while it ran, by [`about`]; empty once `ended` says the same for good.
    pub(crate) progress: BTreeMap<String, Progress>,
    pub(crate) ended: Option<AttemptEnd>,
    /// What it kept of its files, and is still there.
    pub(crate) artifacts: Vec<StoredArtifacts>,
}

/// What was kept of one entry of `artifacts`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredArtifacts {
    pub(crate) manifest: BlobId,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) expires: Timestamp,
}

impl StoredArtifacts {
    /// Kept from then on.
    pub(crate) fn of(kept: &KeptArtifacts, at: Timestamp) -> Self {
        let expires = Timestamp(at.0.saturating_add_unsigned(kept.expire_in_ms));
        Self { manifest: kept.manifest.clone(), entries: kept.entries, bytes: kept.bytes, expires }
    }
}

/// A cache.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredCache {
    pub(crate) project: String,
    /// Whose of the project's it is.
    pub(crate) scope: String,
    pub(crate) key: String,
    pub(crate) blob: BlobId,
    pub(crate) bytes: u64,
    pub(crate) created: Timestamp,
    /// When it was asked for last.
    pub(crate) used: Timestamp,
}

impl StoredCache {
    /// Those that a record is about.
    pub(crate) fn of(at: Timestamp, project: &str, scope: &str, saved: &[SavedCache]) -> Vec<Self> {
        let (project, scope) = (project.to_owned(), scope.to_owned());
        let cache = |saved: &SavedCache| Self {
            project: project.clone(),
            scope: scope.clone(),
            key: saved.key.clone(),
            blob: saved.blob.clone(),
            bytes: saved.bytes,
            created: at,
            used: at,
        };
        saved.iter().map(cache).collect()
    }
}

/// What is known of the image of a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredImage {
    pub(crate) name: crate::images::Name,
    pub(crate) claim: crate::images::claims::Claim,
    /// When somebody asked for it or told of it last, within an hour.
    pub(crate) used: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttemptEnd {
    pub(crate) at: Timestamp,
    pub(crate) verdict: Verdict,
    pub(crate) steps: Vec<StepResult>,
    pub(crate) images: Vec<ImageUse>,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredSummary {
    pub(crate) id: RunId,
    pub(crate) project: String,
    pub(crate) number: u64,
    pub(crate) pipeline: Option<String>,
    pub(crate) trigger: Trigger,
    pub(crate) commit: Commit,
    pub(crate) accepted: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Option<(Timestamp, Verdict)>,
}

/// What a progress event is about: a later event about the same takes the earlier one's place.
pub(crate) fn about(event: &Progress) -> String {
    match event {
        Progress::Phase { .. } => "phase".to_owned(),
        Progress::ImageReady(image) => format!("image {}", image.reference),
        Progress::StepStarted { step, .. } => format!("step {:010} started", step.0),
        Progress::StepEnded(result) => format!("step {:010} ended", result.step.0),
        Progress::ServiceReady { service, .. } => format!("step {:010} ready", service.0),
    }
}

/// Whether the end of an attempt says all that its progress did, so that the progress can go.
pub(crate) fn end_says_all(steps: &[StepResult]) -> bool {
    !steps.is_empty()
}

impl StoredRun {
    /// A run that was just accepted.
    pub(crate) fn accepted(spec: Arc<RunSpec>, accepted: Timestamp) -> Self {
        let jobs = match &spec.content {
            RunContent::Plan { plan, .. } => plan.jobs.len(),
            RunContent::Invalid { .. } => 0,
        };
        Self { spec, accepted, stopping: None, ended: None, jobs: vec![StoredJob::default(); jobs] }
    }

    /// Its jobs, in the plan's order.
    pub(crate) fn job_ids(&self) -> &[JobId] {
        match &self.spec.content {
            RunContent::Plan { job_ids, .. } => job_ids,
            RunContent::Invalid { .. } => &[],
        }
    }

    /// A job's place in the plan.
    pub(crate) fn place_of(&self, job: JobId) -> Option<usize> {
        match &self.spec.content {
            RunContent::Plan { job_ids, .. } => job_ids.iter().position(|id| *id == job),
            RunContent::Invalid { .. } => None,
        }
    }

    /// A job's place in the plan, by its name.
    pub(crate) fn place_named(&self, name: &str) -> Option<usize> {
        match &self.spec.content {
            RunContent::Plan { plan, .. } => plan.jobs.iter().position(|job| job.name == name),
            RunContent::Invalid { .. } => None,
        }
    }

    /// When its first job was leased.
    pub(crate) fn started(&self) -> Option<Timestamp> {
        self.jobs.iter().flat_map(|job| &job.attempts).map(|attempt| attempt.started).min()
    }

    /// What a list shows of it.
    pub(crate) fn summary(&self) -> StoredSummary {
        StoredSummary {
            id: self.spec.id,
            project: self.spec.project.clone(),
            number: self.spec.number,
            pipeline: self.spec.choice.pipeline.clone(),
            trigger: self.spec.trigger,
            commit: self.spec.commit.clone(),
            accepted: self.accepted,
            started: self.started(),
            ended: self.ended.clone(),
        }
    }

    /// What the core goes on with.
    pub(crate) fn active(&self) -> ActiveRun {
        ActiveRun {
            run: self.spec.clone(),
            accepted: self.accepted,
            began: self.started(),
            stopping: self.stopping.clone(),
            jobs: self.jobs.iter().map(StoredJob::active).collect(),
        }
    }
}

impl RunFilter {
    /// As somebody asks for it.
    pub(crate) fn asked(asked: RunsAsked, limit: usize) -> RunFilter {
        let RunsAsked { project, branch, author, state, image, before, limit: _ } = asked;
        let reference = |branch: String| match branch.starts_with("refs/") {
            true => branch,
            false => format!("refs/heads/{branch}"),
        };
        RunFilter { project, reference: branch.map(reference), author, stage: state, image, before, limit }
    }

    /// Whether a list of these shows the run, but for the images that it ran in.
    pub(crate) fn wants(&self, run: &StoredSummary) -> bool {
        self.project.as_ref().is_none_or(|project| *project == run.project)
            && self.reference.as_ref().is_none_or(|reference| *reference == run.commit.reference)
            && self.author.as_ref().is_none_or(|author| run.commit.author.starts_with(author.as_str()))
            && self.stage.is_none_or(|stage| stage == run.stage())
            && self.before.is_none_or(|before| run.id < before)
    }
}

impl StoredSummary {
    /// Where the run is, as lists tell it.
    pub(crate) fn stage(&self) -> RunStage {
        match (&self.ended, self.started) {
            (Some((_, Verdict::Passed)), _) => RunStage::Passed,
            (Some((_, Verdict::Failed(_))), _) => RunStage::Failed,
            (Some((_, Verdict::Cancelled)), _) => RunStage::Cancelled,
            (Some((_, Verdict::Skipped { .. })), _) => RunStage::Skipped,
            (None, Some(_)) => RunStage::Running,
            (None, None) => RunStage::Queued,
        }
    }

    /// Where the run is in its life.
    pub(crate) fn state(&self) -> State {
        match (&self.ended, self.started) {
            (Some(_), _) => State::Ended,
            (None, Some(_)) => State::Running,
            (None, None) => State::Queued,
        }
    }
}

impl StoredJob {
    /// The attempt that is out with a runner.
    pub(crate) fn out(&self) -> Option<&StoredAttempt> {
        self.attempts.last().filter(|attempt| attempt.ended.is_none())
    }

    /// Where it is in its life.
    pub(crate) fn state(&self) -> StoredState {
        match (&self.outcome, self.queued, self.out()) {
            (Some((_, verdict)), _, _) => StoredState::Ended(verdict.clone()),
            (None, Some((since, not_before)), _) => StoredState::Queued { since, not_before },
            (None, None, Some(out)) => {
                let StoredAttempt { runner, life, request, started, .. } = *out;
                StoredState::Leased { runner, life, request, started }
            }
            (None, None, None) => StoredState::Waiting,
        }
    }

    fn active(&self) -> ActiveJob {
        ActiveJob {
            fence: self.fence,
            infrastructure_failures: self.failures(FailureClass::is_infrastructure),
            own_failures: self.failures(|class| !class.is_infrastructure()),
            stopping: self.stopping.clone(),
            approved: self.approved.is_some(),
            state: self.state(),
        }
    }

    /// Attempts that failed in such a way.
    fn failures(&self, is_meant: impl Fn(FailureClass) -> bool) -> u32 {
        let failed = |attempt: &&StoredAttempt| match attempt.ended.as_ref().map(|end| &end.verdict) {
            Some(Verdict::Failed(failure)) => is_meant(failure.class),
            Some(Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. }) | None => false,
        };
        u32::try_from(self.attempts.iter().filter(failed).count()).unwrap_or(u32::MAX)
    }
}
