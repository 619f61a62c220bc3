//! The store without a disk: for `sidings run`, for tests, and to hold the SQLite store to.

use super::inventories::{PackageFilter, RememberedInventories, StoredInventory};
use super::remembered::Remembered;
use super::splits::{EndedTest, Past, RememberedSplits, SplitKey, SplitSetup, StoredSplit};
use super::stored::{StoredCache, StoredImage, StoredRun, StoredSummary};
use super::tested::{CaseFilter, RememberedTests, TestsOf, united};
use super::webhooks::{RememberedWebhooks, StoredDelivery, StoredWebhook};
use super::{CommitError, RunFilter, Store, StoredRunner, StoredSchedule, StoredSecret, StoredSession, StoredToken};
use crate::core::event::{ActiveRun, Record};
use crate::images::Name;
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
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything, behind one lock that is never held across an await.
#[derive(Default)]
pub(crate) struct MemoryStore {
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    runs: Remembered,
    tests: RememberedTests,
    splits: RememberedSplits,
    numbers: BTreeMap<String, u64>,
    projects: BTreeMap<String, ProjectView>,
    schedules: BTreeMap<String, StoredSchedule>,
    tokens: BTreeMap<TokenId, StoredToken>,
    sessions: BTreeMap<[u8; 32], StoredSession>,
    audit: Vec<AuditEntry>,
    runners: BTreeMap<RunnerId, StoredRunner>,
    secrets: BTreeMap<(SecretScope, String), StoredSecret>,
    images: BTreeMap<Name, StoredImage>,
    inventories: RememberedInventories,
    digests: BTreeMap<RunId, BTreeMap<String, String>>,
    webhooks: RememberedWebhooks,
}

impl MemoryStore {
    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit_telling(&self, records: &[Record], told: &[StoredDelivery]) -> Result<(), CommitError> {
        let mut all = self.all();
        all.runs.commit(records)?;
        all.webhooks.add(told);
        Ok(())
    }

    async fn active_runs(&self) -> anyhow::Result<Vec<ActiveRun>> {
        Ok(self.all().runs.active_runs())
    }

    async fn next_run_number(&self, project: &str) -> anyhow::Result<u64> {
        let mut all = self.all();
        let number = all.numbers.entry(project.to_owned()).or_insert(0);
        *number += 1;
        Ok(*number)
    }

    async fn run(&self, id: RunId) -> anyhow::Result<Option<StoredRun>> {
        Ok(self.all().runs.run(id).cloned())
    }

    async fn run_at(&self, project: &str, number: u64) -> anyhow::Result<Option<RunId>> {
        let all = self.all();
        let mut specs = all.runs.newest_first().map(|run| &run.spec);
        Ok(specs.find(|spec| spec.project == project && spec.number == number).map(|spec| spec.id))
    }

    async fn run_of_job(&self, job: JobId) -> anyhow::Result<Option<RunId>> {
        Ok(self.all().runs.run_of_job(job))
    }

    async fn runs(&self, filter: &RunFilter) -> anyhow::Result<Vec<StoredSummary>> {
        let all = self.all();
        let ran_in = |run: &&StoredRun| filter.image.as_ref().is_none_or(|key| all.runs.ran_in(run.spec.id, key));
        let found = all.runs.newest_first().filter(ran_in).map(StoredRun::summary);
        Ok(found.filter(|run| filter.wants(run)).take(filter.limit).collect())
    }

    async fn put_tests(&self, of: &TestsOf, batch: &TestBatch, at: Timestamp) -> Result<(), CommitError> {
        let All { runs, tests, .. } = &mut *self.all();
        let run = runs.run_of_job(of.attempt.job).and_then(|run| runs.run(run));
        tests.put(run, of, batch, at)
    }

    async fn test_reports(&self, run: RunId) -> anyhow::Result<Vec<(AttemptId, Vec<TestReport>)>> {
        let all = self.all();
        Ok(all.runs.run(run).map(|run| all.tests.reports(run)).unwrap_or_default())
    }

    async fn test_cases(&self, attempt: AttemptId, filter: CaseFilter) -> anyhow::Result<Vec<TestCase>> {
        Ok(self.all().tests.cases(attempt, filter))
    }

    async fn test_history(
        &self,
        project: &str,
        named: (Option<&str>, &str),
        limit: usize,
    ) -> anyhow::Result<Vec<TestSeries>> {
        let all = self.all();
        let of_project = || all.runs.newest_first().filter(|run| run.spec.project == project);
        Ok(united(all.tests.history(of_project(), named), all.splits.history(of_project(), named), limit))
    }

    async fn add_split(&self, key: &SplitKey, project: &str, setup: &SplitSetup) -> anyhow::Result<()> {
        self.all().splits.add(key, project, setup);
        Ok(())
    }

    async fn put_split(&self, key: &SplitKey, no: u64, records: &[sidings_split::Record]) -> anyhow::Result<()> {
        self.all().splits.put(key, no, records);
        Ok(())
    }

    async fn end_split(
        &self,
        key: &SplitKey,
        sum: &SplitSum,
        tests: &[EndedTest],
        at: Timestamp,
    ) -> anyhow::Result<()> {
        self.all().splits.end(key, sum, tests, at);
        Ok(())
    }

    async fn split(&self, key: &SplitKey) -> anyhow::Result<Option<StoredSplit>> {
        Ok(self.all().splits.get(key))
    }

    async fn forget_splits(&self, before: Timestamp) -> anyhow::Result<u64> {
        Ok(self.all().splits.forget(before))
    }

    async fn split_sums(&self, run: RunId) -> anyhow::Result<Vec<(String, Option<SplitSum>)>> {
        Ok(self.all().splits.sums(run))
    }

    async fn open_splits(&self) -> anyhow::Result<Vec<SplitKey>> {
        Ok(self.all().splits.open())
    }

    async fn split_boot(&self, project: &str, suite: &str) -> anyhow::Result<Option<u64>> {
        Ok(self.all().splits.boot(project, suite))
    }

    async fn split_past(&self, project: &str, suite: &str) -> anyhow::Result<Past> {
        Ok(self.all().splits.past(project, suite))
    }

    async fn expire_artifacts(&self, now: Timestamp) -> anyhow::Result<u64> {
        Ok(self.all().runs.expire_artifacts(now))
    }

    async fn kept_manifests(&self) -> anyhow::Result<Vec<BlobId>> {
        Ok(self.all().runs.manifests().into_iter().collect())
    }

    async fn caches(&self, project: Option<&str>) -> anyhow::Result<Vec<StoredCache>> {
        Ok(self.all().runs.caches(project))
    }

    async fn cache_used(&self, cache: &StoredCache, at: Timestamp) -> anyhow::Result<()> {
        self.all().runs.cache_used(cache, at);
        Ok(())
    }

    async fn remove_cache(&self, cache: &StoredCache) -> anyhow::Result<()> {
        self.all().runs.remove_cache(cache);
        Ok(())
    }

    async fn put_digests(&self, run: RunId, found: &BTreeMap<String, String>) -> anyhow::Result<BTreeSet<String>> {
        let mut all = self.all();
        let known = all.digests.entry(run).or_default();
        let new: BTreeMap<_, _> = found.iter().filter(|(name, _)| !known.contains_key(*name)).collect();
        let names = new.keys().map(|name| (*name).clone()).collect();
        let new: Vec<_> = new.into_iter().map(|(name, digest)| (name.clone(), digest.clone())).collect();
        known.extend(new);
        Ok(names)
    }

    async fn digests(&self, run: RunId) -> anyhow::Result<BTreeMap<String, String>> {
        Ok(self.all().digests.get(&run).cloned().unwrap_or_default())
    }

    async fn images(&self) -> anyhow::Result<Vec<StoredImage>> {
        Ok(self.all().images.values().cloned().collect())
    }

    async fn put_image(&self, image: &StoredImage) -> anyhow::Result<()> {
        self.all().images.insert(image.name.clone(), image.clone());
        Ok(())
    }

    async fn remove_image(&self, name: &Name) -> anyhow::Result<()> {
        self.all().images.remove(name);
        Ok(())
    }

    async fn put_inventory(&self, inventory: &StoredInventory) -> anyhow::Result<()> {
        self.all().inventories.put(inventory);
        Ok(())
    }

    async fn inventories(&self, project: Option<&str>) -> anyhow::Result<Vec<BuiltImage>> {
        Ok(self.all().inventories.images(project))
    }

    async fn inventory_contents(&self, project: Option<&str>, key: &str) -> anyhow::Result<Vec<(BuiltImage, Vec<u8>)>> {
        Ok(self.all().inventories.contents(project, key))
    }

    async fn packages(&self, filter: &PackageFilter) -> anyhow::Result<Vec<FoundPackage>> {
        Ok(self.all().inventories.packages(filter))
    }

    async fn has_inventory(&self, names: &[Name]) -> anyhow::Result<bool> {
        Ok(self.all().inventories.has(names))
    }

    async fn inventories_used(&self, names: &[Name], at: Timestamp) -> anyhow::Result<()> {
        self.all().inventories.used(names, at);
        Ok(())
    }

    async fn expire_inventories(&self, before: Timestamp) -> anyhow::Result<u64> {
        Ok(self.all().inventories.expire(before))
    }

    async fn put_project(&self, project: &ProjectView) -> anyhow::Result<()> {
        let mut all = self.all();
        let created = all.projects.get(&project.name).map_or(project.created, |known| known.created);
        all.projects.insert(project.name.clone(), ProjectView { created, ..project.clone() });
        Ok(())
    }

    async fn project(&self, name: &str) -> anyhow::Result<Option<ProjectView>> {
        Ok(self.all().projects.get(name).cloned())
    }

    async fn projects(&self) -> anyhow::Result<Vec<ProjectView>> {
        Ok(self.all().projects.values().cloned().collect())
    }

    async fn put_schedule(&self, project: &str, schedule: &StoredSchedule) -> anyhow::Result<()> {
        self.all().schedules.insert(project.to_owned(), schedule.clone());
        Ok(())
    }

    async fn schedule_handled(&self, project: &str, handled: &StoredSchedule, now: Timestamp) -> anyhow::Result<()> {
        let mut all = self.all();
        if let Some(kept) = all.schedules.get_mut(project).filter(|kept| *kept == handled) {
            kept.since = now;
        }
        Ok(())
    }

    async fn schedules(&self) -> anyhow::Result<Vec<(String, StoredSchedule)>> {
        Ok(self.all().schedules.iter().map(|(project, schedule)| (project.clone(), schedule.clone())).collect())
    }

    async fn add_token(&self, token: &StoredToken) -> anyhow::Result<()> {
        self.all().tokens.insert(token.id, token.clone());
        Ok(())
    }

    async fn remove_token(&self, id: TokenId) -> anyhow::Result<bool> {
        let mut all = self.all();
        all.sessions.retain(|_, session| session.token != id);
        Ok(all.tokens.remove(&id).is_some())
    }

    async fn tokens(&self) -> anyhow::Result<Vec<StoredToken>> {
        Ok(self.all().tokens.values().cloned().collect())
    }

    async fn token_used(&self, id: TokenId, at: Timestamp) -> anyhow::Result<()> {
        if let Some(token) = self.all().tokens.get_mut(&id) {
            token.used = Some(at);
        }
        Ok(())
    }

    async fn add_audit(&self, entry: &AuditEntry) -> anyhow::Result<()> {
        let audit = &mut self.all().audit;
        let no = audit.last().map_or(1, |last| last.no + 1);
        audit.push(AuditEntry { no, ..entry.clone() });
        Ok(())
    }

    async fn audit(
        &self,
        before: Option<u64>,
        since: Option<Timestamp>,
        limit: usize,
    ) -> anyhow::Result<Vec<AuditEntry>> {
        let wanted = |entry: &&AuditEntry| {
            before.is_none_or(|before| entry.no < before) && since.is_none_or(|since| entry.at >= since)
        };
        Ok(self.all().audit.iter().rev().filter(wanted).take(limit).cloned().collect())
    }

    async fn expire_audit(&self, before: Timestamp) -> anyhow::Result<u64> {
        let audit = &mut self.all().audit;
        let there = audit.len();
        audit.retain(|entry| entry.at >= before);
        Ok(u64::try_from(there - audit.len())?)
    }

    async fn add_session(&self, session: &StoredSession) -> anyhow::Result<()> {
        let mut all = self.all();
        all.sessions.retain(|_, known| session.created < known.expires);
        all.sessions.insert(session.hash, session.clone());
        Ok(())
    }

    async fn remove_session(&self, hash: &[u8; 32]) -> anyhow::Result<()> {
        self.all().sessions.remove(hash);
        Ok(())
    }

    async fn sessions(&self) -> anyhow::Result<Vec<StoredSession>> {
        Ok(self.all().sessions.values().cloned().collect())
    }

    async fn enrol(
        &self,
        runner: &StoredRunner,
        token: &StoredToken,
        used_up: Option<TokenId>,
    ) -> anyhow::Result<bool> {
        let mut all = self.all();
        if used_up.is_some_and(|id| all.tokens.remove(&id).is_none()) {
            return Ok(false);
        }
        all.runners.insert(runner.id, runner.clone());
        all.tokens.insert(token.id, token.clone());
        Ok(true)
    }

    async fn put_hello(&self, runner: RunnerId, hello: &Hello, at: Timestamp) -> anyhow::Result<()> {
        if let Some(known) = self.all().runners.get_mut(&runner) {
            known.hello = Some(hello.clone());
            known.seen = at;
        }
        Ok(())
    }

    async fn paces(&self) -> anyhow::Result<Vec<(String, String, u64)>> {
        let all = self.all();
        let paces = all.runs.paces().iter();
        Ok(paces.map(|((project, job), ms)| (project.clone(), job.clone(), *ms)).collect())
    }

    async fn begun(&self, newest: usize) -> anyhow::Result<Vec<(String, Timestamp, Timestamp)>> {
        let all = self.all();
        let newest = all.runs.newest_first().take(newest);
        Ok(newest.filter_map(|run| Some((run.spec.project.clone(), run.accepted, run.started()?))).collect())
    }

    async fn drains(&self) -> anyhow::Result<BTreeMap<String, Drained>> {
        Ok(self.all().runs.drains().clone())
    }

    async fn runners(&self) -> anyhow::Result<Vec<StoredRunner>> {
        let mut runners: Vec<_> = self.all().runners.values().cloned().collect();
        runners.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(runners)
    }

    async fn put_secret(&self, secret: &StoredSecret) -> anyhow::Result<()> {
        let mut all = self.all();
        let key = (secret.scope.clone(), secret.name.clone());
        let created = all.secrets.get(&key).map_or(secret.created, |known| known.created);
        all.secrets.insert(key, StoredSecret { created, ..secret.clone() });
        Ok(())
    }

    async fn remove_secret(&self, scope: &SecretScope, name: &str) -> anyhow::Result<bool> {
        Ok(self.all().secrets.remove(&(scope.clone(), name.to_owned())).is_some())
    }

    async fn secrets(&self) -> anyhow::Result<Vec<StoredSecret>> {
        Ok(self.all().secrets.values().cloned().collect())
    }

    async fn put_webhook(&self, webhook: &StoredWebhook) -> anyhow::Result<()> {
        self.all().webhooks.put(webhook);
        Ok(())
    }

    async fn remove_webhook(&self, name: &str) -> anyhow::Result<bool> {
        Ok(self.all().webhooks.remove(name))
    }

    async fn webhooks(&self) -> anyhow::Result<Vec<StoredWebhook>> {
        Ok(self.all().webhooks.all())
    }

    async fn deliveries(&self, webhook: &str, limit: usize) -> anyhow::Result<Vec<StoredDelivery>> {
        Ok(self.all().webhooks.deliveries(webhook, limit))
    }

    async fn delivery(&self, id: DeliveryId) -> anyhow::Result<Option<StoredDelivery>> {
        Ok(self.all().webhooks.delivery(id))
    }

    async fn put_delivery(&self, delivery: &StoredDelivery) -> anyhow::Result<()> {
        self.all().webhooks.put_delivery(delivery);
        Ok(())
    }

    async fn waiting_deliveries(&self) -> anyhow::Result<BTreeMap<String, (u64, Timestamp)>> {
        Ok(self.all().webhooks.waiting())
    }

    async fn due_delivery(&self, webhook: &str, now: Timestamp) -> anyhow::Result<Option<StoredDelivery>> {
        Ok(self.all().webhooks.due(webhook, now))
    }

    async fn close(&self) {}
}
