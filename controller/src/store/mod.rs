//! What the controller remembers across its lives: records in one transaction, and what they add up to.
//!
//! Two stores keep the same contract, [`sqlite`] and [`in_memory`]; one suite holds both to it. A store decides
//! nothing. It refuses what would break the fence: a second, other outcome of a job (I1) and a fence that was handed
//! out before (I2). It gives the domain's words back, never rows.

pub(crate) mod in_memory;
pub(crate) mod inventories;
pub(crate) mod remembered;
pub(crate) mod splits;
pub(crate) mod sqlite;
pub(crate) mod stored;
pub(crate) mod tested;
pub(crate) mod view;
pub(crate) mod webhooks;

#[cfg(test)]
mod conformance;

use crate::core::event::{ActiveRun, Record};
use crate::images::Name;
use async_trait::async_trait;
use inventories::{PackageFilter, StoredInventory};
use sidings_proto::api::{ProjectView, RunStage};
use sidings_proto::audit::AuditEntry;
use sidings_proto::fleet::Drained;
use sidings_proto::inventory::{BuiltImage, FoundPackage};
use sidings_proto::runner::{Hello, TestBatch};
use sidings_proto::split::SplitSum;
use sidings_proto::tested::TestSeries;
use sidings_proto::{
    AttemptId, BlobId, DeliveryId, JobId, Role, RunId, RunnerId, Schedule, SecretRules, SecretScope, TestCase,
    TestReport, Timestamp, TokenId,
};
use splits::{EndedTest, Past, SplitKey, SplitSetup, StoredSplit};
use std::collections::{BTreeMap, BTreeSet};
use stored::{StoredCache, StoredImage, StoredRun, StoredSummary};
use tested::{CaseFilter, TestsOf};
use webhooks::{StoredDelivery, StoredWebhook};

/// A sealed value: which key it takes, the nonce, and what only that key opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sealed(pub(crate) Vec<u8>);

/// Why records were not written. Nothing of their transaction was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// The job has another outcome already (I1).
    #[error("job {0} already has another outcome")]
    SecondOutcome(JobId),
    /// The fence was handed out before, or is below one that was (I2).
    #[error("fence {1} of job {0} is stale")]
    StaleFence(JobId, u64),
    /// The record names something that was never written.
    #[error("nothing is known of {0}")]
    Unknown(String),
    /// The store itself failed.
    #[error("the store failed")]
    Store(#[source] anyhow::Error),
}

impl CommitError {
    /// Any error that says nothing about the records.
    pub(crate) fn store(error: impl Into<anyhow::Error>) -> CommitError {
        CommitError::Store(error.into())
    }
}

/// What a token opens, as the store keeps it: the three kinds that people make, and the one that runners get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenScope {
    /// The API, as far as the role goes.
    Api(Role),
    /// Pushes of one project.
    Push { project: String },
    /// The enrolment of runners, once or often.
    Registration { single_use: bool },
    /// One runner's calls.
    Runner(RunnerId),
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredToken {
    pub(crate) id: TokenId,
    pub(crate) name: String,
    pub(crate) scope: TokenScope,
    /// The secret's BLAKE3 hash.
    pub(crate) hash: [u8; 32],
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    /// When it was last used, as it was written down last.
    pub(crate) used: Option<Timestamp>,
}

/// A secret, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSecret {
    pub(crate) scope: SecretScope,
    pub(crate) name: String,
    pub(crate) rules: SecretRules,
    pub(crate) sealed: Sealed,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
}

/// An enrolled runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredRunner {
    pub(crate) id: RunnerId,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    /// What its newest life said of itself.
    pub(crate) hello: Option<Hello>,
    /// When that was, or when it was enrolled.
    pub(crate) seen: Timestamp,
}

/// When a project's default branch wants a run without being asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredSchedule {
    pub(crate) entries: Vec<Schedule>,
    /// What became due until then was seen to, or did not count yet.
    pub(crate) since: Timestamp,
}

/// Which runs a list shows, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunFilter {
    pub(crate) project: Option<String>,
    /// The commit's ref, whole.
    pub(crate) reference: Option<String>,
    /// The commit's author, or what begins so.
    pub(crate) author: Option<String>,
    pub(crate) stage: Option<RunStage>,
    /// An image that a job ran in, by how its key begins.
    pub(crate) image: Option<String>,
    /// Only runs older than this one.
    pub(crate) before: Option<RunId>,
    pub(crate) limit: usize,
}

/// Somebody signed in at the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSession {
    /// The BLAKE3 hash of what the cookie holds.
    pub(crate) hash: [u8; 32],
    /// The token that it was opened with; its end is the session's.
    pub(crate) token: TokenId,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
}

/// The controller's memory.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// As [`Store::commit_telling`] does where nobody is told.
    #[cfg(test)]
    async fn commit(&self, records: &[Record]) -> Result<(), CommitError> {
        self.commit_telling(records, &[]).await
    }
    /// Writes all records or none, and with them what is to be told of them. Writing the same again changes nothing.
    /// What is told to a webhook that is not there any more is left out.
    async fn commit_telling(&self, records: &[Record], told: &[StoredDelivery]) -> Result<(), CommitError>;
    /// Every run that has not ended, oldest first.
    async fn active_runs(&self) -> anyhow::Result<Vec<ActiveRun>>;
    /// The next number of a project; never gives the same twice in one life of the process.
    async fn next_run_number(&self, project: &str) -> anyhow::Result<u64>;

    /// A run, whole.
    async fn run(&self, id: RunId) -> anyhow::Result<Option<StoredRun>>;
    /// The run with this number in its project.
    async fn run_at(&self, project: &str, number: u64) -> anyhow::Result<Option<RunId>>;
    /// The run a job belongs to.
    async fn run_of_job(&self, job: JobId) -> anyhow::Result<Option<RunId>>;
    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter) -> anyhow::Result<Vec<StoredSummary>>;

    /// Adds test cases of an attempt, all or none; a case that is there already stays as it is. Refuses those of an
    /// attempt that is over, or is not the newest of its job (I2). Of each job the newest attempts are kept.
    async fn put_tests(&self, of: &TestsOf, batch: &TestBatch, at: Timestamp) -> Result<(), CommitError>;
    /// The reports of a run's attempts that count (see [`tested`]), in the plan's order.
    async fn test_reports(&self, run: RunId) -> anyhow::Result<Vec<(AttemptId, Vec<TestReport>)>>;
    /// Cases of an attempt.
    async fn test_cases(&self, attempt: AttemptId, filter: CaseFilter) -> anyhow::Result<Vec<TestCase>>;
    /// What became of the tests of this name, and suite if it is said, in the newest runs of a project: those whose
    /// reports told of them and whose job has an outcome, and those that split them; newest first, `limit` of each. The
    /// job of what was split is the suite.
    async fn test_history(
        &self,
        project: &str,
        named: (Option<&str>, &str),
        limit: usize,
    ) -> anyhow::Result<Vec<TestSeries>>;
    /// Makes a split; one that is there stays as it is.
    async fn add_split(&self, key: &SplitKey, project: &str, setup: &SplitSetup) -> anyhow::Result<()>;
    /// Writes what one event saved, all or none; `no` counts the events of the split from 0.
    async fn put_split(&self, key: &SplitKey, no: u64, records: &[sidings_split::Record]) -> anyhow::Result<()>;
    /// Keeps what a split came to, and what became of its tests: for those who estimate the next, and for their history.
    /// The first time counts. Of each suite of a project the results of the newest runs are kept.
    async fn end_split(&self, key: &SplitKey, sum: &SplitSum, tests: &[EndedTest], at: Timestamp)
    -> anyhow::Result<()>;
    /// A split, whole.
    async fn split(&self, key: &SplitKey) -> anyhow::Result<Option<StoredSplit>>;
    /// Forgets how those splits came to their end that are over and of runs from before that time: their lists, batches
    /// and results. What they came to stays, and so does the past of their tests.
    async fn forget_splits(&self, before: Timestamp) -> anyhow::Result<u64>;
    /// The suites of a run that are split, by name, and what those came to that are over.
    async fn split_sums(&self, run: RunId) -> anyhow::Result<Vec<(String, Option<SplitSum>)>>;
    /// Splits that are not over.
    async fn open_splits(&self) -> anyhow::Result<Vec<SplitKey>>;
    /// What is known of the tests of a project's suite.
    async fn split_past(&self, project: &str, suite: &str) -> anyhow::Result<Past>;

    /// What starting a batch cost in the suite's newest split that is over; none where it was not measured.
    async fn split_boot(&self, project: &str, suite: &str) -> anyhow::Result<Option<u64>>;

    /// Forgets artifacts whose time is over; gives how many entries.
    async fn expire_artifacts(&self, now: Timestamp) -> anyhow::Result<u64>;
    /// The manifests of all artifacts that are kept, in order, each once.
    async fn kept_manifests(&self) -> anyhow::Result<Vec<BlobId>>;

    /// All caches, or those of a project, by their names.
    async fn caches(&self, project: Option<&str>) -> anyhow::Result<Vec<StoredCache>>;
    /// A cache was asked for.
    async fn cache_used(&self, cache: &StoredCache, at: Timestamp) -> anyhow::Result<()>;
    /// Forgets a cache; one that is not there is no error.
    async fn remove_cache(&self, cache: &StoredCache) -> anyhow::Result<()>;

    /// All images that are built once for everybody, by their names.
    async fn images(&self) -> anyhow::Result<Vec<StoredImage>>;
    /// Keeps what is known of an image, in place of what was.
    async fn put_image(&self, image: &StoredImage) -> anyhow::Result<()>;
    /// Forgets one; one that is not there is no error.
    async fn remove_image(&self, name: &Name) -> anyhow::Result<()>;

    /// Keeps what is in an image, in place of what was.
    async fn put_inventory(&self, inventory: &StoredInventory) -> anyhow::Result<()>;
    /// Images of which it is kept, of a project if it is said; those used last come first.
    async fn inventories(&self, project: Option<&str>) -> anyhow::Result<Vec<BuiltImage>>;
    /// What is in the images whose key begins so: two at most.
    async fn inventory_contents(&self, project: Option<&str>, key: &str) -> anyhow::Result<Vec<(BuiltImage, Vec<u8>)>>;
    /// Packages of images, by project; images used last come first.
    async fn packages(&self, filter: &PackageFilter) -> anyhow::Result<Vec<FoundPackage>>;
    /// Whether it is kept of this image, or of one of these.
    async fn has_inventory(&self, names: &[Name]) -> anyhow::Result<bool>;
    /// Jobs ran in these; one of which nothing is kept is no error.
    async fn inventories_used(&self, names: &[Name], at: Timestamp) -> anyhow::Result<()>;
    /// Forgets what was last used before; gives of how many images.
    async fn expire_inventories(&self, before: Timestamp) -> anyhow::Result<u64>;

    /// Keeps which digests a run's references have, all or none; one that is there stays. Gives the references that were
    /// not there before.
    async fn put_digests(&self, run: RunId, found: &BTreeMap<String, String>) -> anyhow::Result<BTreeSet<String>>;
    /// What was kept of a run.
    async fn digests(&self, run: RunId) -> anyhow::Result<BTreeMap<String, String>>;

    /// Makes a project known, or gives it a new repository and default branch.
    async fn put_project(&self, project: &ProjectView) -> anyhow::Result<()>;
    /// One project.
    async fn project(&self, name: &str) -> anyhow::Result<Option<ProjectView>>;
    /// All projects, by name.
    async fn projects(&self) -> anyhow::Result<Vec<ProjectView>>;

    /// Keeps when a project, which is known, wants a run; no entries are kept as none.
    async fn put_schedule(&self, project: &str, schedule: &StoredSchedule) -> anyhow::Result<()>;
    /// What was due of this schedule until `now` is made. A schedule that was replaced meanwhile stays as it is.
    async fn schedule_handled(&self, project: &str, handled: &StoredSchedule, now: Timestamp) -> anyhow::Result<()>;
    /// What was kept, by the projects' names.
    async fn schedules(&self) -> anyhow::Result<Vec<(String, StoredSchedule)>>;

    /// Adds a token.
    async fn add_token(&self, token: &StoredToken) -> anyhow::Result<()>;
    /// Removes a token; false when there was none.
    async fn remove_token(&self, id: TokenId) -> anyhow::Result<bool>;
    /// All tokens, oldest first.
    async fn tokens(&self) -> anyhow::Result<Vec<StoredToken>>;

    /// A token was used.
    async fn token_used(&self, id: TokenId, at: Timestamp) -> anyhow::Result<()>;

    /// Adds a line to the audit log, under the next number.
    async fn add_audit(&self, entry: &AuditEntry) -> anyhow::Result<()>;
    /// Lines below a number and not older than a moment, the newest first.
    async fn audit(
        &self,
        before: Option<u64>,
        since: Option<Timestamp>,
        limit: usize,
    ) -> anyhow::Result<Vec<AuditEntry>>;
    /// Forgets lines from before; gives how many.
    async fn expire_audit(&self, before: Timestamp) -> anyhow::Result<u64>;

    /// Keeps a session, and forgets those whose time was over when it began.
    async fn add_session(&self, session: &StoredSession) -> anyhow::Result<()>;
    /// Forgets a session; one that is not there is no error.
    async fn remove_session(&self, hash: &[u8; 32]) -> anyhow::Result<()>;
    /// All sessions whose token is there, by their hashes.
    async fn sessions(&self) -> anyhow::Result<Vec<StoredSession>>;

    /// Enrols a runner with its token, and removes the token that was used up; false, and nothing is changed, when
    /// that one was gone already.
    async fn enrol(&self, runner: &StoredRunner, token: &StoredToken, used_up: Option<TokenId>)
    -> anyhow::Result<bool>;
    /// Keeps what a runner said of itself.
    async fn put_hello(&self, runner: RunnerId, hello: &Hello, at: Timestamp) -> anyhow::Result<()>;
    /// How long jobs take: project, job, milliseconds.
    async fn paces(&self) -> anyhow::Result<Vec<(String, String, u64)>>;
    /// Of the newest runs of all, at most so many, those that began: project, when accepted, when begun.
    async fn begun(&self, newest: usize) -> anyhow::Result<Vec<(String, Timestamp, Timestamp)>>;
    /// Runners that get nothing new, by their names: who wanted that, and when.
    async fn drains(&self) -> anyhow::Result<BTreeMap<String, Drained>>;
    /// All runners, by name.
    async fn runners(&self) -> anyhow::Result<Vec<StoredRunner>>;

    /// Keeps a secret, in place of an earlier one of its scope and name, since when there is one.
    async fn put_secret(&self, secret: &StoredSecret) -> anyhow::Result<()>;
    /// Removes a secret; false when there was none.
    async fn remove_secret(&self, scope: &SecretScope, name: &str) -> anyhow::Result<bool>;
    /// All secrets.
    async fn secrets(&self) -> anyhow::Result<Vec<StoredSecret>>;

    /// Keeps a webhook, in place of an earlier one of its name, since when there is one.
    async fn put_webhook(&self, webhook: &StoredWebhook) -> anyhow::Result<()>;
    /// Forgets a webhook and its deliveries; false when there was none.
    async fn remove_webhook(&self, name: &str) -> anyhow::Result<bool>;
    /// All webhooks, by name.
    async fn webhooks(&self) -> anyhow::Result<Vec<StoredWebhook>>;
    /// Deliveries of a webhook, newest first.
    async fn deliveries(&self, webhook: &str, limit: usize) -> anyhow::Result<Vec<StoredDelivery>>;
    /// One delivery.
    async fn delivery(&self, id: DeliveryId) -> anyhow::Result<Option<StoredDelivery>>;
    /// Keeps what became of a delivery; of those of its webhook that are over the newest stay.
    async fn put_delivery(&self, delivery: &StoredDelivery) -> anyhow::Result<()>;
    /// For each webhook that has something to be told: how much, and when the first of it is to be tried.
    async fn waiting_deliveries(&self) -> anyhow::Result<BTreeMap<String, (u64, Timestamp)>>;
    /// The oldest delivery of a webhook that is to be tried by now.
    async fn due_delivery(&self, webhook: &str, now: Timestamp) -> anyhow::Result<Option<StoredDelivery>>;

    /// Lets go of files; nothing may be asked afterwards.
    async fn close(&self);
}
