//! What a runner needs of a container engine, and nothing of pipelines or the controller.
//!
//! Two engines keep the same contract: `docker` (the only place that names bollard) and `dummy`, which has no
//! containers and obeys a few words of the script. The contract, in words:
//!
//! - Everything an engine makes carries the labels `dev.sidings.runner`, and `dev.sidings.job` and
//!   `dev.sidings.attempt` where it belongs to an attempt; it never touches anything without the first.
//! - [`Engine::prepare`] comes first and may be repeated. [`Engine::sweep`] removes what earlier lives of this runner
//!   left behind.
//! - Networks that [`Engine::connect`] put together belong to one attempt: nothing of another one is on it, and nobody
//!   else hears its names.
//! - [`Engine::teardown`] is safe to call at any time, also when nothing was started, and twice.
//! - A step's outcome is in its exit record ([`sidings_proto::step::ExitRecord`]), not in what [`Engine::wait`] says.
//! - A failure of the engine is an `Err`; a program that ends with a code is a value.

use async_trait::async_trait;
use bytes::Bytes;
use sidings_proto::step::StepInput;
use sidings_proto::{AttemptId, Healthcheck, Resources, Secret, StepNo};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use tokio::sync::mpsc;

use crate::setup_log::SetupLog;

mod additions;
pub mod docker;
pub mod dummy;
mod storage;
mod terminal;

pub use storage::{Removed, Storage};
pub use terminal::{Entry, Session, TerminalSize};

pub use additions::Additions;

/// A container engine on this host.
#[async_trait]
pub trait Engine: Storage {
    /// Makes ready what all jobs share: the helper's folder, the holders' image, the network. Says what the engine is.
    async fn prepare(&self) -> anyhow::Result<EngineFacts>;

    /// Removes everything with this runner's label. Called before the runner says hello, when nothing of this life
    /// runs yet. Gives the number of containers removed.
    async fn sweep(&self) -> anyhow::Result<usize>;

    /// What the engine knows of an image that is on this host.
    async fn inspect_image(&self, reference: &str) -> anyhow::Result<Option<ImageFacts>>;

    /// Fetches an image from its registry.
    async fn pull_image(&self, reference: &str, log: &SetupLog) -> Result<ImageFacts, ImageError>;

    /// The digest that a reference has in its registry now.
    async fn registry_digest(&self, reference: &str) -> anyhow::Result<String>;

    /// Builds an image and tags it. Progress and output go to `log` as they come.
    async fn build_image(&self, build: Build, log: &SetupLog) -> Result<ImageFacts, ImageError>;

    /// Passes an image on as a tar of the form that [`Engine::load_image`] takes, by its id. A receiver that is gone has
    /// seen enough.
    async fn save_image(&self, image: &str, into: mpsc::Sender<Bytes>) -> anyhow::Result<()>;

    /// Takes an image as a tar: of layers that are on this host it needs only the names. An error among the pieces is
    /// the call's, and nothing of the image is there then.
    async fn load_image(&self, tar: mpsc::Receiver<io::Result<Bytes>>) -> anyhow::Result<()>;

    /// The layers of each image of this host that carries this label, `name=value`.
    async fn layers_of(&self, label: &str) -> anyhow::Result<Vec<Vec<String>>>;

    /// Gives an image one more name, `repository:tag`.
    async fn tag_image(&self, image: &str, name: &str) -> anyhow::Result<()>;

    /// Puts an image into the registry that this name is of; its digest there.
    async fn push_image(&self, image: &str, name: &str) -> anyhow::Result<String>;

    /// Takes a network of its own for an attempt: from the warm ones, else a new one. Steps that share it reach one
    /// another by loopback; steps with networks of their own cannot reach one another at all.
    async fn take_network(&self, attempt: AttemptId) -> anyhow::Result<Network>;

    /// Puts a network onto the one that this attempt's networks have among themselves, made when it is the first, so
    /// that each reaches the others, under `name` if it has one. Gives its address there. How it reaches the outside
    /// stays as it was.
    async fn connect(&self, attempt: AttemptId, network: &Network, name: Option<&str>) -> anyhow::Result<IpAddr>;

    /// Creates and starts the container of a step or a service. [`LayerRefused`] is among the causes of an error where
    /// it has a layer that cannot be laid.
    async fn start(&self, step: StepContainer) -> anyhow::Result<ContainerId>;

    /// Waits until the container is no longer running; the engine's word for its exit code, a cross-check only.
    /// `Ok(None)`: the engine does not know the container any more.
    async fn wait(&self, container: &ContainerId) -> anyhow::Result<Option<i64>>;

    /// Sends a signal to the container's first process. A container that is not running is no error.
    async fn signal(&self, container: &ContainerId, signal: Signal) -> anyhow::Result<()>;

    /// Lets a person into a running container, at a terminal of its own. What they do there has no log.
    async fn enter(&self, container: &ContainerId, entry: Entry) -> anyhow::Result<Session>;

    /// Removes all that carries this attempt's labels: its containers and its networks.
    async fn teardown(&self, attempt: AttemptId) -> anyhow::Result<()>;

    /// Removes what this life made for all jobs (warm networks). Called once, at the end.
    async fn close(&self) -> anyhow::Result<()>;
}

/// What an engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// `docker 20.10.24` or `dummy`.
    pub version: String,
    /// Docker's word: `linux`.
    pub os: String,
    /// Docker's word: `amd64`, `arm64`.
    pub arch: String,
    /// Whether images are built by BuildKit; else by the classic builder.
    pub buildkit: bool,
    /// Whether that BuildKit reads `RUN --mount` without being told of a frontend that does.
    pub mounts_in_builds: bool,
    /// What its machine has, as far as it says.
    pub resources: Resources,
}

impl EngineFacts {
    /// `linux/amd64`.
    pub fn platform(&self) -> String {
        format!("{}/{}", self.os, self.arch)
    }
}

/// An image on this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// `sha256:…`, the engine's id: a hash of its configuration and layers.
    pub id: String,
    /// Its `USER`, empty for root.
    pub user: String,
    /// Its `ENV`.
    pub env: BTreeMap<String, String>,
    /// Its `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// Its `CMD`.
    pub command: Vec<String>,
    /// Its `WORKDIR`, empty when it has none.
    pub working_directory: String,
    /// Its `ONBUILD`: instructions that a build upon it carries out first.
    pub on_build: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its `HEALTHCHECK`, as it says it; without a test where it is `NONE`.
    pub healthcheck: Option<Healthcheck>,
    /// The TCP ports of its `EXPOSE`, the lowest first.
    pub exposed: Vec<u16>,
    /// `sha256:…` of each of its layers, the lowest first.
    pub layers: Vec<String>,
    /// `repository@sha256:…`, as the registry of its reference knows it, or a mirror of that. None for one that was made
    /// on this host.
    pub digests: Vec<String>,
    /// Of all its layers.
    pub bytes: u64,
}

/// What is to be built.
#[derive(Debug)]
pub struct Build {
    /// A plain tar of the filtered context, on disk; it also holds the Dockerfile.
    pub context: PathBuf,
    /// The Dockerfile's name in the tar.
    pub dockerfile: String,
    /// The Dockerfile as the user knows it, so that a failure can name its line.
    pub source: DockerfileSource,
    /// The stage; the last one when none.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// What `RUN --mount=type=secret` can ask for, by id. Held in memory; no part of the image, nor of its key.
    pub secrets: BTreeMap<String, Secret>,
    /// `os/arch`.
    pub platform: String,
    /// Labels for the image.
    pub labels: BTreeMap<String, String>,
    /// `repository:tag`.
    pub tag: String,
    /// What it may take from other hosts' builds.
    pub cache: BuildCache,
}

/// Layers of earlier builds that may serve: those of this host, and, with BuildKit, those that travel.
#[derive(Debug, Default)]
pub struct BuildCache {
    /// None may, not even those of this host.
    pub unused: bool,
    /// Images in a registry that say what their layers were made from. One that cannot be had is no failure.
    pub from: Vec<String>,
    /// Have the image say so as well.
    pub inline: bool,
}

/// A Dockerfile as the user knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DockerfileSource {
    /// Relative to the project's root.
    pub name: String,
    /// Its text as it is built: what was added to the user's own stands after it.
    pub text: String,
    /// What else was put into it, of which `text` has nothing.
    pub additions: Additions,
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The Dockerfile, its context or the reference is at fault: the user's failure. The message has the Dockerfile's
    /// line and the last lines of output, where there are some.
    #[error("{0}")]
    User(String),
    /// The engine is at fault: ours.
    #[error("the container engine failed")]
    Engine(#[source] anyhow::Error),
}

/// A network namespace held for an attempt by a holder container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network(pub String);

/// A container, by the engine's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerId(pub String);

/// A folder of the runner that a container has at a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// On the host.
    pub source: PathBuf,
    /// In the container.
    pub target: String,
}

/// The container of a step or a service. Its first process is the helper, `sidings_proto::step::BIN_MOUNT/sidings init`, as root with
/// the hardening of a step; the helper reads the spec in `step_dir` and drops to the image's user.
#[derive(Clone, Debug)]
pub struct StepContainer {
    /// Whose.
    pub attempt: AttemptId,
    /// Which step or service of it.
    pub step: StepNo,
    /// The image's id or reference; it is on this host.
    pub image: String,
    /// The network to join.
    pub network: Network,
    /// The container's variables, on top of the image's.
    pub env: BTreeMap<String, String>,
    /// The workspace on this host, mounted read-write at `sidings_proto::step::WORKSPACE`; services have none.
    pub workspace: Option<PathBuf>,
    /// What is laid over the workspace, so that nothing the step does there changes it.
    pub layer: Option<Layer>,
    /// The step's folder on this host, mounted read-write at `sidings_proto::step::MOUNT`.
    pub step_dir: PathBuf,
    /// Cached folders, beside the workspace.
    pub cached: Vec<Bind>,
    /// What it may use.
    pub limits: Limits,
    /// What its helper is told in private, on its standard input. Nothing else learns of it.
    pub input: Option<StepInput>,
}

/// An overlay's own folders, both on the workspace's file system and empty. Its notes are a user's extended attributes
/// (`user.overlay.…`), and what it left in `upper` counts when the container is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Where what the step changes is kept; it has the workspace's owner and mode.
    pub upper: PathBuf,
    /// The kernel's own.
    pub work: PathBuf,
}

/// Why a step with a layer was not started: the engine cannot lay one. The same step without it may do.
#[derive(Debug, thiserror::Error)]
#[error("the engine cannot lay a layer over the workspace: {0}")]
pub struct LayerRefused(pub String);

/// What a step may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes; no swap beyond it. None: no limit.
    pub memory: Option<u64>,
    /// Thousandths of a processor. None: no limit.
    pub milli_cpus: Option<u64>,
    /// Processes and threads.
    pub pids: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: None, milli_cpus: None, pids: 4096 }
    }
}

impl Limits {
    /// What a plan says a container may use; where it says nothing, the defaults.
    pub fn of(resources: &Resources) -> Limits {
        let Resources { milli_cpus, memory, pids } = *resources;
        Limits { memory, milli_cpus, pids: pids.unwrap_or(Limits::default().pids) }
    }
}

/// A signal to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The helper forwards it, waits for the grace time, then kills all.
    Terminate,
    /// The kernel ends the container.
    Kill,
}
