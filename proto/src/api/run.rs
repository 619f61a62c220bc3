//! A run, whole: its jobs, their attempts and steps, what they wait for and what they left.

use super::{RunSummary, State};
use crate::artifact::Content;
use crate::runner::{ImageUse, LogDigest, Phase};
use crate::{JobId, RunId, RunnerId, StepNo, StopReason, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunView {
    /// What a list shows of it.
    pub summary: RunSummary,
    /// Its address for people.
    pub url: String,
    /// The run that this one is a retry of.
    pub retry_of: Option<RunId>,
    /// What is wrong with its pipeline, as people see it, with places and excerpts.
    pub diagnostics: Option<String>,
    /// Why it is, or was, stopped before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StopReason>,
    /// In the order of the file.
    pub jobs: Vec<JobView>,
    /// The jobs whose tests are split over their copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<crate::split::SplitSum>,
    /// The digests of the images that it used, `sha256:…` by reference. One that only a runner's host had is not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
}

/// A job of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// The job of the file that it is one of, where a matrix or `parallelism` makes several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The jobs it needs.
    pub needs: Vec<String>,
    /// Its failure does not fail the run.
    pub allow_failure: bool,
    /// Where it is in its life.
    pub state: State,
    /// What it waits for, while it is waiting or queued, or running on a runner of which nothing is heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitView>,
    /// Who agreed that it runs, where that was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<ApprovedView>,
    /// Why it alone is, or was, stopped before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StopReason>,
    /// What it does now, while it is running.
    pub phase: Option<Phase>,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// Every try, the newest last.
    pub attempts: Vec<AttemptView>,
    /// The steps of the newest attempt, or what they will be.
    pub steps: Vec<StepView>,
    /// Its services, in the same way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceView>,
    /// What came of its tests, where it tells of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<crate::tested::TestSum>,
    /// The queue of tests that it works off, beside its copies, where its tests are split: see `splits` of the run,
    /// where the queue is as soon as one of them has listed the tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
}

/// Somebody agreed that a job runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovedView {
    /// The name of the token that it was done with.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a job waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitView {
    /// For programs.
    pub kind: WaitFor,
    /// For people: `no runner with gpu=true`, `2 jobs ahead`.
    pub message: String,
    /// When it is expected to start, where that can be foreseen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<Timestamp>,
}

impl WaitView {
    /// `2 jobs ahead; starts in about 3 min`
    pub fn told(&self, now: Timestamp) -> String {
        let Some(starts) = self.starts else { return self.message.clone() };
        let minutes = starts.since(now).as_secs().div_ceil(60);
        let within = match starts.since(now).as_secs() {
            0 => "any moment".to_owned(),
            1..60 => "in less than a minute".to_owned(),
            60..5_400 => format!("in about {minutes} min"),
            _ => format!("in about {} h", (minutes + 30) / 60),
        };
        format!("{}; starts {within}", self.message)
    }
}

/// The kinds of waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// For jobs it needs.
    Needs,
    /// For a person to agree.
    Approval,
    /// For its group, or its run's.
    Group,
    /// Until it is tried again.
    BackOff,
    /// No runner is up, or nothing is heard of the one that has it.
    Runner,
    /// No runner that is up has its labels.
    Labels,
    /// No runner that is up is large enough.
    Resources,
    /// Others go first.
    Turn,
}

/// One try of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptView {
    /// Its number, from 1.
    pub fence: u64,
    /// Who tried.
    pub runner: RunnerId,
    /// That runner's name.
    pub runner_name: String,
    /// Since when.
    pub started: Timestamp,
    /// Until when.
    pub ended: Option<Timestamp>,
    /// How it ended; an attempt whose runner was lost is `failed` with `runner_lost`.
    pub verdict: Option<Verdict>,
    /// Images it used.
    pub images: Vec<ImageUse>,
    /// What was kept of its files, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<ArtifactsView>,
}

/// How much was kept of an attempt's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArtifactsView {
    /// Files and links.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Until when all of them are there.
    pub expires: Timestamp,
}

/// What was kept of a job's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArtifactList {
    /// By path.
    pub artifacts: Vec<ArtifactView>,
}

/// A file, or a link, that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArtifactView {
    /// Its path in the workspace.
    pub path: String,
    /// What it is.
    pub content: Content,
    /// Until when it is there.
    pub expires: Timestamp,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepView {
    /// Its number, from 1.
    pub no: StepNo,
    /// Its name.
    pub name: String,
    /// The stage it is in, from 0: steps of one `parallel:` group share it.
    pub stage: u32,
    /// The name of that group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Where it is in its life; never `queued`.
    pub state: State,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// Its failure does not end the job.
    pub allow_failure: bool,
    /// The program's exit code.
    pub code: Option<i32>,
    /// When its container was about to start.
    pub started: Option<Timestamp>,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// Its log, once it ended.
    pub log: Option<LogDigest>,
}

/// A service of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceView {
    /// The number of its log, from 10,001.
    pub no: StepNo,
    /// Its name.
    pub name: String,
    /// Where it is in its life; never `queued`.
    pub state: State,
    /// How it ended: it has passed if it was ready and ran as long as the steps did.
    pub verdict: Option<Verdict>,
    /// Its program's exit code.
    pub code: Option<i32>,
    /// When its container was about to start.
    pub started: Option<Timestamp>,
    /// Since when it is ready, while its job runs.
    pub ready: Option<Timestamp>,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// Its log, once it ended.
    pub log: Option<LogDigest>,
}
