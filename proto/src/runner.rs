//! The runner protocol: HTTP and JSON, outbound from the runner only.
//!
//! | call | token | body → answer |
//! | --- | --- | --- |
//! | `POST /runner/v1/register` | registration | [`Register`] → [`Registered`] |
//! | `POST /runner/v1/hello` | runner | [`Hello`] → [`Welcome`]; a new life, after the sweep; earlier lives lose what they held |
//! | `POST /runner/v1/lease` | runner | [`LeaseRequest`] → [`Leased`]; held open up to [`LEASE_POLL_MS`] |
//! | `POST /runner/v1/beat` | runner | [`Beat`] → [`Beaten`] |
//! | `POST /runner/v1/hint` | runner | → [`Hinted`]; held open up to [`LEASE_POLL_MS`] |
//! | `POST /runner/v1/retire` | runner | [`Retire`] → 204; held attempts go back at once |
//! | `POST /runner/v1/attempts/{job}/{fence}/progress` | attempt | [`ProgressReport`] → 204 |
//! | `PUT /runner/v1/attempts/{job}/{fence}/logs/{step}?offset=N` | attempt | whole frames → [`LogAck`]; durable once answered |
//! | `POST /runner/v1/attempts/{job}/{fence}/tests` | attempt | [`TestBatch`] → 204; before the finish, the last with its reports |
//! | `POST /runner/v1/attempts/{job}/{fence}/finish` | attempt | [`Finish`] → [`Finished`] |
//! | `POST /runner/v1/attempts/{job}/{fence}/secrets` | attempt | → [`SecretsAnswer`](crate::SecretsAnswer) |
//! | `GET /runner/v1/attempts/{job}/{fence}/source` | attempt | → the snapshot's bytes |
//! | `POST /runner/v1/attempts/{job}/{fence}/blobs` | attempt | [`Blobs`] → [`Blobs`]: those that are not there |
//! | `PUT /runner/v1/attempts/{job}/{fence}/blobs/{id}` | attempt | bytes → 201, or 200 when they were there |
//! | `GET /runner/v1/attempts/{job}/{fence}/inputs/{n}` | attempt | → what the `n`th of the job's inputs kept, as tar; 204 for nothing |
//! | `POST /runner/v1/attempts/{job}/{fence}/caches` | attempt | [`CacheWanted`](crate::cache::CacheWanted) → [`CacheAnswer`](crate::cache::CacheAnswer) |
//! | `POST /runner/v1/attempts/{job}/{fence}/split/…` | attempt | the tests of a split job, see [`crate::split`] |
//! | `GET /runner/v1/attempts/{job}/{fence}/caches/{blob}` | attempt | → the archive of a cache that it may read |
//! | `POST /runner/v1/attempts/{job}/{fence}/digests` | attempt | [`DigestsTold`](crate::digest::DigestsTold) → [`DigestsKept`](crate::digest::DigestsKept) |
//! | `POST /runner/v1/attempts/{job}/{fence}/images` | attempt | [`ImageAsk`](crate::image::ImageAsk) → [`ImageAnswer`](crate::image::ImageAnswer); held open while another one builds |
//! | `POST /runner/v1/attempts/{job}/{fence}/images/told` | attempt | [`ImageTold`](crate::image::ImageTold) → 204; 409 `stale_claim` when the claim has passed on |
//! | `PUT /runner/v1/attempts/{job}/{fence}/images/{key}/inventory` | attempt | what is in it, JSON in zstd → 204 |
//! | `GET /runner/v1/attempts/{job}/{fence}/images/{key}/{blob}` | attempt | → a part of an image that is ready |
//!
//! Every write carries its attempt. A stale one gets 409 with code `stale_attempt` and changes nothing; every call
//! may be repeated. A lease request or beat of a life that the controller does not know (a newer one said hello, or
//! the controller started anew) gets 409 with code `unknown_life`: say hello again, with the same life, and go on.

use crate::artifact::KeptArtifacts;
use crate::cache::SavedCache;
use crate::fleet::Machine;
use crate::{
    AttemptId, BlobId, Commit, JobSpec, LifeId, LowDisk, RequestId, Resources, RunId, RunnerId, Source, StepNo,
    TestCase, TestReport, Timestamp, Trigger, Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version in the paths.
pub const PREFIX: &str = "/runner/v1";
/// A lease lasts this long after the last beat that the controller took.
pub const LEASE_TTL_MS: u64 = 30_000;
/// A runner beats this often, give or take a tenth.
pub const BEAT_EVERY_MS: u64 = 10_000;
/// A runner mentions a new attempt, in a beat or by its progress, within this time; else it may go to another.
pub const ACCEPT_WITHIN_MS: u64 = 10_000;
/// A runner stops trusting its lease this long before it would end.
pub const LEASE_MARGIN_MS: u64 = 5_000;
/// How long a lease request is held open without work.
pub const LEASE_POLL_MS: u64 = 25_000;
/// A runner without its controller goes on with ordinary jobs and spools for this long.
pub const DISCONNECTED_MS: u64 = 15 * 60_000;
/// Test cases in one batch.
pub const TEST_BATCH_CASES: usize = 500;
/// Bytes of a batch's texts as JSON, about: one case more may be in it.
pub const TEST_BATCH_BYTES: usize = 512 * 1024;
/// The longest body of a log call in bytes.
pub const LOG_CHUNK_MAX: usize = 2 * 1024 * 1024;

/// Enrols a runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// What people see; need not be unique.
    pub name: String,
}

/// The runner's identity, which it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// Who it is from now on.
    pub runner: RunnerId,
    /// Its secret, shown this once.
    pub token: String,
}

/// A process of a runner is up and has swept away what earlier lives left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// This process.
    pub life: LifeId,
    /// The program's version.
    pub version: String,
    /// Jobs it carries out at once, at least 1.
    pub slots: u32,
    /// `os`, `arch` and the operator's own.
    pub labels: BTreeMap<String, String>,
    /// What its machine has; what is not said is not counted.
    #[serde(default, skip_serializing_if = "Resources::is_unsaid")]
    pub resources: Resources,
}

/// The controller knows the runner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// Who the token belongs to.
    pub runner: RunnerId,
}

/// Asks for work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LeaseRequest {
    /// This process.
    pub life: LifeId,
    /// Made by the runner; repeated after a lost answer, it gets the same attempts.
    pub request: RequestId,
    /// The most attempts it can take, at least 1.
    pub slots: u32,
}

/// The answer to a lease request: nothing yet, or attempts that are now the runner's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Leased {
    /// Empty when there was no work: ask again, with a new request.
    pub assignments: Vec<Assignment>,
}

/// One attempt, and all a runner needs to carry it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The job and its fence.
    pub attempt: AttemptId,
    /// Opens this attempt's calls and nothing else; worthless once the fence has moved.
    pub token: String,
    /// The job's name.
    pub job_name: String,
    /// The job's address for people.
    pub job_url: String,
    /// The run it belongs to.
    pub run: AssignedRun,
    /// What to do.
    pub spec: JobSpec,
}

/// What a runner is told of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AssignedRun {
    /// Its id.
    pub id: RunId,
    /// Its number in the project, from 1.
    pub number: u64,
    /// The project's name.
    pub project: String,
    /// The project's repository, empty when it has none.
    pub repo_url: String,
    /// The project's default branch.
    pub default_branch: String,
    /// The run's address for people.
    pub url: String,
    /// What set it off.
    pub trigger: Trigger,
    /// Of what.
    pub commit: Commit,
    /// Where the files come from.
    pub source: Source,
    /// The values of the run's inputs, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// The digests of images, `sha256:…` by reference, that count in this run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub locked: BTreeMap<String, String>,
    /// Whether the controller is to be asked about known flaws of its images.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaws_judged: bool,
}

/// "I still hold these."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// This process.
    pub life: LifeId,
    /// Every attempt that it holds; empty is a beat as well.
    pub attempts: Vec<AttemptId>,
    /// It takes no new work.
    pub draining: bool,
    /// It takes no new work until there is room on its disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_disk: Option<LowDisk>,
    /// What its machine has, once it has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

/// What to do with each attempt of a beat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Beaten {
    /// One for each attempt of the beat, in its order.
    pub orders: Vec<AttemptOrder>,
}

/// What to do with one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttemptOrder {
    /// Which.
    pub attempt: AttemptId,
    /// What.
    pub order: Order,
}

/// What a runner is to do with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Carry on; the lease is renewed.
    GoOn,
    /// Stop it, then finish it as cancelled.
    Cancel,
    /// It is no longer the runner's: tear it down and report nothing.
    Drop,
}

/// Whether a runner is to beat now: an order waits for it. Beats are the truth; this one only makes them come sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Hinted {
    /// False: nothing came within the time; ask again.
    pub beat: bool,
}

/// The runner goes away; what it held goes back to the queue at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Retire {
    /// This process.
    pub life: LifeId,
}

/// What happened in an attempt, in order. Each is idempotent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProgressReport {
    /// At least one.
    pub events: Vec<Progress>,
}

/// Something that people who watch want to know before the job ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Progress {
    /// The setup came to a new part: `source`, `image`, `services`, `steps`, `teardown`.
    Phase {
        /// Which part.
        phase: Phase,
        /// Since when.
        at: Timestamp,
    },
    /// An image is ready on the runner's host.
    ImageReady(ImageUse),
    /// The container of a step or a service is about to start.
    StepStarted {
        /// Which step.
        step: StepNo,
        /// When.
        at: Timestamp,
    },
    /// A step ended, or a service.
    StepEnded(StepResult),
    /// A service is ready.
    ServiceReady {
        /// Which.
        service: StepNo,
        /// Since when.
        at: Timestamp,
    },
}

/// The parts of an attempt, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Getting the files of the commit.
    Source,
    /// Getting or building the images.
    Image,
    /// Waiting for its services to be ready.
    Services,
    /// Running steps.
    Steps,
    /// Taking everything down.
    Teardown,
}

/// An image that an attempt used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageUse {
    /// The reference that containers were made from: never `latest`.
    pub reference: String,
    /// The engine's id of it, `sha256:…`.
    pub id: String,
    /// The image key in hex, when it was built from a Dockerfile.
    pub key: Option<String>,
    /// True when this attempt built it, false when it was there.
    pub built: bool,
    /// How long it took to have it, in milliseconds.
    pub took_ms: u64,
    /// How it came here, when another runner built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<crate::image::Fetched>,
}

/// How a step ended, or a service: that one has passed if it was ready and ran as long as the steps did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StepResult {
    /// Which step.
    pub step: StepNo,
    /// How; a step with `allow_failure` is `failed` here and does not fail the job.
    pub verdict: Verdict,
    /// The program's exit code, when there is an exit record.
    pub code: Option<i32>,
    /// When its container was about to start; none when it never did.
    pub started: Option<Timestamp>,
    /// When it was over.
    pub ended: Timestamp,
    /// The log as the runner sent it; the controller's must be the same.
    pub log: LogDigest,
}

/// A log's length and hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogDigest {
    /// Frames included.
    pub bytes: u64,
    /// BLAKE3 in hex, of no bytes when there are none; empty only when `bytes` is 0.
    pub hash: String,
}

/// How much of a log is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogAck {
    /// The log's length now: the offset of the next chunk. An offset past it changes nothing; bytes before it are
    /// taken as a repeat.
    pub bytes: u64,
}

/// Test cases of the attempt. A case that was sent before is not changed by a repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TestBatch {
    /// The number of the first of these among all of the attempt's, from 0.
    pub first: u32,
    /// The next ones, in order.
    pub cases: Vec<TestCase>,
    /// Where they come from, once all were sent: only then do they count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<Vec<TestReport>>,
}

/// The attempt's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// How the job ended.
    pub verdict: Verdict,
    /// Every step of the job and then every service, in order; those that did not run are `skipped`.
    pub steps: Vec<StepResult>,
    /// The setup's log.
    pub setup_log: LogDigest,
    /// Images used.
    pub images: Vec<ImageUse>,
    /// What is kept of it.
    #[serde(default, skip_serializing_if = "Kept::is_nothing")]
    pub kept: Kept,
}

/// What an attempt leaves behind. Its bytes were put before; they count only if this finish is accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// One for each entry of `artifacts` of which there was something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<KeptArtifacts>,
    /// Those of its caches that it may save and that were not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<SavedCache>,
}

impl Kept {
    /// Whether there is nothing.
    pub fn is_nothing(&self) -> bool {
        self.artifacts.is_empty() && self.caches.is_empty()
    }
}

/// Some blobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Blobs {
    /// At most [`ASKED_MAX`](crate::artifact::ASKED_MAX).
    pub blobs: Vec<BlobId>,
}

/// The answer to a finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Finished {
    /// It is durable.
    Accepted,
    /// The same finish was accepted before.
    Already,
    /// A log is not whole: send it from `bytes` on, then finish again.
    LogMissing {
        /// Which log.
        step: StepNo,
        /// How much of it is durable.
        bytes: u64,
    },
    /// A log here is not what the runner sent. The attempt ends as `engine_failed`.
    LogDiffers {
        /// Which log.
        step: StepNo,
    },
}
