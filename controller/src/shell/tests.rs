use super::*;
use crate::core::event::{RunContent, RunSpec};
use crate::store::in_memory::MemoryStore;
use crate::store::sqlite::SqliteStore;
use sidings_proto::runner::Hello;
use sidings_proto::{
    Choice, Command, Commit, Environment, JobId, JobSpec, LifeId, Plan, PlannedJob, Resources, RunId, Source, Stage,
    Step, StepNo, Trigger,
};
use std::collections::BTreeMap;
use tokio::task::JoinHandle;

struct Fixture {
    shell: Shell,
    closing: CancellationToken,
    turning: JoinHandle<anyhow::Result<()>>,
}

async fn fixture(store: Arc<dyn Store>) -> Fixture {
    let (closing, stop) = (CancellationToken::new(), CancellationToken::new());
    let metrics = Arc::new(Metrics::new());
    let (shell, turning) =
        restore(store, Clock::start(), metrics, Arc::default(), closing.clone(), stop).await.unwrap();
    Fixture { shell, closing, turning: tokio::spawn(turning.run()) }
}

fn run(number: u64) -> Arc<RunSpec> {
    let step = Step {
        no: StepNo(1),
        name: "unit".to_owned(),
        image: Environment::Image { reference: "debian:bookworm-slim".to_owned() },
        command: Command::Image,
        ..Step::default()
    };
    let spec = JobSpec {
        stages: vec![Stage { steps: vec![step], ..Stage::default() }],
        timeout_ms: 1000,
        ..JobSpec::default()
    };
    let job = PlannedJob { name: "test".to_owned(), spec, ..PlannedJob::default() };
    Arc::new(RunSpec {
        id: RunId::new(),
        project: "web".to_owned(),
        number,
        trigger: Trigger::Manual,
        commit: Commit::default(),
        source: Source::Git { url: "file:///x".to_owned(), commit: "0".repeat(40) },
        repo_url: String::new(),
        default_branch: "main".to_owned(),
        retry_of: None,
        inputs: BTreeMap::new(),
        choice: Choice::default(),
        content: RunContent::Plan { plan: Plan { jobs: vec![job], ..Plan::default() }, job_ids: vec![JobId::new()] },
    })
}

impl Fixture {
    async fn runner(&self) -> (RunnerId, LifeId) {
        let (runner, life) = (RunnerId::new(), LifeId::new());
        let hello =
            Hello { life, version: String::new(), slots: 1, labels: BTreeMap::new(), resources: Resources::default() };
        let answer = self.shell.ask(|ask| Event::RunnerUp { ask, runner, name: "r".to_owned(), hello }).await;
        assert_eq!(answer.unwrap(), Answer::Done);
        (runner, life)
    }

    async fn submit(&self, number: u64) -> Result<Answer, Gone> {
        self.shell.ask(|ask| Event::Submitted { ask, run: run(number) }).await
    }
}

fn request(life: LifeId) -> LeaseRequest {
    LeaseRequest { life, request: RequestId::new(), slots: 1 }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_work_is_answered_with_nothing_when_its_time_is_over() {
    let f = fixture(Arc::new(MemoryStore::default())).await;
    let (runner, life) = f.runner().await;
    let before = f.shell.now();
    assert_eq!(f.shell.lease(runner, request(life)).await.unwrap(), Some(Vec::new()));
    assert_eq!(f.shell.now().since(before).as_millis(), u128::from(LEASE_POLL_MS));
    // The next one is another request, and gets what comes.
    let (leased, _) = tokio::join!(f.shell.lease(runner, request(life)), f.submit(1));
    assert_eq!(leased.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn work_does_not_go_to_a_caller_that_went_away() {
    let f = fixture(Arc::new(MemoryStore::default())).await;
    let (runner, life) = f.runner().await;
    {
        let mut gone = std::pin::pin!(f.shell.lease(runner, request(life)));
        assert!(futures::poll!(&mut gone).is_pending());
    }
    f.submit(1).await.unwrap();
    let now = f.shell.now();
    let counts = f.shell.look(move |core| core.counts(now)).await.unwrap();
    assert_eq!((counts.queued, counts.running), (1, 0));
}

#[tokio::test]
async fn open_requests_are_answered_with_nothing_when_the_controller_closes() {
    let f = fixture(Arc::new(MemoryStore::default())).await;
    let (runner, life) = f.runner().await;
    let mut open = std::pin::pin!(f.shell.lease(runner, request(life)));
    assert!(futures::poll!(&mut open).is_pending());
    f.closing.cancel();
    assert_eq!(open.await.unwrap(), Some(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_hinted_to_the_runner_that_has_the_job() {
    let f = fixture(Arc::new(MemoryStore::default())).await;
    let (runner, life) = f.runner().await;
    assert!(!f.shell.hinted(runner).await);
    let run = run(1);
    let id = run.id;
    f.shell.ask(|ask| Event::Submitted { ask, run }).await.unwrap();
    assert_eq!(f.shell.lease(runner, request(life)).await.unwrap().unwrap().len(), 1);
    f.shell.ask(|ask| Event::CancelAsked { ask, run: id }).await.unwrap();
    // It came before anybody waited, and counts once.
    assert!(f.shell.hinted(runner).await);
    assert!(!f.shell.hinted(runner).await);
}

#[tokio::test]
async fn a_store_that_refuses_ends_the_loop_and_nobody_is_told_what_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("db")).await.unwrap());
    let f = fixture(store.clone()).await;
    f.submit(1).await.unwrap();
    // Another run with the number of the first: no caller of ours does that, and the table does not take it.
    assert!(f.submit(1).await.is_err());
    assert!(f.turning.await.unwrap().is_err());
    assert!(f.shell.look(|_| ()).await.is_err());
    assert_eq!(store.active_runs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_follows_a_run_hears_of_a_change_that_came_before_it_listened() {
    let changes = Arc::new(Changes::default());
    let run = RunId::new();
    let mut follower = changes.follow(run);
    changes.tell(run);
    changes.tell(run);
    follower.changed().await;
    let mut again = std::pin::pin!(follower.changed());
    assert!(futures::poll!(&mut again).is_pending());
}
