//! A controller as small as can be: it keeps the protocol, remembers what it heard, and fails where it is told.

use crate::{Config, EngineKind, Shutdown};
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use sidings_proto::api::{ErrorBody, ErrorDetail};
use sidings_proto::runner::{
    AssignedRun, Assignment, AttemptOrder, Beat, Beaten, Finish, Finished, Hello, Hinted, LeaseRequest, Leased, LogAck,
    Order, ProgressReport, Register, Registered, Retire, TestBatch, Welcome,
};
use sidings_proto::{
    AttemptId, Command, Commit, Environment, JobId, JobSpec, LifeId, LowDisk, Reports, RequestId, RunId, RunnerId,
    Source, Stage, Step, StepNo, Trigger,
};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Clone)]
pub(super) struct Fake {
    state: Arc<Mutex<Heard>>,
    changed: watch::Sender<u64>,
}

/// What the controller heard, and what it is to answer.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) calls: Vec<String>,
    pub(super) queue: VecDeque<Assignment>,
    pub(super) answered: HashMap<RequestId, Leased>,
    pub(super) requests: Vec<RequestId>,
    pub(super) lives: Vec<LifeId>,
    pub(super) orders: HashMap<AttemptId, Order>,
    pub(super) logs: BTreeMap<(AttemptId, StepNo), Vec<u8>>,
    pub(super) progress: Vec<String>,
    pub(super) finishes: Vec<(AttemptId, Finish)>,
    pub(super) tests: Vec<(AttemptId, TestBatch)>,
    pub(super) beaten: Vec<Vec<AttemptId>>,
    /// What the last beat said of its disk.
    pub(super) low_disk: Option<LowDisk>,
    pub(super) draining: bool,
    /// Hints to give, and those given.
    pub(super) hints: usize,
    pub(super) hinted: usize,
    /// Answers to finishes, before they are accepted.
    pub(super) finish_answers: VecDeque<Finished>,
    /// By the end of the path: calls that fail, before they are carried out or, with `true`, after.
    pub(super) faults: Vec<(&'static str, Fault, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Away,
    Stale,
    UnknownLife,
    Unauthorized,
}

impl Fake {
    pub(super) async fn serve() -> (Fake, String) {
        let fake = Fake { state: Arc::default(), changed: watch::channel(0).0 };
        let attempt = "/runner/v1/attempts/{job}/{fence}";
        let router = Router::new()
            .route("/runner/v1/register", post(register))
            .route("/runner/v1/hello", post(hello))
            .route("/runner/v1/lease", post(lease))
            .route("/runner/v1/beat", post(beat))
            .route("/runner/v1/hint", post(hint))
            .route("/runner/v1/retire", post(retire))
            .route(&format!("{attempt}/progress"), post(progress))
            .route(&format!("{attempt}/logs/{{step}}"), put(log))
            .route(&format!("{attempt}/tests"), post(tests))
            .route(&format!("{attempt}/finish"), post(finish))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .layer(axum::middleware::from_fn_with_state(fake.clone(), faulty))
            .with_state(fake.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (fake, address)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Heard) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap());
        self.changed.send_modify(|n| *n += 1);
        changed
    }

    /// Waits until what was heard is as said.
    pub(super) async fn until(&self, mut as_said: impl FnMut(&Heard) -> bool) {
        let mut changes = self.changed.subscribe();
        let heard = async {
            while !as_said(&self.state.lock().unwrap()) {
                changes.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), heard).await.is_err() {
            let calls = self.change(|heard| heard.calls.clone());
            panic!("it never came; heard: {calls:#?}");
        }
    }

    pub(super) fn fail(&self, call: &'static str, fault: Fault, times: usize) {
        self.change(|heard| heard.faults.extend(std::iter::repeat_n((call, fault, false), times)));
    }

    /// The call is carried out, and its answer is lost.
    pub(super) fn lose_answer(&self, call: &'static str) {
        self.change(|heard| heard.faults.push((call, Fault::Away, true)));
    }

    pub(super) fn queue(&self, script: &str) -> AttemptId {
        let assignment = assignment(script);
        let attempt = assignment.attempt;
        self.change(|heard| heard.queue.push_back(assignment));
        attempt
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.change(|heard| heard.calls.iter().filter(|heard| heard.ends_with(call)).count())
    }
}

/// A runner at work, and its folder.
pub(super) struct Runner {
    pub(super) dir: Arc<TempDir>,
    pub(super) config: Config,
    pub(super) shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Runner {
    pub(super) fn start(address: &str) -> Runner {
        Runner::start_in(Arc::new(tempfile::tempdir().unwrap()), address)
    }

    pub(super) fn start_in(dir: Arc<TempDir>, address: &str) -> Runner {
        Runner::start_with(dir, address, 0)
    }

    pub(super) fn start_with(dir: Arc<TempDir>, address: &str, least_free: u64) -> Runner {
        let config = Config {
            data_dir: dir.path().to_owned(),
            name: "runner".to_owned(),
            controller_url: address.to_owned(),
            registration_token: Some("registration".to_owned().into()),
            slots: 2,
            labels: BTreeMap::new(),
            engine: EngineKind::Dummy,
            warm_networks: None,
            log_limit_bytes: 16 * 1024 * 1024,
            least_free_bytes: Some(least_free),
            cleaning: None,
            registries: Default::default(),
            authorities: None,
            attendant: None,
        };
        let shutdown = Shutdown::default();
        let running = tokio::spawn(crate::run(config.clone(), shutdown.clone()));
        Runner { dir, config, shutdown, running }
    }

    pub(super) async fn gone(self) -> anyhow::Result<()> {
        self.running.await.unwrap()
    }

    pub(super) async fn stop(self) {
        self.shutdown.stop.cancel();
        self.gone().await.unwrap();
    }

    pub(super) fn attempt_folders(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("attempts")).unwrap().count()
    }
}

fn assignment(script: &str) -> Assignment {
    let step = Step {
        no: StepNo(1),
        name: "one".to_owned(),
        image: Environment::Image { reference: "debian:bookworm-slim".to_owned() },
        command: Command::Run { script: script.to_owned() },
        ..Step::default()
    };
    Assignment {
        attempt: AttemptId { job: JobId::new(), fence: 1 },
        token: "attempt".to_owned(),
        job_name: "job".to_owned(),
        job_url: String::new(),
        run: AssignedRun {
            id: RunId::new(),
            number: 1,
            project: "p".to_owned(),
            repo_url: String::new(),
            default_branch: "main".to_owned(),
            url: String::new(),
            trigger: Trigger::Manual,
            commit: Commit::default(),
            source: Source::Snapshot { blob: "0".repeat(64).try_into().unwrap() },
            inputs: std::collections::BTreeMap::new(),
            locked: std::collections::BTreeMap::new(),
            flaws_judged: false,
        },
        spec: JobSpec {
            stages: vec![Stage { steps: vec![step], ..Stage::default() }],
            timeout_ms: 3_600_000,
            reports: Reports { junit: vec!["report.xml".to_owned()], required: false },
            ..JobSpec::default()
        },
    }
}

fn error(fault: Fault) -> Response {
    let (status, code) = match fault {
        Fault::Away => (StatusCode::SERVICE_UNAVAILABLE, "internal"),
        Fault::Stale => (StatusCode::CONFLICT, "stale_attempt"),
        Fault::UnknownLife => (StatusCode::CONFLICT, "unknown_life"),
        Fault::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
    };
    let error = ErrorDetail { code: code.to_owned(), message: "as told".to_owned() };
    (status, Json(ErrorBody { error })).into_response()
}

async fn faulty(State(fake): State<Fake>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let fault = fake.change(|heard| {
        heard.calls.push(path.clone());
        let place = heard.faults.iter().position(|(call, _, _)| path.ends_with(call));
        place.map(|place| heard.faults.remove(place))
    });
    match fault {
        None => next.run(request).await,
        Some((_, fault, false)) => error(fault),
        Some((_, fault, true)) => {
            next.run(request).await;
            error(fault)
        }
    }
}

async fn register(Json(_): Json<Register>) -> Json<Registered> {
    Json(Registered { runner: RunnerId::new(), token: "runner".to_owned() })
}

async fn hello(State(fake): State<Fake>, Json(hello): Json<Hello>) -> Json<Welcome> {
    fake.change(|heard| heard.lives.push(hello.life));
    Json(Welcome { runner: RunnerId::new() })
}

async fn lease(State(fake): State<Fake>, Json(request): Json<LeaseRequest>) -> Json<Leased> {
    let mut changes = fake.changed.subscribe();
    fake.change(|heard| heard.requests.push(request.request));
    loop {
        let leased = fake.state.lock().unwrap().lease(&request);
        if let Some(leased) = leased {
            fake.change(|_| ());
            return Json(leased);
        }
        changes.changed().await.unwrap();
    }
}

impl Heard {
    fn lease(&mut self, request: &LeaseRequest) -> Option<Leased> {
        if let Some(leased) = self.answered.get(&request.request) {
            return Some(leased.clone());
        }
        let count = self.queue.len().min(request.slots as usize);
        let leased = Leased { assignments: self.queue.drain(..count).collect() };
        (count > 0).then(|| self.answered.entry(request.request).or_insert(leased).clone())
    }
}

impl Heard {
    /// Gives the next hint after the beat that the one before led to.
    fn hint(&mut self) -> bool {
        let due = self.hinted < self.hints && self.hinted < self.beaten.len();
        self.hinted += usize::from(due);
        due
    }
}

async fn beat(State(fake): State<Fake>, Json(beat): Json<Beat>) -> Json<Beaten> {
    let orders = fake.change(|heard| {
        heard.beaten.push(beat.attempts.clone());
        heard.draining |= beat.draining;
        heard.low_disk = beat.low_disk;
        let order = |attempt| heard.orders.get(attempt).copied().unwrap_or(Order::GoOn);
        beat.attempts.iter().map(|attempt| AttemptOrder { attempt: *attempt, order: order(attempt) }).collect()
    });
    Json(Beaten { orders })
}

async fn hint(State(fake): State<Fake>) -> Json<Hinted> {
    let mut changes = fake.changed.subscribe();
    while !fake.state.lock().unwrap().hint() {
        changes.changed().await.unwrap();
    }
    Json(Hinted { beat: true })
}

async fn retire(State(fake): State<Fake>, Json(_): Json<Retire>) -> StatusCode {
    fake.change(|_| ());
    StatusCode::NO_CONTENT
}

async fn progress(State(fake): State<Fake>, Json(report): Json<ProgressReport>) -> StatusCode {
    fake.change(|heard| heard.progress.extend(report.events.iter().map(|event| format!("{event:?}"))));
    StatusCode::NO_CONTENT
}

async fn log(
    State(fake): State<Fake>,
    Path((job, fence, step)): Path<(JobId, u64, u32)>,
    Query(query): Query<HashMap<String, u64>>,
    body: Bytes,
) -> Json<LogAck> {
    assert!(body.len() <= sidings_proto::runner::LOG_CHUNK_MAX);
    assert_eq!(sidings_proto::log::whole_frames(&body), (body.len(), false));
    let offset = usize::try_from(query["offset"]).unwrap();
    let bytes = fake.change(|heard| {
        let log = heard.logs.entry((AttemptId { job, fence }, StepNo(step))).or_default();
        if offset <= log.len() {
            log.extend(body.iter().skip(log.len() - offset));
        }
        log.len() as u64
    });
    Json(LogAck { bytes })
}

async fn tests(
    State(fake): State<Fake>,
    Path((job, fence)): Path<(JobId, u64)>,
    Json(batch): Json<TestBatch>,
) -> StatusCode {
    fake.change(|heard| {
        assert!(heard.finishes.iter().all(|(of, _)| of.job != job), "tests are told before the end");
        heard.tests.push((AttemptId { job, fence }, batch));
    });
    StatusCode::NO_CONTENT
}

async fn finish(
    State(fake): State<Fake>,
    Path((job, fence)): Path<(JobId, u64)>,
    Json(finish): Json<Finish>,
) -> Json<Finished> {
    let answer = fake.change(|heard| {
        let answer = heard.finish_answers.pop_front().unwrap_or(Finished::Accepted);
        if let Finished::LogMissing { step, bytes } = answer {
            let log = heard.logs.get_mut(&(AttemptId { job, fence }, step)).unwrap();
            log.truncate(usize::try_from(bytes).unwrap());
        }
        heard.finishes.push((AttemptId { job, fence }, finish));
        answer
    });
    Json(answer)
}
