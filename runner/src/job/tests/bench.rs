//! What the tests of jobs are made with.

use crate::attempt::{Orders, Telling};
use crate::clean::{Stock, StoredImage, Tending};
use crate::depot::{Depot, Open};
use crate::engine::dummy::Dummy;
use crate::engine::{
    Build, ContainerId, Engine, EngineFacts, Entry, ImageError, ImageFacts, Network, Removed, Session, Signal,
    StepContainer, Storage,
};
use crate::image::Images;
use crate::job::{Channel, Tools, carry_out};
use crate::setup_log::SetupLog;
use crate::split::Queue;
use crate::spool::{ExitWatch, Spooled};
use crate::workspace::Layering;
use async_trait::async_trait;
use expect_test::Expect;
use sidings_git::Mirrors;
use sidings_proto::SecretsAnswer;
use sidings_proto::cache::{CacheAnswer, CacheWanted};
use sidings_proto::log::{Next, next_frame};
use sidings_proto::runner::{AssignedRun, Assignment, Finish, Progress};
use sidings_proto::split::{
    SplitBeat, SplitList, SplitListed, SplitOrders, SplitPull, SplitPulled, SplitReport, SplitTaken,
};
use sidings_proto::{
    AttemptId, BlobId, Command, Commit, Environment, JobId, JobSpec, RunId, Source, Stage, Step, StepNo, Timestamp,
    Trigger, Verdict,
};
use std::collections::VecDeque;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;

pub(super) fn step(no: u32, script: &str) -> Step {
    Step {
        no: StepNo(no),
        name: format!("s{no}"),
        image: Environment::Image { reference: "debian:bookworm-slim".to_owned() },
        command: Command::Run { script: script.to_owned() },
        ..Step::default()
    }
}

/// A job of steps one after the other.
pub(super) fn in_order(steps: impl IntoIterator<Item = Step>) -> Assignment {
    of_stages(steps.into_iter().map(|step| Stage { steps: vec![step], ..Stage::default() }).collect())
}

pub(super) fn of_stages(stages: Vec<Stage>) -> Assignment {
    let commit = Commit {
        sha: "c".repeat(40),
        reference: "refs/heads/main".to_owned(),
        message: "a message".to_owned(),
        author: "Ada <ada@example.org>".to_owned(),
        before: None,
        time: Timestamp(1_700_000_000_000),
    };
    Assignment {
        attempt: AttemptId { job: JobId::new(), fence: 2 },
        token: "secret".to_owned(),
        job_name: "test".to_owned(),
        job_url: "http://sidings/job".to_owned(),
        run: AssignedRun {
            id: RunId::new(),
            number: 7,
            project: "team/project".to_owned(),
            repo_url: "https://example.org/team/project".to_owned(),
            default_branch: "main".to_owned(),
            url: "http://sidings/run".to_owned(),
            trigger: Trigger::Push,
            commit,
            source: Source::Snapshot { blob: "0".repeat(64).try_into().unwrap() },
            inputs: std::collections::BTreeMap::new(),
            locked: std::collections::BTreeMap::new(),
            flaws_judged: false,
        },
        spec: JobSpec { stages, timeout_ms: 3_600_000, ..JobSpec::default() },
    }
}

/// A dummy that counts what it is asked and fails as it is told.
#[derive(Default)]
pub(super) struct Watched {
    dummy: Dummy,
    pub(super) fault: Fault,
    pub(super) teardowns: AtomicU32,
    pub(super) networks: AtomicU32,
    pub(super) kills: AtomicU32,
    /// The names by which networks were put together; none for those of steps.
    pub(super) connected: Mutex<Vec<Option<String>>>,
    waits: AtomicU32,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fault {
    #[default]
    None,
    StartFails,
    StartPanics,
    NetworkFails,
    WaitFails,
    FirstWaitFails,
    TeardownFailsOnce,
}

#[async_trait]
impl Storage for Watched {
    async fn root(&self) -> anyhow::Result<Option<PathBuf>> {
        self.dummy.root().await
    }

    async fn stock(&self) -> anyhow::Result<Option<Stock>> {
        self.dummy.stock().await
    }

    async fn remove_image(&self, image: &StoredImage) -> anyhow::Result<Removed> {
        self.dummy.remove_image(image).await
    }

    async fn prune_cache(&self, unused_for: Duration) -> anyhow::Result<u64> {
        self.dummy.prune_cache(unused_for).await
    }
}

#[async_trait]
impl Engine for Watched {
    async fn prepare(&self) -> anyhow::Result<EngineFacts> {
        self.dummy.prepare().await
    }

    async fn sweep(&self) -> anyhow::Result<usize> {
        self.dummy.sweep().await
    }

    async fn inspect_image(&self, reference: &str) -> anyhow::Result<Option<ImageFacts>> {
        self.dummy.inspect_image(reference).await
    }

    async fn pull_image(&self, reference: &str, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        self.dummy.pull_image(reference, log).await
    }

    async fn registry_digest(&self, reference: &str) -> anyhow::Result<String> {
        self.dummy.registry_digest(reference).await
    }

    async fn build_image(&self, build: Build, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        self.dummy.build_image(build, log).await
    }

    async fn save_image(&self, image: &str, into: mpsc::Sender<bytes::Bytes>) -> anyhow::Result<()> {
        self.dummy.save_image(image, into).await
    }

    async fn load_image(&self, tar: mpsc::Receiver<std::io::Result<bytes::Bytes>>) -> anyhow::Result<()> {
        self.dummy.load_image(tar).await
    }

    async fn layers_of(&self, label: &str) -> anyhow::Result<Vec<Vec<String>>> {
        self.dummy.layers_of(label).await
    }

    async fn tag_image(&self, image: &str, name: &str) -> anyhow::Result<()> {
        self.dummy.tag_image(image, name).await
    }

    async fn push_image(&self, image: &str, name: &str) -> anyhow::Result<String> {
        self.dummy.push_image(image, name).await
    }

    async fn take_network(&self, attempt: AttemptId) -> anyhow::Result<Network> {
        anyhow::ensure!(self.fault != Fault::NetworkFails, "no address is left");
        self.networks.fetch_add(1, Ordering::Relaxed);
        self.dummy.take_network(attempt).await
    }

    async fn connect(&self, attempt: AttemptId, network: &Network, name: Option<&str>) -> anyhow::Result<IpAddr> {
        self.connected.lock().unwrap().push(name.map(str::to_owned));
        self.dummy.connect(attempt, network, name).await
    }

    async fn start(&self, step: StepContainer) -> anyhow::Result<ContainerId> {
        anyhow::ensure!(self.fault != Fault::StartFails, "no space is left on the device");
        assert!(self.fault != Fault::StartPanics, "a bug");
        self.dummy.start(step).await
    }

    async fn wait(&self, container: &ContainerId) -> anyhow::Result<Option<i64>> {
        let first = self.fault == Fault::FirstWaitFails && self.waits.fetch_add(1, Ordering::Relaxed) == 0;
        anyhow::ensure!(self.fault != Fault::WaitFails && !first, "the connection is gone");
        self.dummy.wait(container).await
    }

    async fn signal(&self, container: &ContainerId, signal: Signal) -> anyhow::Result<()> {
        self.kills.fetch_add(u32::from(signal == Signal::Kill), Ordering::Relaxed);
        self.dummy.signal(container, signal).await
    }

    async fn enter(&self, container: &ContainerId, entry: Entry) -> anyhow::Result<Session> {
        self.dummy.enter(container, entry).await
    }

    async fn teardown(&self, attempt: AttemptId) -> anyhow::Result<()> {
        let before = self.teardowns.fetch_add(1, Ordering::Relaxed);
        anyhow::ensure!(self.fault != Fault::TeardownFailsOnce || before > 0, "the engine is restarting");
        self.dummy.teardown(attempt).await
    }

    async fn close(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// No controller.
struct Nowhere;

#[async_trait]
impl Depot for Nowhere {
    async fn missing(&self, _: Vec<BlobId>) -> anyhow::Result<Vec<BlobId>> {
        anyhow::bail!("there is no controller")
    }

    async fn put(&self, _: &BlobId, _: u64, _: Open<'_>) -> anyhow::Result<()> {
        anyhow::bail!("there is no controller")
    }

    async fn find_cache(&self, _: CacheWanted) -> anyhow::Result<CacheAnswer> {
        anyhow::bail!("there is no controller")
    }

    async fn cache(&self, _: &BlobId, _: &std::path::Path) -> anyhow::Result<()> {
        anyhow::bail!("there is no controller")
    }

    async fn input(&self, _: usize, _: mpsc::Sender<bytes::Bytes>) -> anyhow::Result<bool> {
        anyhow::bail!("there is no controller")
    }
}

#[async_trait]
impl Queue for Nowhere {
    async fn list(&self, _: SplitList) -> anyhow::Result<SplitListed> {
        anyhow::bail!("there is no controller")
    }

    async fn pull(&self, _: SplitPull) -> anyhow::Result<SplitPulled> {
        anyhow::bail!("there is no controller")
    }

    async fn report(&self, _: SplitReport) -> anyhow::Result<SplitTaken> {
        anyhow::bail!("there is no controller")
    }

    async fn beat(&self, _: SplitBeat) -> anyhow::Result<SplitOrders> {
        anyhow::bail!("there is no controller")
    }
}

/// A runner without a controller.
pub(super) struct Bench {
    pub(super) engine: Arc<Watched>,
    pub(super) tools: Tools,
    pub(super) channel: Arc<Channel>,
    logs: Vec<Arc<Spooled>>,
    _dir: TempDir,
}

impl Bench {
    pub(super) fn new() -> Bench {
        Bench::with(Fault::None)
    }

    pub(super) fn with(fault: Fault) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let attempts = dir.path().join("attempts");
        std::fs::create_dir(&attempts).unwrap();
        let engine = Arc::new(Watched { fault, ..Watched::default() });
        let facts =
            EngineFacts { version: "dummy".into(), os: "linux".into(), arch: "amd64".into(), ..EngineFacts::default() };
        let tools = Tools {
            engine: engine.clone(),
            images: Images::new(engine.clone(), facts, dir.path().to_owned()),
            mirrors: Mirrors::open(&dir.path().join("mirrors")).unwrap(),
            exits: ExitWatch::start(),
            tending: Arc::new(Tending::new(engine.clone(), Arc::default(), None)),
            attendant: None,
            attempts,
            copies: crate::cache::Copies::open(dir.path().join("caches")).unwrap(),
            bundle: None,
            log_limit: 1000,
            layering: Layering::default(),
            uses_workspace: false,
        };
        let fetch = Box::new(|_| Box::pin(async { anyhow::bail!("the snapshot is gone") }) as _);
        let secrets = Box::new(|| Box::pin(async { anyhow::bail!("there are no secrets") }) as _);
        let channel = Channel {
            telling: Telling::default(),
            orders: Orders::default(),
            fetch,
            depot: Arc::new(Nowhere),
            fleet: None,
            secrets,
            split: Arc::new(Nowhere),
        };
        Bench { engine, tools, channel: Arc::new(channel), logs: Vec::new(), _dir: dir }
    }

    fn channel_mut(&mut self) -> &mut Channel {
        Arc::get_mut(&mut self.channel).expect("the job has not begun")
    }

    /// Gives these answers to the one who asks for the secrets of the job, one after the other.
    pub(super) fn answer_with(&mut self, answers: impl IntoIterator<Item = anyhow::Result<SecretsAnswer>>) {
        let answers: Mutex<VecDeque<_>> = Mutex::new(answers.into_iter().collect());
        self.channel_mut().secrets = Box::new(move || {
            let answer = answers.lock().unwrap().pop_front().expect("it is not asked again");
            Box::pin(async { answer }) as _
        });
    }

    /// Gives this as the snapshot of the job.
    pub(super) fn serve(&mut self, archive: &'static [u8]) {
        let fetch = move |path| Box::pin(async move { Ok(std::fs::write(path, archive)?) }) as _;
        self.channel_mut().fetch = Box::new(fetch);
        self.tools.uses_workspace = true;
    }

    /// Carries the job out and shows what was told.
    pub(super) async fn dialogue(&mut self, assignment: &Assignment) -> String {
        let carried = carry_out(assignment, &self.tools, &self.channel).await;
        carried.teardown.await.unwrap();
        assert!(self.engine.teardowns.load(Ordering::Relaxed) >= 1, "nothing was torn down");
        self.logs.extend(self.channel.telling.take_logs());
        let mut text = String::new();
        for progress in self.channel.telling.take_progress() {
            writeln!(text, "{}", self.shown(&progress)).unwrap();
        }
        match &carried.finish {
            Some(finish) => self.show_finish(&mut text, finish),
            None => text.push_str("nothing to report\n"),
        }
        text
    }

    pub(super) async fn check(mut self, assignment: &Assignment, expected: Expect) {
        expected.assert_eq(&self.dialogue(assignment).await);
    }

    /// Gives an order after some time of the job.
    pub(super) fn after(&self, seconds: u64, order: impl FnOnce(&Orders) + Send + 'static) {
        let orders = self.channel.orders.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            order(&orders);
        });
    }

    /// The text of a log, its remarks in brackets.
    pub(super) fn log(&self, step: u32) -> String {
        let Some(log) = self.logs.iter().find(|log| log.step() == StepNo(step)) else { return String::new() };
        let bytes = log.read(0, usize::MAX).unwrap();
        let (mut text, mut rest) = (String::new(), &bytes[..]);
        while let Next::Frame(_, payload, taken) = next_frame(rest) {
            text.push_str(&String::from_utf8_lossy(payload));
            rest = &rest[taken..];
        }
        text
    }

    fn shown(&self, progress: &Progress) -> String {
        match progress {
            Progress::Phase { phase, .. } => format!("phase {phase:?}"),
            Progress::ImageReady(image) => format!("image {}", image.reference),
            Progress::ServiceReady { service, .. } => format!("service {service} ready"),
            Progress::StepStarted { step, .. } => format!("step {step} started"),
            Progress::StepEnded(result) => {
                let code = result.code.map(|code| format!(", code {code}")).unwrap_or_default();
                let log = self.log(result.step.0);
                format!("step {} {}{code}, log {log:?}", result.step, word(&result.verdict))
            }
        }
    }

    fn show_finish(&self, text: &mut String, finish: &Finish) {
        writeln!(text, "finish: {}", sentence(&finish.verdict)).unwrap();
        for result in &finish.steps {
            writeln!(text, "  step {}: {}", result.step, sentence(&result.verdict)).unwrap();
        }
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Failed(failure) => failure.class.as_str(),
        Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => verdict.word(),
    }
}

fn sentence(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Failed(failure) => format!("{}: {}", failure.class, failure.message),
        Verdict::Skipped { reason, .. } => format!("skipped: {reason}"),
        Verdict::Passed | Verdict::Cancelled => verdict.word().to_owned(),
    }
}
