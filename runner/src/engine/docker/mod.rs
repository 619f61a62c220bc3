//! The Docker Engine. The only room that names bollard.
//!
//! | file | what it does |
//! | --- | --- |
//! | `step` | a step's container and its hardening |
//! | `container` | containers started, awaited, listed, removed |
//! | `terminal` | a person's way into a container |
//! | `layer` | a workspace of which a step changes a layer of its own only |
//! | `holder` | network namespaces, held by containers, some of them made in advance |
//! | `private` | the networks that attempts with services have to themselves |
//! | `ledger` | what belongs to which attempt, so that a teardown misses nothing |
//! | `helper` | the static helper: its folder on the host, its image for holders |
//! | `input` | what a step's helper is told on its standard input |
//! | `probe` | a look at the Engine before a runner is started |
//! | `answers` | answers of many messages, read to their end |
//! | `said` | what the Engine's client says in its own log |
//! | `stock` | what there is of images and builds, and its removal; `plain` asks what bollard does not understand |
//! | `travel` | images on their way to other hosts and from them |
//! | `resolve` | which digest a reference has in its registry |
//! | `image`, `fetch`, `build` | images: looked up, fetched, built; `progress` and `blame` make a build readable, `session` gives it secrets and credentials |
//!
//! Whatever makes a container runs in a task of its own: a caller that is dropped half-way leaves nothing unaccounted.

use super::{
    Build, ContainerId, Engine, EngineFacts, Entry, ImageError, ImageFacts, Network, Session, Signal, StepContainer,
};
use crate::registry::Registries;
use crate::setup_log::SetupLog;
use anyhow::Context;
use async_trait::async_trait;
use bollard::errors::Error as BollardError;
use bollard::models::{SystemInfo, SystemVersion};
use bollard::query_parameters::KillContainerOptionsBuilder;
use bytes::Bytes;
use ledger::Ledger;
use sidings_proto::{AttemptId, Resources, RunnerId};
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

mod answers;
mod blame;
mod build;
mod container;
mod fetch;
mod helper;
mod holder;
mod image;
mod input;
mod labels;
mod layer;
mod ledger;
pub mod look;
mod plain;
mod private;
pub mod probe;
mod progress;
pub mod resolve;
pub mod said;
pub mod save;
mod session;
mod step;
mod stock;
mod terminal;
mod travel;
mod upgrade;

/// How long the Engine may take to begin an answer. An Engine under load starts a container in seconds, not minutes.
const ANSWER_WITHIN: Duration = Duration::from_secs(300);

/// What the Docker engine is to know of its runner.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    /// Whose labels everything carries.
    pub runner: RunnerId,
    /// An absolute folder that the Engine sees at the same path.
    pub data_dir: PathBuf,
    /// Network namespaces kept ready.
    pub warm_networks: usize,
    /// Containers started at once: starts are bound by the processor, not by the number of jobs.
    pub starts_at_once: usize,
    /// For steps that ask for no limit, in bytes.
    pub step_memory: Option<u64>,
    /// For steps that ask for no limit, in thousandths of a processor.
    pub step_milli_cpus: Option<u64>,
    /// Who builds images.
    pub builder: Builder,
    /// A folder with certificates that every step and service has read-only.
    pub authorities: Option<PathBuf>,
    /// How images are fetched.
    pub registries: Registries,
}

impl DockerConfig {
    /// The defaults: eight warm networks, two starts at once for each processor, no limits of its own.
    pub fn new(runner: RunnerId, data_dir: PathBuf) -> DockerConfig {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        DockerConfig {
            runner,
            data_dir,
            warm_networks: 8,
            starts_at_once: 2 * processors,
            step_memory: None,
            step_milli_cpus: None,
            builder: Builder::Auto,
            authorities: None,
            registries: Registries::default(),
        }
    }
}

/// Who builds images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// BuildKit where the Engine has it, else the classic builder.
    Auto,
    /// The classic builder.
    Classic,
}

/// A Docker Engine that answers.
#[derive(Clone)]
pub struct Docker {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Docker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Docker").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

struct Shared {
    api: bollard::Docker,
    config: DockerConfig,
    /// Tells this life of the process from earlier ones, so that a sweep spares what is in use.
    life: String,
    ledger: Ledger,
    starts: Semaphore,
    /// How many networks and steps are being made for attempts.
    busy: watch::Sender<usize>,
    /// Seen when the Engine refused to set a limit: it has no right to (rootless, or in a container itself).
    open_files_are_fixed: AtomicBool,
    ready: OnceLock<Ready>,
    pool: holder::Pool,
    closed: CancellationToken,
}

/// What `prepare` made.
struct Ready {
    facts: EngineFacts,
    helper_dir: PathBuf,
    holder_image: String,
    bridge: String,
}

impl Docker {
    /// Speaks to the Engine that `DOCKER_HOST` names, else to the one on this host, in a version that both know.
    pub async fn connect(config: DockerConfig) -> anyhow::Result<Docker> {
        anyhow::ensure!(config.data_dir.is_absolute(), "the data folder's path must be absolute");
        let api = bollard::Docker::connect_with_defaults().context("connecting to the Docker Engine")?;
        let api = api.with_timeout(ANSWER_WITHIN).negotiate_version().await;
        let api = api.context("asking the Docker Engine for its version")?;
        let shared = Shared {
            api,
            life: uuid::Uuid::new_v4().simple().to_string(),
            ledger: Ledger::default(),
            starts: Semaphore::new(config.starts_at_once.max(1)),
            busy: watch::Sender::new(0),
            open_files_are_fixed: AtomicBool::new(false),
            ready: OnceLock::new(),
            pool: holder::Pool::default(),
            closed: CancellationToken::new(),
            config,
        };
        Ok(Docker { shared: Arc::new(shared) })
    }
}

#[async_trait]
impl Engine for Docker {
    async fn prepare(&self) -> anyhow::Result<EngineFacts> {
        if let Some(ready) = self.shared.ready.get() {
            return Ok(ready.facts.clone());
        }
        let ready = self.shared.make_ready().await?;
        let facts = ready.facts.clone();
        if self.shared.ready.set(ready).is_ok() {
            holder::keep_warm(Arc::clone(&self.shared));
        }
        Ok(facts)
    }

    async fn sweep(&self) -> anyhow::Result<usize> {
        let foreign = self.shared.list(&labels::of_runner(self.shared.config.runner)).await?;
        let earlier: Vec<String> =
            foreign.into_iter().filter(|found| found.life.as_ref() != Some(&self.shared.life)).map(|c| c.id).collect();
        let count = earlier.len();
        self.shared.remove_all(earlier).await?;
        private::remove(&self.shared, &labels::of_runner(self.shared.config.runner), private::Of::EarlierLives).await?;
        layer::sweep(&self.shared).await?;
        Ok(count)
    }

    async fn inspect_image(&self, reference: &str) -> anyhow::Result<Option<ImageFacts>> {
        fetch::find(&self.shared.api, &self.shared.config.registries, reference).await
    }

    async fn pull_image(&self, reference: &str, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        fetch::fetch(&self.shared.api, &self.shared.config.registries, reference, log).await
    }

    async fn registry_digest(&self, reference: &str) -> anyhow::Result<String> {
        Ok(resolve::digest(&self.shared.api, &self.shared.config.registries, reference).await?)
    }

    async fn build_image(&self, build: Build, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        let ready = self.shared.ready().map_err(ImageError::Engine)?;
        build::build(&self.shared.api, &self.shared.config.registries, ready.facts.buildkit, build, log).await
    }

    async fn save_image(&self, image: &str, into: mpsc::Sender<Bytes>) -> anyhow::Result<()> {
        travel::save(&self.shared.api, image, into).await
    }

    async fn load_image(&self, tar: mpsc::Receiver<io::Result<Bytes>>) -> anyhow::Result<()> {
        travel::load(&self.shared.api, tar).await
    }

    async fn layers_of(&self, label: &str) -> anyhow::Result<Vec<Vec<String>>> {
        travel::layers_of(&self.shared.api, label).await
    }

    async fn tag_image(&self, image: &str, name: &str) -> anyhow::Result<()> {
        travel::tag(&self.shared.api, image, name).await
    }

    async fn push_image(&self, image: &str, name: &str) -> anyhow::Result<String> {
        travel::push(&self.shared.api, &self.shared.config.registries, image, name).await
    }

    async fn take_network(&self, attempt: AttemptId) -> anyhow::Result<Network> {
        let inside = self.shared.ledger.enter(attempt).await;
        let shared = Arc::clone(&self.shared);
        unbroken(async move {
            let (_inside, _busy) = (inside, shared.busy());
            let holder = holder::take(&shared).await?;
            shared.ledger.holder(attempt, holder.clone());
            Ok(Network(holder))
        })
        .await
    }

    async fn connect(&self, attempt: AttemptId, network: &Network, name: Option<&str>) -> anyhow::Result<IpAddr> {
        let inside = self.shared.ledger.enter(attempt).await;
        let shared = Arc::clone(&self.shared);
        let (holder, name) = (network.0.clone(), name.map(str::to_owned));
        unbroken(async move {
            let (_inside, _busy) = (inside, shared.busy());
            private::connect(&shared, attempt, &holder, name).await
        })
        .await
    }

    async fn start(&self, step: StepContainer) -> anyhow::Result<ContainerId> {
        let inside = self.shared.ledger.enter(step.attempt).await;
        let shared = Arc::clone(&self.shared);
        unbroken(async move {
            let (_inside, _busy) = (inside, shared.busy());
            let container = shared.start_step(&step).await?;
            shared.ledger.container(step.attempt, container.clone());
            Ok(ContainerId(container))
        })
        .await
    }

    async fn wait(&self, container: &ContainerId) -> anyhow::Result<Option<i64>> {
        let code = self.shared.wait(&container.0).await?;
        let (shared, id) = (Arc::clone(&self.shared), container.0.clone());
        let removal = tokio::spawn(async move {
            if let Err(error) = shared.remove(&id).await {
                tracing::warn!(%error, container = id, "could not remove a container; the teardown tries again");
            }
        });
        self.shared.ledger.removal(&container.0, removal);
        Ok(code)
    }

    async fn signal(&self, container: &ContainerId, signal: Signal) -> anyhow::Result<()> {
        let name = match signal {
            Signal::Terminate => "SIGTERM",
            Signal::Kill => "SIGKILL",
        };
        let options = KillContainerOptionsBuilder::default().signal(name).build();
        match self.shared.api.kill_container(&container.0, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("sending {name}")),
        }
    }

    async fn enter(&self, container: &ContainerId, entry: Entry) -> anyhow::Result<Session> {
        terminal::enter(&self.shared.api, &container.0, entry).await
    }

    async fn teardown(&self, attempt: AttemptId) -> anyhow::Result<()> {
        let shared = Arc::clone(&self.shared);
        unbroken(async move {
            let holders = shared.ledger.close(attempt).await;
            let steps = shared.list(&labels::of_attempt(shared.config.runner, attempt)).await?;
            shared.remove_all(steps.into_iter().map(|found| found.id).collect()).await?;
            shared.remove_all(holders).await?;
            let labels = labels::of_attempt(shared.config.runner, attempt);
            private::remove(&shared, &labels, private::Of::AnyLife).await
        })
        .await
    }

    async fn close(&self) -> anyhow::Result<()> {
        self.shared.closed.cancel();
        self.shared.pool.stopped().await;
        let own = self.shared.list(&labels::of_runner(self.shared.config.runner)).await?;
        let own = own.into_iter().filter(|found| found.life.as_ref() == Some(&self.shared.life));
        self.shared.remove_all(own.map(|found| found.id).collect()).await?;
        private::remove(&self.shared, &labels::of_runner(self.shared.config.runner), private::Of::ThisLife).await?;
        match &self.shared.ready.get() {
            Some(ready) => holder::remove_bridge(&self.shared.api, &ready.bridge).await,
            None => Ok(()),
        }
    }
}

impl Shared {
    async fn make_ready(&self) -> anyhow::Result<Ready> {
        let version = self.api.version().await.context("asking the Docker Engine what it is")?;
        let helper_dir = helper::put(&self.config.data_dir).context("putting the helper into its folder")?;
        let info = self.api.info().await.context("asking the Docker Engine what it has")?;
        let facts = facts(&version, &info, self.config.builder == Builder::Auto && build::has_buildkit(&version));
        let holder_image = helper::holder_image(&self.api).await.context("making the holders' image")?;
        let bridge = holder::bridge(&self.api, self.config.runner).await.context("making the runner's network")?;
        Ok(Ready { facts, helper_dir, holder_image, bridge })
    }

    fn ready(&self) -> anyhow::Result<&Ready> {
        self.ready.get().context("the engine was not prepared")
    }

    /// Counts as busy until it is dropped.
    fn busy(&self) -> Busy<'_> {
        self.busy.send_modify(|starting| *starting += 1);
        Busy(&self.busy)
    }
}

fn facts(version: &SystemVersion, info: &SystemInfo, buildkit: bool) -> EngineFacts {
    // An Engine that does not know says 0.
    let known = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
    EngineFacts {
        version: format!("docker {}", version.version.as_deref().unwrap_or("of unknown version")),
        os: version.os.clone().unwrap_or_else(|| "linux".to_owned()),
        arch: version.arch.clone().unwrap_or_default(),
        buildkit,
        mounts_in_builds: buildkit && build::reads_mounts(version),
        resources: Resources {
            milli_cpus: known(info.ncpu).map(|cpus| cpus.saturating_mul(1000)),
            memory: known(info.mem_total),
            pids: None,
        },
    }
}

struct Busy<'a>(&'a watch::Sender<usize>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|starting| *starting -= 1);
    }
}

/// Runs to its end even when the caller is dropped.
async fn unbroken<T: Send + 'static>(
    work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::spawn(work).await.context("a task of the engine ended early")?
}

/// The status of the Engine's refusal, when it gave one.
fn status(error: &BollardError) -> Option<u16> {
    if let BollardError::DockerResponseServerError { status_code, .. } = error { Some(*status_code) } else { None }
}

/// The Engine's own words, with the status of its refusal or, in the midst of an answer, none.
fn said(error: &BollardError) -> Option<(Option<u16>, &str)> {
    if let BollardError::DockerStreamError { error } = error {
        return Some((None, error));
    }
    if let BollardError::DockerResponseServerError { status_code, message } = error {
        return Some((Some(*status_code), message));
    }
    None
}
