//! What clients of a controller say and see: the command line, the page, programs.
//!
//! | call | body → answer |
//! | --- | --- |
//! | `POST /api/v1/projects` | [`NewProject`] → [`ProjectView`] |
//! | `GET /api/v1/projects` | → [`Projects`] |
//! | `PUT /api/v1/blobs/{id}` | a snapshot's bytes → 201, or 200 when it was there |
//! | `HEAD /api/v1/blobs/{id}` | → 200 or 404 |
//! | `POST /api/v1/runs` | [`SubmitRun`] → 201 [`RunView`] |
//! | `GET /api/v1/runs?project=&limit=&before=` | → [`Runs`], newest first |
//! | `GET /api/v1/runs/{run}` | → [`RunView`]; `{run}` is an id, `project@number` (percent-encoded), or a job's id |
//! | `GET /api/v1/runs/{run}/environment` | → [`ComparedEnvironments`](crate::compared::ComparedEnvironments) |
//! | `GET /api/v1/runs/{run}/events` | → server-sent events `run`, each a whole [`RunView`], the last one ended |
//! | `POST /api/v1/runs/{run}/cancel` | → 202 [`RunView`] |
//! | `POST /api/v1/jobs/{job}/approval` | → [`RunView`]: the job waits for a person, and the caller is one who may |
//! | `POST /api/v1/runs/{run}/retry` | [`RetryRun`] → 201 [`RunView`] of the new run |
//! | `GET /api/v1/jobs/{job}/logs/{step}?attempt=&offset=&follow=&format=frames\|text` | → the log; follows to its end if asked |
//! | `GET /api/v1/runs/{run}/tests?job=&bad=&order=slowest&limit=` | → [`RunTests`](crate::tested::RunTests): what bad ones say first |
//! | `GET /api/v1/projects/{project}/tests?name=&limit=` | → [`TestHistory`](crate::tested::TestHistory) |
//! | `GET /api/v1/jobs/{job}/artifacts` | → [`ArtifactList`] of its newest attempt that ended |
//! | `GET /api/v1/jobs/{job}/artifacts/file?path=` | → the bytes of one file |
//! | `GET /api/v1/jobs/{job}/artifacts/tar` | → all of them as tar |
//! | `POST /api/v1/projects/{project}/pushes` | [`Push`] → 202 [`PushAnswer`] |
//! | `GET /api/v1/runners` | → [`Runners`] |
//! | `GET /api/v1/queue` | → [`QueueView`](crate::fleet::QueueView) |
//! | `POST /api/v1/runners/{name}/drain`, `…/resume` | → [`Runners`] of that name: they get nothing new, or jobs again |
//! | `POST /api/v1/tokens`, `GET`, `DELETE /api/v1/tokens/{id}` | [`NewToken`] → [`MadeToken`]; [`Tokens`]; 204 |
//! | `GET /api/v1/audit?before=&since=&limit=` | → [`AuditLog`](crate::audit::AuditLog), newest first |
//! | `POST /api/v1/secrets` | [`PutSecret`](crate::secret::PutSecret) → [`SecretView`](crate::secret::SecretView) |
//! | `GET /api/v1/secrets?project=` | → [`Secrets`](crate::secret::Secrets): all, or those that a project may get |
//! | `DELETE /api/v1/secrets/{name}?project=\|group=` | → 204; without either: that of all projects |
//! | `/api/v1/webhooks`, `/api/v1/deliveries` | [`webhook`](crate::webhook) |
//!
//! All need an API token as `Authorization: Bearer …`, of a role that may do it; what only reads takes the session of
//! somebody signed in at the page as well. Errors are [`ErrorBody`].

use crate::artifact::Content;
use crate::fleet::{Drained, Machine, PoolView, ProjectWaits};
use crate::runner::{ImageUse, LogDigest, Phase};
use crate::{
    Choice, Commit, JobId, LowDisk, Resources, Role, RunId, RunnerId, Schedule, Source, StepNo, StopReason, Timestamp,
    TokenId, Trigger, Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version in the paths.
pub const PREFIX: &str = "/api/v1";

/// The body of every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// A word for programs: `not_found`, `unauthorized`, `stale_attempt`, `bad_request`, `conflict`, `internal`, …
    pub code: String,
    /// A sentence for people, which says what to do where something can be done.
    pub message: String,
}

/// Makes a project known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// Lower-case letters, digits, `-`, `_`, `.` and `/`; starts with a letter or digit; at most 100 characters.
    pub name: String,
    /// `https://…`, `ssh://…`, `file:///…`, or empty for a project that only gets snapshots.
    pub repo_url: String,
    /// `main` unless told.
    pub default_branch: String,
}

/// A git repository that the controller knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectView {
    /// Its name.
    pub name: String,
    /// Its repository, or empty.
    pub repo_url: String,
    /// Its default branch.
    pub default_branch: String,
    /// When it was made known.
    pub created: Timestamp,
}

/// When a project's default branch wants runs without being asked, soonest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Schedules {
    /// Soonest first.
    pub schedules: Vec<ScheduleView>,
}

/// One entry of a project's schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleView {
    /// The project's name.
    pub project: String,
    /// What its pipeline says.
    pub entry: Schedule,
    /// When it is due next; none if it never is.
    pub next: Option<Timestamp>,
}

/// All projects, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Projects {
    /// By name.
    pub projects: Vec<ProjectView>,
}

/// Asks for a run. A project that is not known is made: with the repository of [`Source::Git`], without one for a
/// snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubmitRun {
    /// The project's name.
    pub project: String,
    /// What set it off.
    pub trigger: Trigger,
    /// Where the files come from. For [`Source::Git`] the controller reads the commit itself.
    pub source: Source,
    /// The commit a snapshot is based on; for git, its `ref` and `before` are taken from here, the rest is read.
    pub commit: Commit,
    /// The paths that a snapshot changed, for conditions that ask for paths; all when none is given. For git they are
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Vec<String>>,
    /// Values for the pipeline's inputs, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// Which part of the pipeline is to run.
    #[serde(default, skip_serializing_if = "Choice::is_all")]
    pub choice: Choice,
}

impl SubmitRun {
    /// All of the pipeline, with nothing given.
    pub fn new(project: String, trigger: Trigger, source: Source, commit: Commit) -> SubmitRun {
        let (inputs, choice) = Default::default();
        SubmitRun { project, trigger, source, commit, changed: None, inputs, choice }
    }
}

/// A repository's ref moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The full ref.
    #[serde(rename = "ref")]
    pub reference: String,
    /// 40 hex digits; zeros when it was made.
    pub before: String,
    /// 40 hex digits; zeros when it was removed, which makes no run.
    pub after: String,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushAnswer {
    /// The runs it made, one for each pipeline that it is for.
    pub runs: Vec<RunView>,
    /// Why it made none, or, where there are several pipelines, none of some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// Asks for a run to be run again, as a new run of the same commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetryRun {
    /// Jobs that passed are not run again.
    pub failed_only: bool,
    /// The images are those of the earlier run, by their digests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
}

/// Where a run or job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// For jobs it needs.
    Waiting,
    /// For a runner.
    Queued,
    /// On a runner.
    Running,
    /// It has a verdict.
    Ended,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// Its project.
    pub project: String,
    /// Its number in the project, from 1.
    pub number: u64,
    /// Which of the project's pipelines, where they are in a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// What set it off.
    pub trigger: Trigger,
    /// Of what.
    pub commit: Commit,
    /// Where it is in its life.
    pub state: State,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When its first job was leased.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// Where a run is, as lists tell it: on its way, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunStage {
    /// No job of it has begun.
    Queued,
    /// A job of it has begun.
    Running,
    /// All of it passed.
    Passed,
    /// Something failed.
    Failed,
    /// Somebody stopped it, or something newer came.
    Cancelled,
    /// Nothing had to run.
    Skipped,
}

impl RunStage {
    /// All of them.
    pub const ALL: [RunStage; 6] = [
        RunStage::Queued,
        RunStage::Running,
        RunStage::Passed,
        RunStage::Failed,
        RunStage::Cancelled,
        RunStage::Skipped,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            RunStage::Queued => "queued",
            RunStage::Running => "running",
            RunStage::Passed => "passed",
            RunStage::Failed => "failed",
            RunStage::Cancelled => "cancelled",
            RunStage::Skipped => "skipped",
        }
    }
}

/// Which runs somebody asks for: those that are all of what is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(default, deny_unknown_fields)]
pub struct RunsAsked {
    /// A project's.
    pub project: Option<String>,
    /// Of a branch, by its name or as `refs/…`.
    pub branch: Option<String>,
    /// Of commits whose author begins so.
    pub author: Option<String>,
    /// That are there.
    pub state: Option<RunStage>,
    /// Of which a job ran in the image whose key begins so, in hex.
    pub image: Option<String>,
    /// Older than this one.
    pub before: Option<RunId>,
    /// How many: 50 when nothing is said, 500 at most.
    pub limit: Option<usize>,
}

/// Runs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Runs {
    /// Newest first.
    pub runs: Vec<RunSummary>,
    /// Give it as `before` to get the next page; none on the last.
    pub next: Option<RunId>,
}

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

/// Runners, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Runners {
    /// By name.
    pub runners: Vec<RunnerView>,
    /// By their labels; none where only some runners are told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolView>,
    /// By project, of the newest 300 runs those that began; none where only some runners are told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<ProjectWaits>,
}

/// An enrolled runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunnerView {
    /// Its id.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
    /// `up`, `draining`, or `silent` when no beat came for a lease's time.
    pub state: RunnerState,
    /// The program's version.
    pub version: String,
    /// Jobs it carries out at once.
    pub slots: u32,
    /// Jobs it carries out now.
    pub busy: u32,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What its machine has.
    #[serde(default, skip_serializing_if = "Resources::is_unsaid")]
    pub resources: Resources,
    /// When it was last heard.
    pub seen: Timestamp,
    /// Why it takes no work although it is up: its disk is too full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_disk: Option<LowDisk>,
    /// Why it gets nothing new: an operator took it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drained: Option<Drained>,
    /// What its machine has; none until it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

/// Whether a runner takes work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// It takes work.
    Up,
    /// It finishes what it holds.
    Draining,
    /// Nothing was heard of it for a lease's time.
    Silent,
}

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// The API, whole.
    Api,
    /// Only pushes of one project: what a repository's hook holds.
    Push,
    /// The enrolment of runners.
    Registration,
}

/// Asks for a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it opens.
    pub kind: TokenKind,
    /// The project, for [`TokenKind::Push`].
    pub project: Option<String>,
    /// Gone after this time; never when none.
    pub expires_in_ms: Option<u64>,
    /// Gone after its first use; for [`TokenKind::Registration`].
    pub single_use: bool,
    /// What its holder may do, for [`TokenKind::Api`]; everything when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// A new token; its secret is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeToken {
    /// Its public name.
    pub id: TokenId,
    /// What to send.
    pub token: String,
}

/// Tokens, without their secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// Oldest first.
    pub tokens: Vec<TokenView>,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenView {
    /// Its public name.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// What it opens.
    pub kind: TokenKind,
    /// The project, for [`TokenKind::Push`].
    pub project: Option<String>,
    /// Since when.
    pub created: Timestamp,
    /// Until when.
    pub expires: Option<Timestamp>,
    /// What its holder may do, for [`TokenKind::Api`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// When it was last used; none when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Timestamp>,
}
