//! A runner of its own for each test: its folder, its labels, its network; all gone when the test is over, passed or
//! not.

use futures::FutureExt;
use sidings_proto::log::{Next, Stream, next_frame};
use sidings_proto::step::{EXIT_FILE, ExitRecord, LOG_FILE, SPEC_FILE, StepInput, StepSpec, WORKSPACE};
use sidings_proto::{AttemptId, JobId, RunnerId, StepNo};
use sidings_runner::engine::docker::{Docker, DockerConfig};
use sidings_runner::engine::{
    Build, ContainerId, DockerfileSource, Engine, ImageFacts, Layer, Limits, Network, StepContainer,
};
use sidings_runner::setup_log::SetupLog;
use sidings_runner::workspace::View;
use std::collections::BTreeMap;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe::{OpenOptions, Receiver};

pub(crate) const BASE: &str = "debian:bookworm-slim";

pub(crate) struct Scene {
    pub(crate) docker: Arc<Docker>,
    pub(crate) runner: RunnerId,
    pub(crate) attempt: AttemptId,
    folder: TempDir,
    steps: AtomicU32,
}

/// What a step is to do; the rest has defaults.
pub(crate) struct Act<'a> {
    pub(crate) image: &'a str,
    pub(crate) user: &'a str,
    pub(crate) argv: Vec<&'a str>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) limits: Limits,
    pub(crate) grace_ms: u64,
    pub(crate) input: Option<StepInput>,
    pub(crate) hold: bool,
}

pub(crate) fn script(text: &str) -> Act<'_> {
    Act {
        image: BASE,
        user: "",
        argv: vec!["sh", "-c", text],
        env: BTreeMap::new(),
        limits: Limits::default(),
        grace_ms: 60_000,
        input: None,
        hold: false,
    }
}

/// Where a step says how far it is.
pub(crate) struct Pipe(Receiver);

/// A step that was started.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) id: ContainerId,
    pub(crate) dir: PathBuf,
}

/// How a step ended, by its own record and log.
pub(crate) struct Ended {
    pub(crate) record: ExitRecord,
    pub(crate) stdout: String,
    pub(crate) log: String,
}

/// Plays a test with a runner of its own, and removes whatever it made.
pub(crate) async fn play(test: impl AsyncFnOnce(&Scene)) {
    play_with(|_| {}, test).await;
}

pub(crate) async fn play_with(change: impl FnOnce(&mut DockerConfig), test: impl AsyncFnOnce(&Scene)) {
    let folder = TempDir::new().unwrap();
    let runner = RunnerId::new();
    let mut config = DockerConfig::new(runner, folder.path().to_owned());
    config.warm_networks = 0;
    change(&mut config);
    let docker = Docker::connect(config).await.expect("these tests need a Docker Engine: scripts/engine up");
    docker.prepare().await.unwrap();
    let attempt = AttemptId { job: JobId::new(), fence: 1 };
    let scene = Scene { docker: Arc::new(docker), runner, attempt, folder, steps: AtomicU32::new(0) };
    fs::create_dir(scene.workspace()).unwrap();
    let outcome = AssertUnwindSafe(test(&scene)).catch_unwind().await;
    scene.docker.teardown(attempt).await.unwrap();
    scene.docker.close().await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

impl Scene {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub(crate) async fn network(&self) -> Network {
        self.docker.take_network(self.attempt).await.unwrap()
    }

    pub(crate) async fn start(&self, network: &Network, act: Act<'_>) -> Started {
        self.try_start(network, act, (&self.workspace(), None)).await.unwrap()
    }

    /// Starts it in a sibling's view of the workspace.
    pub(crate) async fn try_start_in(&self, network: &Network, act: Act<'_>, view: &View) -> anyhow::Result<Started> {
        self.try_start(network, act, view.mount(&self.workspace())).await
    }

    /// Runs it there, until its container is gone.
    pub(crate) async fn run_in(&self, network: &Network, act: Act<'_>, view: &View) -> Ended {
        let step = self.try_start_in(network, act, view).await.unwrap();
        self.end(step).await
    }

    async fn try_start(
        &self,
        network: &Network,
        act: Act<'_>,
        (workspace, layer): (&Path, Option<&Layer>),
    ) -> anyhow::Result<Started> {
        let no = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        let dir = self.folder.path().join(format!("step-{no}"));
        fs::create_dir(&dir).unwrap();
        let spec = StepSpec {
            argv: act.argv.iter().map(|word| (*word).to_owned()).collect(),
            working_directory: WORKSPACE.to_owned(),
            user: act.user.to_owned(),
            chown: Some(WORKSPACE.to_owned()),
            hand_over: Vec::new(),
            log_limit: 1 << 24,
            log_tail: 1 << 16,
            grace_ms: act.grace_ms,
            readiness: None,
            input: act.input.is_some(),
            hold: act.hold,
        };
        fs::write(dir.join(SPEC_FILE), serde_json::to_vec(&spec).unwrap()).unwrap();
        let container = StepContainer {
            attempt: self.attempt,
            step: StepNo(no),
            image: act.image.to_owned(),
            network: network.clone(),
            env: act.env,
            workspace: Some(workspace.to_owned()),
            layer: layer.cloned(),
            step_dir: dir.clone(),
            cached: Vec::new(),
            limits: act.limits,
            input: act.input,
        };
        Ok(Started { id: self.docker.start(container).await?, dir })
    }

    /// Waits for a step's end; what the Engine says of its code must be what the record says.
    pub(crate) async fn end(&self, step: Started) -> Ended {
        let code = self.docker.wait(&step.id).await.unwrap();
        let record: ExitRecord = serde_json::from_slice(&fs::read(step.dir.join(EXIT_FILE)).unwrap()).unwrap();
        assert_eq!(code, Some(i64::from(record.code)), "the Engine's code is a cross-check");
        let log = fs::read(step.dir.join(LOG_FILE)).unwrap();
        assert_eq!(record.log_bytes, log.len() as u64);
        assert_eq!(record.log_hash, blake3::hash(&log).to_hex().to_string());
        Ended { record, stdout: text(&log, |stream| stream == Stream::Stdout), log: text(&log, |_| true) }
    }

    /// Waits until a step is over whose container stays.
    pub(crate) async fn until_held(&self, step: &Started) {
        while !step.dir.join(EXIT_FILE).exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn run(&self, network: &Network, act: Act<'_>) -> Ended {
        let step = self.start(network, act).await;
        self.end(step).await
    }

    /// Runs a script in a network of its own; it must pass. Gives what it printed.
    pub(crate) async fn says(&self, act: Act<'_>) -> String {
        let network = self.network().await;
        let ended = self.run(&network, act).await;
        assert_eq!(ended.record.code, 0, "{}", ended.log);
        ended.stdout
    }

    /// Builds an image from a Dockerfile alone.
    pub(crate) async fn image(&self, tag: &str, dockerfile: &str) -> ImageFacts {
        let context = self.folder.path().join(format!("{}.tar", tag.replace(['/', ':'], "-")));
        let mut archive = tar::Builder::new(fs::File::create(&context).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_size(dockerfile.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).unwrap();
        archive.finish().unwrap();
        let build = Build {
            context,
            dockerfile: "Dockerfile".to_owned(),
            source: DockerfileSource {
                name: "Dockerfile".to_owned(),
                text: dockerfile.to_owned(),
                ..DockerfileSource::default()
            },
            target: None,
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            platform: "linux/amd64".to_owned(),
            labels: BTreeMap::new(),
            tag: tag.to_owned(),
            cache: Default::default(),
        };
        self.docker.build_image(build, &self.log(&format!("build of {}", tag.replace('/', " ")))).await.unwrap()
    }

    /// A pipe by name in the workspace, for a step to say where it is.
    pub(crate) fn pipe(&self, name: &str) -> Pipe {
        let path = self.workspace().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Pipe(OpenOptions::new().read_write(true).open_receiver(path).unwrap())
    }

    /// The line that `step` writes into the pipe; a step that ends without a word fails the test.
    pub(crate) async fn hear(&self, pipe: &mut Pipe, step: &Started) -> String {
        let mut line = String::new();
        let mut reader = BufReader::new(&mut pipe.0);
        tokio::select! {
            read = reader.read_line(&mut line) => assert!(read.unwrap() > 0),
            code = self.docker.wait(&step.id) => panic!("it ended with {code:?} and said nothing"),
        }
        line
    }

    pub(crate) fn log(&self, name: &str) -> SetupLog {
        SetupLog::create(&self.folder.path().join(format!("{name}.log"))).unwrap()
    }

    pub(crate) fn logged(&self, name: &str) -> String {
        text(&fs::read(self.folder.path().join(format!("{name}.log"))).unwrap(), |_| true)
    }

    /// Containers that carry this runner's label, by the Engine's own client.
    pub(crate) fn containers(&self) -> Vec<String> {
        docker(&["ps", "-aq", "--no-trunc", "--filter", &format!("label=dev.sidings.runner={}", self.runner)])
    }

    /// Those of them that run.
    pub(crate) fn running(&self) -> Vec<String> {
        docker(&["ps", "-q", "--no-trunc", "--filter", &format!("label=dev.sidings.runner={}", self.runner)])
    }
}

/// What the Engine's own client prints, by line.
pub(crate) fn docker(arguments: &[&str]) -> Vec<String> {
    let output = Command::new("docker").args(arguments).output().expect("these tests need the docker client");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn text(mut log: &[u8], of: impl Fn(Stream) -> bool) -> String {
    let mut text = Vec::new();
    while let Next::Frame(header, payload, taken) = next_frame(log) {
        if of(header.stream) {
            text.extend_from_slice(payload);
        }
        log = &log[taken..];
    }
    assert!(log.is_empty(), "a log is whole frames");
    String::from_utf8_lossy(&text).into_owned()
}
