//! One suite for every store: equal random histories, and every read compared.

mod audit;
mod digests;
mod images;
mod inventories;
mod splits;
mod tested;
mod webhooks;

use super::in_memory::MemoryStore;
use super::sqlite::SqliteStore;
use super::{
    CommitError, RunFilter, Store, StoredRunner, StoredSchedule, StoredSecret, StoredSession, StoredToken, TokenScope,
};
use crate::core::event::{Record, RunContent, RunSpec};
use crate::store::Sealed;
use proptest::prelude::*;
use sidings_proto::api::ProjectView;
use sidings_proto::api::RunStage;
use sidings_proto::artifact::KeptArtifacts;
use sidings_proto::cache::SavedCache;
use sidings_proto::runner::{Hello, ImageUse, LogDigest, Phase, Progress, StepResult};
use sidings_proto::{
    AttemptId, BlobId, Choice, Commit, Failure, FailureClass, JobId, JobSpec, LifeId, Plan, PlannedJob, RequestId,
    Resources, Role, RunId, RunnerId, Schedule, SecretRules, SecretScope, Source, StepNo, StopReason, Timestamp,
    TokenId, Trigger, Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

const RUNS: u8 = 3;
const JOBS: u8 = 2;

/// A step of a history, in small numbers, so that histories meet themselves often.
#[derive(Clone, Copy, Debug)]
struct Step {
    what: u8,
    run: u8,
    job: u8,
    fence: u8,
    value: u8,
}

fn uuid(kind: u8, n: u8) -> Uuid {
    Uuid::from_bytes([kind, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n])
}

fn run_id(run: u8) -> RunId {
    RunId(uuid(1, run))
}

fn job_id(run: u8, job: u8) -> JobId {
    JobId(uuid(2, run * JOBS + job))
}

fn spec(run: u8) -> RunSpec {
    let job = |name: &str| PlannedJob {
        name: name.to_owned(),
        spec: JobSpec { timeout_ms: 1000, ..JobSpec::default() },
        ..PlannedJob::default()
    };
    let content = match run {
        2 => RunContent::Invalid { diagnostics: "what".to_owned() },
        _ => RunContent::Plan {
            plan: Plan { jobs: vec![job("a"), job("b")], ..Plan::default() },
            job_ids: (0..JOBS).map(|job| job_id(run, job)).collect(),
        },
    };
    RunSpec {
        id: run_id(run),
        project: if run == 0 { "one".to_owned() } else { "two".to_owned() },
        number: u64::from(run) + 1,
        trigger: Trigger::Push,
        commit: Commit { message: format!("it's {run} \u{1F682}"), ..Commit::default() },
        source: Source::Git { url: "file:///x".to_owned(), commit: "0".repeat(40) },
        repo_url: "file:///x".to_owned(),
        default_branch: "main".to_owned(),
        retry_of: (run == 1).then(|| run_id(0)),
        inputs: BTreeMap::from([("target".to_owned(), "staging".to_owned())]),
        choice: Choice { jobs: vec!["test".to_owned()], ..Choice::default() },
        content,
    }
}

fn verdict(value: u8) -> Verdict {
    let failed = |class| Verdict::Failed(Failure { class, message: "it broke".to_owned() });
    match value % 5 {
        0 => Verdict::Passed,
        1 => Verdict::Cancelled,
        2 => failed(FailureClass::RunnerLost),
        3 => failed(FailureClass::StepFailed),
        _ => Verdict::Skipped { reason: "its condition is false".to_owned(), blocked: value > 6 },
    }
}

fn result(step: u8) -> StepResult {
    StepResult {
        step: StepNo(u32::from(step % 3) + 1),
        verdict: verdict(step),
        code: Some(i32::from(step)),
        started: Some(Timestamp(3)),
        ended: Timestamp(i64::from(step)),
        log: LogDigest { bytes: 7, hash: "ab".to_owned() },
    }
}

fn image(value: u8) -> ImageUse {
    let reference = format!("debian:{}", value % 2);
    let key = (!value.is_multiple_of(3)).then(|| format!("a{}{value}", if value > 4 { 'a' } else { 'b' }));
    ImageUse { reference, id: "sha256:1".to_owned(), key, built: value > 4, took_ms: 12, ..ImageUse::default() }
}

fn progress(value: u8) -> Progress {
    match value % 5 {
        0 => Progress::Phase { phase: Phase::Image, at: Timestamp(i64::from(value)) },
        1 => Progress::ImageReady(image(value)),
        2 => Progress::StepStarted { step: StepNo(1), at: Timestamp(i64::from(value)) },
        _ => Progress::StepEnded(result(value)),
    }
}

fn record(step: Step) -> Record {
    let Step { what, run, job, fence, value } = step;
    let attempt = AttemptId { job: job_id(run, job), fence: u64::from(fence) };
    let at = Timestamp(i64::from(value) + 100);
    match what % 15 {
        0 => Record::RunAccepted { run: Arc::new(spec(run)), at },
        1 => Record::JobQueued { job: attempt.job, since: at, not_before: Timestamp(at.0 + 5) },
        2 => Record::AttemptStarted {
            attempt,
            runner: RunnerId(uuid(3, value % 2)),
            life: LifeId(uuid(4, value % 2)),
            request: RequestId(uuid(5, value % 3)),
            at,
        },
        3 => Record::AttemptProgressed { attempt, event: progress(value) },
        4 => {
            let steps = if value.is_multiple_of(2) { vec![result(value)] } else { Vec::new() };
            Record::AttemptEnded { attempt, at, verdict: verdict(value), steps, images: vec![image(value)] }
        }
        5 => Record::JobEnded { job: attempt.job, at, verdict: verdict(value) },
        6 => Record::RunCancelling { run: run_id(run), reason: reason(value) },
        7 => Record::RunEnded { run: run_id(run), at, verdict: verdict(value) },
        8 => Record::JobStopping { job: attempt.job, reason: reason(value) },
        9 => Record::ArtifactsKept { attempt, at, artifacts: (0..value % 3).map(kept).collect() },
        10 => Record::CachesSaved {
            at,
            project: "two".to_owned(),
            scope: format!("refs/heads/{}", job),
            caches: (0..value % 3).map(cache).collect(),
        },
        11 => Record::RunnersDrained { name: format!("r{}", value % 2), by: format!("ann {value}"), at },
        12 => Record::RunnersResumed { name: format!("r{}", value % 2) },
        13 => Record::PaceLearnt { project: "two".to_owned(), job: format!("j{}", value % 2), ms: u64::from(value) },
        _ => Record::JobApproved { job: attempt.job, by: format!("ann {value}"), at },
    }
}

fn kept(value: u8) -> KeptArtifacts {
    let manifest = format!("{value:064x}").try_into().unwrap();
    KeptArtifacts { manifest, entries: u64::from(value), bytes: 7, expire_in_ms: 10 * u64::from(value) }
}

fn cache(value: u8) -> SavedCache {
    let blob = format!("{value:064x}").try_into().unwrap();
    SavedCache { key: format!("pip-{}", value % 2), blob, bytes: u64::from(value) }
}

fn reason(value: u8) -> StopReason {
    match value % 4 {
        0 => StopReason::Asked,
        1 => StopReason::FailFast { job: "it's \"a\"".to_owned() },
        2 => StopReason::Superseded { by: 7 },
        3 => StopReason::TimedOut { limit_ms: 5_000 },
        _ => StopReason::GroupFull { group: "deploy".to_owned() },
    }
}

fn step() -> impl Strategy<Value = Step> {
    // Attempts are the interesting part, so their kinds come more often than the rest.
    let kinds = prop_oneof![4 => 2u8..5, 1 => 0u8..15];
    (kinds, 0..RUNS, 0..JOBS, 1u8..4, 0u8..10).prop_map(|(what, run, job, fence, value)| Step {
        what,
        run,
        job,
        fence,
        value,
    })
}

fn word(result: &Result<(), CommitError>) -> String {
    match result {
        Ok(()) => "written".to_owned(),
        Err(CommitError::Store(cause)) => panic!("the store failed: {cause:#}"),
        Err(refused) => refused.to_string(),
    }
}

async fn reads(store: &dyn Store) -> String {
    let mut all = format!("{:#?}\n", store.active_runs().await.unwrap());
    for run in 0..RUNS {
        all += &format!("{:#?}\n", store.run(run_id(run)).await.unwrap());
        all += &format!("{:?}\n", store.run_at("two", u64::from(run) + 1).await.unwrap());
        all += &format!("{:?}\n", store.run_of_job(job_id(run, 1)).await.unwrap());
    }
    let filters = [
        RunFilter { limit: 10, ..RunFilter::default() },
        RunFilter { project: Some("two".to_owned()), limit: 1, ..RunFilter::default() },
        RunFilter { before: Some(run_id(1)), limit: 10, ..RunFilter::default() },
        RunFilter { reference: Some("refs/heads/main".to_owned()), limit: 10, ..RunFilter::default() },
        RunFilter { author: Some("A".to_owned()), limit: 10, ..RunFilter::default() },
        RunFilter { image: Some("aa".to_owned()), limit: 10, ..RunFilter::default() },
        RunFilter {
            image: Some("ab1".to_owned()),
            project: Some("two".to_owned()),
            before: Some(run_id(1)),
            limit: 10,
            ..RunFilter::default()
        },
    ];
    for stage in RunStage::ALL {
        let filter = RunFilter { stage: Some(stage), limit: 10, ..RunFilter::default() };
        all += &format!("{stage:?} {:#?}\n", store.runs(&filter).await.unwrap());
    }
    all += &format!("{:?}\n", store.kept_manifests().await.unwrap());
    all += &format!("{:?}\n", store.drains().await.unwrap());
    all += &format!("{:?} {:?}\n", store.paces().await.unwrap(), store.begun(2).await.unwrap());
    all += &format!("{:?}\n", store.caches(None).await.unwrap());
    for filter in &filters {
        all += &format!("{:#?}\n", store.runs(filter).await.unwrap());
    }
    all
}

async fn same_history(batches: Vec<Vec<Step>>) {
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryStore::default();
    let file = folder.path().join("a database?#%.db");
    let mut sqlite = SqliteStore::open(&file).await.unwrap();
    let accepted: Vec<_> = (0..2).map(|run| record(Step { what: 0, run, job: 0, fence: 0, value: 0 })).collect();
    let batches = batches.iter().map(|batch| batch.iter().copied().map(record).collect::<Vec<_>>());
    for (n, records) in std::iter::once(accepted).chain(batches).enumerate() {
        let (one, other) = (memory.commit(&records).await, sqlite.commit(&records).await);
        assert_eq!(word(&one), word(&other), "{records:#?}");
        let before = reads(&memory).await;
        assert_eq!(before, reads(&sqlite).await, "{records:#?}");
        if one.is_ok() {
            memory.commit(&records).await.unwrap();
            sqlite.commit(&records).await.unwrap();
            assert_eq!(
                (before.clone(), before),
                (reads(&memory).await, reads(&sqlite).await),
                "a repeat changed something"
            );
        }
        if n == 2 {
            sqlite.close().await;
            sqlite = SqliteStore::open(&file).await.unwrap();
            assert_eq!(reads(&memory).await, reads(&sqlite).await, "opening it again changed something");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_histories_read_the_same_in_every_store(
        batches in prop::collection::vec(prop::collection::vec(step(), 1..5), 3..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(same_history(batches));
    }
}

async fn every_store(folder: &tempfile::TempDir) -> Vec<Box<dyn Store>> {
    let sqlite = SqliteStore::open(&folder.path().join("db")).await.unwrap();
    vec![Box::new(MemoryStore::default()), Box::new(sqlite)]
}

fn started(fence: u8, request: u8) -> Record {
    record(Step { what: 2, run: 0, job: 0, fence, value: request })
}

#[tokio::test]
async fn a_second_other_outcome_is_refused_and_takes_its_transaction_along() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        store.commit(&[record(Step { what: 0, run: 0, job: 0, fence: 0, value: 0 })]).await.unwrap();
        let ended = |value| record(Step { what: 5, run: 0, job: 0, fence: 1, value });
        store.commit(&[ended(0)]).await.unwrap();
        let before = reads(&*store).await;
        let refused =
            store.commit(&[Record::RunCancelling { run: run_id(0), reason: StopReason::Asked }, ended(1)]).await;
        assert!(matches!(refused, Err(CommitError::SecondOutcome(job)) if job == job_id(0, 0)));
        assert_eq!(before, reads(&*store).await);
    }
}

#[tokio::test]
async fn a_fence_is_handed_out_once() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        store.commit(&[record(Step { what: 0, run: 0, job: 0, fence: 0, value: 0 })]).await.unwrap();
        store.commit(&[started(2, 0)]).await.unwrap();
        for (fence, request) in [(1, 0), (2, 1)] {
            let refused = store.commit(&[started(fence, request)]).await;
            assert!(matches!(refused, Err(CommitError::StaleFence(_, stale)) if stale == u64::from(fence)));
        }
        store.commit(&[started(2, 0), started(3, 1)]).await.unwrap();
    }
}

#[tokio::test]
async fn numbers_of_a_project_go_up_by_one_and_go_on_after_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        assert_eq!(store.next_run_number("two").await.unwrap(), 1);
        assert_eq!(store.next_run_number("two").await.unwrap(), 2);
        assert_eq!(store.next_run_number("one").await.unwrap(), 1);
        store.commit(&[record(Step { what: 0, run: 1, job: 0, fence: 0, value: 0 })]).await.unwrap();
        assert_eq!(store.next_run_number("two").await.unwrap(), 3);
    }
}

#[tokio::test]
async fn artifacts_are_kept_once_and_until_their_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        store.commit(&[record(Step { what: 0, run: 0, job: 0, fence: 0, value: 0 })]).await.unwrap();
        let attempt = AttemptId { job: job_id(0, 0), fence: 2 };
        let keep = |artifacts| Record::ArtifactsKept { attempt, at: Timestamp(100), artifacts };
        let refused = store.commit(&[keep(vec![kept(1)])]).await;
        assert!(matches!(refused, Err(CommitError::Unknown(_))));
        store.commit(&[started(2, 0), keep(vec![kept(1), kept(2)])]).await.unwrap();
        store.commit(&[keep(vec![kept(0)])]).await.unwrap();
        let names =
            |manifests: Vec<BlobId>| manifests.iter().map(|id| id.as_str()[60..].to_owned()).collect::<Vec<_>>();
        assert_eq!(names(store.kept_manifests().await.unwrap()), ["0001", "0002"]);
        assert_eq!(store.expire_artifacts(Timestamp(109)).await.unwrap(), 0);
        assert_eq!(store.expire_artifacts(Timestamp(110)).await.unwrap(), 1);
        assert_eq!(names(store.kept_manifests().await.unwrap()), ["0002"]);
        let run = store.run(run_id(0)).await.unwrap().unwrap();
        let (left, expires) = (&run.jobs[0].attempts[0].artifacts, Timestamp(120));
        assert_eq!((left.len(), left[0].expires, left[0].entries), (1, expires, 2));
    }
}

#[tokio::test]
async fn a_cache_stays_as_it_is_and_only_its_use_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        let save = |project: &str, at, value| Record::CachesSaved {
            at: Timestamp(at),
            project: project.to_owned(),
            scope: "refs/heads/main".to_owned(),
            caches: vec![SavedCache { key: "k".to_owned(), ..cache(value) }],
        };
        store.commit(&[save("one", 1, 1), save("two", 2, 2)]).await.unwrap();
        store.commit(&[save("one", 3, 3)]).await.unwrap();
        let one = store.caches(Some("one")).await.unwrap().remove(0);
        assert_eq!((one.bytes, one.created, one.used), (1, Timestamp(1), Timestamp(1)));
        store.cache_used(&one, Timestamp(9)).await.unwrap();
        assert_eq!(store.caches(Some("one")).await.unwrap()[0].used, Timestamp(9));
        store.remove_cache(&one).await.unwrap();
        store.remove_cache(&one).await.unwrap();
        let left = store.caches(None).await.unwrap();
        assert_eq!(left.iter().map(|cache| &*cache.project).collect::<Vec<_>>(), ["two"]);
    }
}

fn token(n: u8, scope: TokenScope) -> StoredToken {
    let expires = (n == 2).then_some(Timestamp(9));
    let (id, name, created) = (TokenId(uuid(6, n)), format!("t{n}"), Timestamp(1));
    StoredToken { id, name, scope, hash: [n; 32], created, expires, used: None }
}

fn runner(n: u8, name: &str) -> StoredRunner {
    let (id, name) = (RunnerId(uuid(3, n)), name.to_owned());
    StoredRunner { id, name, created: Timestamp(1), hello: None, seen: Timestamp(1) }
}

#[tokio::test]
async fn projects_tokens_and_runners_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        let project = |name: &str, url: &str, created| ProjectView {
            name: name.to_owned(),
            repo_url: url.to_owned(),
            default_branch: "main".to_owned(),
            created: Timestamp(created),
        };
        store.put_project(&project("b", "", 1)).await.unwrap();
        store.put_project(&project("a", "", 2)).await.unwrap();
        store.put_project(&project("b", "file:///b", 3)).await.unwrap();
        let entry = Schedule { cron: "0 3 * * *".to_owned(), timezone: "UTC".to_owned(), ..Schedule::default() };
        for since in [Timestamp(5), Timestamp(7)] {
            let schedule = StoredSchedule { entries: vec![entry.clone()], since };
            store.put_schedule("b", &schedule).await.unwrap();
            assert_eq!(store.schedules().await.unwrap(), [("b".to_owned(), schedule)]);
        }
        // Only what is still as it was when it was handled.
        let kept = StoredSchedule { entries: vec![entry], since: Timestamp(7) };
        for (handled, since) in [
            (StoredSchedule { entries: Vec::new(), ..kept.clone() }, Timestamp(7)),
            (StoredSchedule { since: Timestamp(5), ..kept.clone() }, Timestamp(7)),
            (kept.clone(), Timestamp(9)),
        ] {
            store.schedule_handled("b", &handled, Timestamp(9)).await.unwrap();
            let now = StoredSchedule { since, ..kept.clone() };
            assert_eq!(store.schedules().await.unwrap(), [("b".to_owned(), now)]);
        }
        assert_eq!(store.projects().await.unwrap(), [project("a", "", 2), project("b", "file:///b", 1)]);
        assert_eq!(store.project("b").await.unwrap(), Some(project("b", "file:///b", 1)));
        assert_eq!(store.project("c").await.unwrap(), None);

        let once = token(3, TokenScope::Registration { single_use: true });
        let mut tokens =
            vec![token(1, TokenScope::Api(Role::Viewer)), token(2, TokenScope::Push { project: "b".to_owned() }), once];
        for token in &tokens {
            store.add_token(token).await.unwrap();
        }
        assert_eq!(store.tokens().await.unwrap(), tokens);

        store.token_used(tokens[0].id, Timestamp(7)).await.unwrap();
        tokens[0].used = Some(Timestamp(7));
        assert_eq!(store.tokens().await.unwrap(), tokens);

        let (zoe, amy) = (runner(1, "zoe"), runner(2, "amy"));
        let own = token(4, TokenScope::Runner(zoe.id));
        let used_up = tokens.pop().unwrap().id;
        assert!(store.enrol(&zoe, &own, Some(used_up)).await.unwrap());
        assert!(!store.enrol(&amy, &token(5, TokenScope::Runner(amy.id)), Some(used_up)).await.unwrap());
        assert!(store.enrol(&amy, &token(5, TokenScope::Runner(amy.id)), None).await.unwrap());
        tokens.extend([own, token(5, TokenScope::Runner(amy.id))]);
        assert_eq!(store.tokens().await.unwrap(), tokens);

        let resources = Resources { milli_cpus: Some(2000), memory: None, pids: None };
        let labels = BTreeMap::from([("os".to_owned(), "linux".to_owned())]);
        let hello = Hello { life: LifeId(uuid(4, 1)), version: "1".to_owned(), slots: 2, labels, resources };
        store.put_hello(zoe.id, &hello, Timestamp(8)).await.unwrap();
        let zoe = StoredRunner { hello: Some(hello), seen: Timestamp(8), ..zoe };
        assert_eq!(store.runners().await.unwrap(), [amy, zoe]);

        let session = |hash: u8, token: &StoredToken, created, expires| StoredSession {
            hash: [hash; 32],
            token: token.id,
            created: Timestamp(created),
            expires: Timestamp(expires),
        };
        let (ends, goes, stays) =
            (session(1, &tokens[0], 1, 2), session(2, &tokens[0], 1, 9), session(3, &tokens[1], 2, 9));
        for session in [&ends, &goes, &stays] {
            store.add_session(session).await.unwrap();
        }
        assert_eq!(store.sessions().await.unwrap(), [goes, stays.clone()], "one was over when the last began");

        assert!(store.remove_token(tokens[0].id).await.unwrap());
        assert_eq!(store.sessions().await.unwrap(), std::slice::from_ref(&stays), "the token's sessions go with it");
        store.remove_session(&stays.hash).await.unwrap();
        assert_eq!(store.sessions().await.unwrap(), []);
        assert!(!store.remove_token(tokens[0].id).await.unwrap());
    }
}

#[tokio::test]
async fn secrets_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |scope: SecretScope, name: &str, sealed: u8| StoredSecret {
        scope,
        name: name.to_owned(),
        rules: SecretRules { events: vec![Trigger::Push], branches: vec!["main".to_owned()] },
        sealed: Sealed(vec![sealed; 3]),
        created: Timestamp(1),
        changed: Timestamp(2),
    };
    for store in every_store(&folder).await {
        let of_project = SecretScope::Project("a".to_owned());
        let (one, other) = (secret(of_project.clone(), "n", 1), secret(SecretScope::All, "n", 2));
        store.put_secret(&one).await.unwrap();
        store.put_secret(&other).await.unwrap();
        let again = StoredSecret { created: Timestamp(7), changed: Timestamp(7), ..secret(of_project.clone(), "n", 3) };
        store.put_secret(&again).await.unwrap();
        let mut read = store.secrets().await.unwrap();
        read.sort_by_key(|secret| secret.sealed.0.clone());
        assert_eq!(read, [other.clone(), StoredSecret { created: Timestamp(1), ..again }]);
        assert!(store.remove_secret(&of_project, "n").await.unwrap());
        assert!(!store.remove_secret(&of_project, "n").await.unwrap());
        assert_eq!(store.secrets().await.unwrap(), [other]);
    }
}
