//! The store on SQLite: one connection writes, a few read, and a commit is on the disk when it is answered.
//!
//! Statements go through sqlx's `any` driver and use only what PostgreSQL knows as well, so that the same ones serve
//! there. `write` turns records into rows, `read` rows into the domain's values, `rows` both ways for single values.

mod audit;
mod caches;
mod digests;
mod enrolment;
mod images;
mod inventories;
mod kept;
mod paces;
mod read;
mod rows;
mod schedules;
mod secrets;
mod sessions;
mod split_results;
mod splits;
mod tested;
#[cfg(test)]
mod upgrades;
mod webhooks;
mod write;

use super::inventories::{PackageFilter, StoredInventory};
use super::splits::{EndedTest, Past, SplitKey, SplitSetup, StoredSplit};
use super::stored::{StoredCache, StoredImage, StoredRun, StoredSummary};
use super::tested::{CaseFilter, TestsOf, united};
use super::webhooks::{StoredDelivery, StoredWebhook};
use super::{CommitError, RunFilter, Store, StoredRunner, StoredSchedule, StoredSecret, StoredSession, StoredToken};
use crate::core::event::{ActiveRun, Record};
use crate::images::Name;
use anyhow::Context;
use async_trait::async_trait;
use sidings_proto::api::ProjectView;
use sidings_proto::audit::AuditEntry;
use sidings_proto::fleet::Drained;
use sidings_proto::inventory::{BuiltImage, FoundPackage};
use sidings_proto::runner::{Hello, TestBatch};
use sidings_proto::split::SplitSum;
use sidings_proto::tested::TestSeries;
use sidings_proto::{
    AttemptId, BlobId, DeliveryId, JobId, RunId, RunnerId, SecretScope, TestCase, TestReport, Timestamp, TokenId,
};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Connection, Executor};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex as StdMutex, PoisonError};
use tokio::sync::{Mutex, MutexGuard};

const READERS: u32 = 3;
const ON_EVERY_CONNECTION: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
    PRAGMA busy_timeout = 5000; PRAGMA cache_size = -2000;";
const BEGIN: &str = "BEGIN IMMEDIATE";

/// An open database.
pub(crate) struct SqliteStore {
    writer: Mutex<AnyConnection>,
    readers: AnyPool,
    /// The last number given out in each project. Numbers are given out before the run is written, so the table
    /// alone does not know.
    numbers: StdMutex<BTreeMap<String, u64>>,
}

impl SqliteStore {
    /// Opens the database, makes it when there is none, and brings its tables up to date.
    pub(crate) async fn open(file: &Path) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let options = options(file)?;
        let mut writer = options.connect().await.with_context(|| format!("opening {}", file.display()))?;
        writer.execute(ON_EVERY_CONNECTION).await.context("setting up the database")?;
        sqlx::migrate!("./migrations").run(&mut writer).await.context("bringing the tables up to date")?;
        let readers = AnyPoolOptions::new()
            .max_connections(READERS)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(ON_EVERY_CONNECTION).await.map(drop) })
            })
            .connect_lazy_with(options);
        Ok(Self { writer: Mutex::new(writer), readers, numbers: StdMutex::default() })
    }

    async fn writer(&self) -> MutexGuard<'_, AnyConnection> {
        self.writer.lock().await
    }
}

fn options(file: &Path) -> anyhow::Result<AnyConnectOptions> {
    let path = file.to_str().context("the data folder's path is not UTF-8")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let escaped: String = path
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    Ok(AnyConnectOptions::from_str(&format!("sqlite://{escaped}?mode=rwc"))?.disable_statement_logging())
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit_telling(&self, records: &[Record], told: &[StoredDelivery]) -> Result<(), CommitError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await.map_err(CommitError::store)?;
        for record in records {
            write::record(&mut transaction, record).await?;
        }
        webhooks::add(&mut transaction, told).await.map_err(CommitError::store)?;
        transaction.commit().await.map_err(CommitError::store)
    }

    async fn active_runs(&self) -> anyhow::Result<Vec<ActiveRun>> {
        let mut transaction = self.readers.begin().await?;
        let mut runs = Vec::new();
        for id in read::active_ids(&mut transaction).await? {
            let run = read::run(&mut transaction, id).await?;
            runs.extend(run.as_ref().map(StoredRun::active));
        }
        Ok(runs)
    }

    async fn next_run_number(&self, project: &str) -> anyhow::Result<u64> {
        let written = read::last_number(&mut *self.readers.acquire().await?, project).await?;
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let last = numbers.entry(project.to_owned()).or_insert(0);
        *last = written.max(*last) + 1;
        Ok(*last)
    }

    async fn run(&self, id: RunId) -> anyhow::Result<Option<StoredRun>> {
        read::run(&mut *self.readers.begin().await?, id).await
    }

    async fn run_at(&self, project: &str, number: u64) -> anyhow::Result<Option<RunId>> {
        read::run_at(&mut *self.readers.acquire().await?, project, number).await
    }

    async fn run_of_job(&self, job: JobId) -> anyhow::Result<Option<RunId>> {
        read::run_of_job(&mut *self.readers.acquire().await?, job).await
    }

    async fn runs(&self, filter: &RunFilter) -> anyhow::Result<Vec<StoredSummary>> {
        read::runs(&mut *self.readers.acquire().await?, filter).await
    }

    async fn put_tests(&self, of: &TestsOf, batch: &TestBatch, at: Timestamp) -> Result<(), CommitError> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await.map_err(CommitError::store)?;
        tested::put(&mut transaction, of, batch, at).await?;
        transaction.commit().await.map_err(CommitError::store)
    }

    async fn test_reports(&self, run: RunId) -> anyhow::Result<Vec<(AttemptId, Vec<TestReport>)>> {
        tested::reports(&mut *self.readers.acquire().await?, run).await
    }

    async fn test_cases(&self, attempt: AttemptId, filter: CaseFilter) -> anyhow::Result<Vec<TestCase>> {
        tested::cases(&mut *self.readers.acquire().await?, attempt, filter).await
    }

    async fn test_history(
        &self,
        project: &str,
        named: (Option<&str>, &str),
        limit: usize,
    ) -> anyhow::Result<Vec<TestSeries>> {
        let mut reader = self.readers.begin().await?;
        let reported = tested::history(&mut reader, project, named, limit).await?;
        let split = split_results::history(&mut reader, project, named).await?;
        Ok(united(reported, split, limit))
    }

    async fn add_split(&self, key: &SplitKey, project: &str, setup: &SplitSetup) -> anyhow::Result<()> {
        splits::add(&mut *self.writer().await, key, project, setup).await
    }

    async fn put_split(&self, key: &SplitKey, no: u64, records: &[sidings_split::Record]) -> anyhow::Result<()> {
        splits::put(&mut *self.writer().await, key, no, records).await
    }

    async fn end_split(
        &self,
        key: &SplitKey,
        sum: &SplitSum,
        tests: &[EndedTest],
        at: Timestamp,
    ) -> anyhow::Result<()> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await?;
        splits::end(&mut transaction, key, sum, tests, at).await?;
        Ok(transaction.commit().await?)
    }

    async fn forget_splits(&self, before: Timestamp) -> anyhow::Result<u64> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await?;
        let forgotten = splits::forget(&mut transaction, before).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }

    async fn split(&self, key: &SplitKey) -> anyhow::Result<Option<StoredSplit>> {
        splits::get(&mut *self.readers.begin().await?, key).await
    }

    async fn split_sums(&self, run: RunId) -> anyhow::Result<Vec<(String, Option<SplitSum>)>> {
        splits::sums(&mut *self.readers.acquire().await?, run).await
    }

    async fn open_splits(&self) -> anyhow::Result<Vec<SplitKey>> {
        splits::open(&mut *self.readers.acquire().await?).await
    }

    async fn split_boot(&self, project: &str, suite: &str) -> anyhow::Result<Option<u64>> {
        splits::boot(&mut *self.readers.acquire().await?, project, suite).await
    }

    async fn split_past(&self, project: &str, suite: &str) -> anyhow::Result<Past> {
        splits::past(&mut *self.readers.acquire().await?, project, suite).await
    }

    async fn expire_artifacts(&self, now: Timestamp) -> anyhow::Result<u64> {
        kept::expire(&mut *self.writer().await, now).await
    }

    async fn kept_manifests(&self) -> anyhow::Result<Vec<BlobId>> {
        kept::manifests(&mut *self.readers.acquire().await?).await
    }

    async fn caches(&self, project: Option<&str>) -> anyhow::Result<Vec<StoredCache>> {
        caches::all(&mut *self.readers.acquire().await?, project).await
    }

    async fn cache_used(&self, cache: &StoredCache, at: Timestamp) -> anyhow::Result<()> {
        caches::used(&mut *self.writer().await, cache, at).await
    }

    async fn remove_cache(&self, cache: &StoredCache) -> anyhow::Result<()> {
        caches::remove(&mut *self.writer().await, cache).await
    }

    async fn put_digests(&self, run: RunId, found: &BTreeMap<String, String>) -> anyhow::Result<BTreeSet<String>> {
        digests::put(&mut *self.writer().await, run, found).await
    }

    async fn digests(&self, run: RunId) -> anyhow::Result<BTreeMap<String, String>> {
        digests::of(&mut *self.readers.acquire().await?, run).await
    }

    async fn images(&self) -> anyhow::Result<Vec<StoredImage>> {
        images::all(&mut *self.readers.acquire().await?).await
    }

    async fn put_image(&self, image: &StoredImage) -> anyhow::Result<()> {
        images::put(&mut *self.writer().await, image).await
    }

    async fn remove_image(&self, name: &Name) -> anyhow::Result<()> {
        images::remove(&mut *self.writer().await, name).await
    }

    async fn put_inventory(&self, inventory: &StoredInventory) -> anyhow::Result<()> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await?;
        inventories::put(&mut transaction, inventory).await?;
        Ok(transaction.commit().await?)
    }

    async fn inventories(&self, project: Option<&str>) -> anyhow::Result<Vec<BuiltImage>> {
        inventories::images(&mut *self.readers.acquire().await?, project).await
    }

    async fn inventory_contents(&self, project: Option<&str>, key: &str) -> anyhow::Result<Vec<(BuiltImage, Vec<u8>)>> {
        inventories::contents(&mut *self.readers.acquire().await?, project, key).await
    }

    async fn packages(&self, filter: &PackageFilter) -> anyhow::Result<Vec<FoundPackage>> {
        inventories::packages(&mut *self.readers.acquire().await?, filter).await
    }

    async fn has_inventory(&self, names: &[Name]) -> anyhow::Result<bool> {
        inventories::has(&mut *self.readers.acquire().await?, names).await
    }

    async fn inventories_used(&self, names: &[Name], at: Timestamp) -> anyhow::Result<()> {
        inventories::used(&mut *self.writer().await, names, at).await
    }

    async fn expire_inventories(&self, before: Timestamp) -> anyhow::Result<u64> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await?;
        let gone = inventories::expire(&mut transaction, before).await?;
        transaction.commit().await?;
        Ok(gone)
    }

    async fn put_project(&self, project: &ProjectView) -> anyhow::Result<()> {
        enrolment::put_project(&mut *self.writer().await, project).await
    }

    async fn project(&self, name: &str) -> anyhow::Result<Option<ProjectView>> {
        enrolment::project(&mut *self.readers.acquire().await?, name).await
    }

    async fn projects(&self) -> anyhow::Result<Vec<ProjectView>> {
        enrolment::projects(&mut *self.readers.acquire().await?).await
    }

    async fn put_schedule(&self, project: &str, schedule: &StoredSchedule) -> anyhow::Result<()> {
        schedules::put(&mut *self.writer().await, project, schedule).await
    }

    async fn schedule_handled(&self, project: &str, handled: &StoredSchedule, now: Timestamp) -> anyhow::Result<()> {
        schedules::handled(&mut *self.writer().await, project, handled, now).await
    }

    async fn schedules(&self) -> anyhow::Result<Vec<(String, StoredSchedule)>> {
        schedules::all(&mut *self.readers.acquire().await?).await
    }

    async fn add_token(&self, token: &StoredToken) -> anyhow::Result<()> {
        enrolment::add_token(&mut *self.writer().await, token).await
    }

    async fn remove_token(&self, id: TokenId) -> anyhow::Result<bool> {
        enrolment::remove_token(&mut *self.writer().await, id).await
    }

    async fn tokens(&self) -> anyhow::Result<Vec<StoredToken>> {
        enrolment::tokens(&mut *self.readers.acquire().await?).await
    }

    async fn token_used(&self, id: TokenId, at: Timestamp) -> anyhow::Result<()> {
        enrolment::token_used(&mut *self.writer().await, id, at).await
    }

    async fn add_audit(&self, entry: &AuditEntry) -> anyhow::Result<()> {
        audit::add(&mut *self.writer().await, entry).await
    }

    async fn audit(
        &self,
        before: Option<u64>,
        since: Option<Timestamp>,
        limit: usize,
    ) -> anyhow::Result<Vec<AuditEntry>> {
        audit::read(&mut *self.readers.acquire().await?, before, since, limit).await
    }

    async fn expire_audit(&self, before: Timestamp) -> anyhow::Result<u64> {
        audit::expire(&mut *self.writer().await, before).await
    }

    async fn add_session(&self, session: &StoredSession) -> anyhow::Result<()> {
        sessions::add(&mut *self.writer().await, session).await
    }

    async fn remove_session(&self, hash: &[u8; 32]) -> anyhow::Result<()> {
        sessions::remove(&mut *self.writer().await, hash).await
    }

    async fn sessions(&self) -> anyhow::Result<Vec<StoredSession>> {
        sessions::all(&mut *self.readers.acquire().await?).await
    }

    async fn enrol(
        &self,
        runner: &StoredRunner,
        token: &StoredToken,
        used_up: Option<TokenId>,
    ) -> anyhow::Result<bool> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await?;
        if let Some(id) = used_up
            && !enrolment::remove_token(&mut transaction, id).await?
        {
            return Ok(false);
        }
        enrolment::add_runner(&mut transaction, runner).await?;
        enrolment::add_token(&mut transaction, token).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn put_hello(&self, runner: RunnerId, hello: &Hello, at: Timestamp) -> anyhow::Result<()> {
        enrolment::put_hello(&mut *self.writer().await, runner, hello, at).await
    }

    async fn paces(&self) -> anyhow::Result<Vec<(String, String, u64)>> {
        paces::all(&mut *self.readers.acquire().await?).await
    }

    async fn begun(&self, newest: usize) -> anyhow::Result<Vec<(String, Timestamp, Timestamp)>> {
        paces::begun(&mut *self.readers.acquire().await?, newest).await
    }

    async fn drains(&self) -> anyhow::Result<BTreeMap<String, Drained>> {
        enrolment::drains(&mut *self.readers.acquire().await?).await
    }

    async fn runners(&self) -> anyhow::Result<Vec<StoredRunner>> {
        enrolment::runners(&mut *self.readers.acquire().await?).await
    }

    async fn put_secret(&self, secret: &StoredSecret) -> anyhow::Result<()> {
        secrets::put(&mut *self.writer().await, secret).await
    }

    async fn remove_secret(&self, scope: &SecretScope, name: &str) -> anyhow::Result<bool> {
        secrets::remove(&mut *self.writer().await, scope, name).await
    }

    async fn secrets(&self) -> anyhow::Result<Vec<StoredSecret>> {
        secrets::all(&mut *self.readers.acquire().await?).await
    }

    async fn put_webhook(&self, webhook: &StoredWebhook) -> anyhow::Result<()> {
        webhooks::put(&mut *self.writer().await, webhook).await
    }

    async fn remove_webhook(&self, name: &str) -> anyhow::Result<bool> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin_with(BEGIN).await?;
        let removed = webhooks::remove(&mut transaction, name).await?;
        transaction.commit().await?;
        Ok(removed)
    }

    async fn webhooks(&self) -> anyhow::Result<Vec<StoredWebhook>> {
        webhooks::all(&mut *self.readers.acquire().await?).await
    }

    async fn deliveries(&self, webhook: &str, limit: usize) -> anyhow::Result<Vec<StoredDelivery>> {
        webhooks::deliveries(&mut *self.readers.acquire().await?, webhook, limit).await
    }

    async fn delivery(&self, id: DeliveryId) -> anyhow::Result<Option<StoredDelivery>> {
        webhooks::one(&mut *self.readers.acquire().await?, id).await
    }

    async fn put_delivery(&self, delivery: &StoredDelivery) -> anyhow::Result<()> {
        webhooks::put_delivery(&mut *self.writer().await, delivery).await
    }

    async fn waiting_deliveries(&self) -> anyhow::Result<BTreeMap<String, (u64, Timestamp)>> {
        webhooks::waiting(&mut *self.readers.acquire().await?).await
    }

    async fn due_delivery(&self, webhook: &str, now: Timestamp) -> anyhow::Result<Option<StoredDelivery>> {
        webhooks::due(&mut *self.readers.acquire().await?, webhook, now).await
    }

    async fn close(&self) {
        self.readers.close().await;
    }
}
