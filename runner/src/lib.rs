//! Does what it is told: carries out attempts on this host's container engine and keeps nothing that it could not lose.

mod artifact;
mod attempt;
mod attendant;
mod cache;
pub mod clean;
mod data_folder;
mod depot;
pub mod disk;
pub mod engine;
pub mod image;
mod job;
mod link;
pub mod registry;
mod removal;
mod reports;
pub mod setup_log;
mod source;
mod split;
mod spool;
mod trust;
pub mod workspace;

use anyhow::Context;
pub use attendant::{Attendant, HeldStep};
use clean::{Cleaner, Holds, Marks, Tending};
use data_folder::{DataFolder, Identity};
use disk::Room;
use engine::docker::{Docker, DockerConfig};
use engine::dummy::Dummy;
use engine::{Engine, EngineFacts};
use job::Tools;
pub use link::NotEnrolled;
use link::{Client, WorkError};
use registry::Registries;
use secrecy::SecretString;
use sidings_git::Mirrors;
use sidings_proto::runner::Hello;
use sidings_proto::step::CA_MOUNT;
use sidings_proto::{LifeId, RunnerId};
use spool::ExitWatch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
pub use trust::Authorities;
use trust::Bundle;

/// What a runner is to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its folder, which the engine sees at the same path. One process at a time uses it.
    pub data_dir: PathBuf,
    /// What people see of it.
    pub name: String,
    /// `http://…` or `https://…`.
    pub controller_url: String,
    /// Enrols it; needed until it has an identity in its folder.
    pub registration_token: Option<SecretString>,
    /// Jobs it carries out at once, at least 1.
    pub slots: u32,
    /// The operator's own; `os` and `arch` are added.
    pub labels: BTreeMap<String, String>,
    /// What it carries jobs out on.
    pub engine: EngineKind,
    /// Networks kept ready for jobs to come; one for each slot, and at least two, when none.
    pub warm_networks: Option<usize>,
    /// Log payload kept of each step, in bytes.
    pub log_limit_bytes: u64,
    /// With less free on the disk of its folder it takes no jobs, in bytes; by [`disk::Disk::least_free`] when none.
    pub least_free_bytes: Option<u64>,
    /// When it cleans up after itself and others; never when none.
    pub cleaning: Option<Marks>,
    /// How it gets at registries.
    pub registries: Registries,
    /// Who is trusted beside the machine's own authorities: by the runner, its steps and its builds.
    pub authorities: Option<Authorities>,
    /// Somebody who is there when a step fails; a fleet's runner has none.
    pub attendant: Option<Arc<dyn Attendant>>,
}

/// Log payload kept of each step unless told otherwise.
pub const LOG_LIMIT_BYTES: u64 = 104_857_600;

/// What a runner carries jobs out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// The Docker Engine of this host.
    Docker,
    /// No containers: a few words are obeyed, for tests and benches.
    Dummy,
}

/// How a runner is told to go.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Take no new work, finish what is at hand, go.
    pub drain: CancellationToken,
    /// Hand back what is at hand and go.
    pub stop: CancellationToken,
}

impl Shutdown {
    async fn wanted(&self) {
        tokio::select! {
            () = self.drain.cancelled() => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// Works until told to go. An error is the operator's to mend.
pub async fn run(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let data = DataFolder::open(&config.data_dir)?;
    let client = config.client()?;
    let mut known_before = data.identity()?.is_some();
    loop {
        let token = config.registration_token.as_ref();
        let identity = link::identity(&client, &data, &config.name, token, &shutdown).await?;
        let Some(identity) = identity else { return Ok(()) };
        match live(&config, &data, &client, identity, &shutdown).await {
            Err(WorkError::Unknown(reason)) if known_before && token.is_some() => {
                tracing::warn!(reason, "the controller does not know this runner any more: it registers anew");
                data.forget_identity()?;
                known_before = false;
            }
            ended => return Ok(ended?),
        }
    }
}

/// What the engine is and whether it answers, for those who ask before a runner is started.
pub async fn engine_facts(kind: EngineKind, data_dir: &Path) -> anyhow::Result<EngineFacts> {
    let engine = connect(kind, without_warm_networks(RunnerId::new(), data_dir)).await?;
    let facts = engine.prepare().await.context("prepare the engine");
    engine.close().await.context("leave the engine")?;
    facts
}

/// Removes from the engine all that a runner left there whose process is gone and does not come back. Its folder may
/// be removed then.
///
/// # Errors
/// It is not gone, or the engine does not answer.
pub async fn clear_away(data_dir: &Path) -> anyhow::Result<()> {
    if !data_dir.is_dir() {
        return Ok(());
    }
    let data = DataFolder::open(data_dir)?;
    let Some(identity) = data.identity()? else { return Ok(()) };
    let engine = connect(EngineKind::Docker, without_warm_networks(identity.runner, data.path())).await?;
    engine.prepare().await.context("prepare the engine")?;
    engine.sweep().await.context("sweep away what it left")?;
    engine.close().await.context("leave the engine")
}

/// Cleans up on this host's engine, or says what would go. None: that engine keeps nothing.
///
/// # Errors
/// The engine cannot be reached.
pub async fn clean_up(kind: EngineKind, marks: Marks, dry: bool) -> anyhow::Result<Option<clean::Cleaned>> {
    let config = DockerConfig { warm_networks: 0, ..DockerConfig::new(RunnerId::new(), PathBuf::from("/")) };
    let engine = connect(kind, config).await?;
    let cleaner = Cleaner::new(engine, Arc::default(), marks, PathBuf::from("/"));
    if dry { cleaner.rehearse().await } else { cleaner.clean_up().await }
}

/// Whether a runner's folder holds an identity: then it needs no registration token, unless the controller forgot it.
pub fn is_enrolled(data_dir: &Path) -> bool {
    data_folder::has_identity(data_dir)
}

async fn live(
    config: &Config,
    data: &DataFolder,
    client: &Client,
    identity: Identity,
    shutdown: &Shutdown,
) -> Result<(), WorkError> {
    // One for each slot, so that a burst of jobs finds them; a group's further siblings need some as well.
    let warm_networks = config.warm_networks.unwrap_or((config.slots as usize).max(2));
    let bundle = config.bundle(data)?;
    let told = |docker: DockerConfig| DockerConfig {
        warm_networks,
        authorities: bundle.as_ref().map(|bundle| bundle.folder().to_owned()),
        registries: config.registries.clone(),
        ..docker
    };
    let engine = connect(config.engine, told(DockerConfig::new(identity.runner, data.path().to_owned()))).await?;
    let facts = engine.prepare().await.context("prepare the engine")?;
    let swept = engine.sweep().await.context("sweep away what earlier lives left")?;
    if swept > 0 {
        tracing::info!(containers = swept, "swept away what an earlier life left");
    }
    data.sweep_attempts()?;
    let tools = config.tools(engine.clone(), data, &facts, bundle)?;
    let over = CancellationToken::new();
    let tending = tokio::spawn(tools.tending.clone().tend(over.clone()));
    let worked = link::work(
        client.clone(),
        config.client()?,
        identity.token,
        config.hello(&facts),
        Arc::new(tools),
        Room::new(data.path().to_owned(), config.least_free_bytes),
        shutdown.clone(),
    );
    let worked = worked.await;
    over.cancel();
    tending.await.context("tend to the engine's disk")?;
    engine.close().await.context("leave the engine")?;
    worked
}

fn without_warm_networks(runner: RunnerId, data_dir: &Path) -> DockerConfig {
    DockerConfig { warm_networks: 0, ..DockerConfig::new(runner, data_dir.to_owned()) }
}

async fn connect(kind: EngineKind, config: DockerConfig) -> anyhow::Result<Arc<dyn Engine>> {
    match kind {
        EngineKind::Dummy => Ok(Arc::new(Dummy::default())),
        EngineKind::Docker => Ok(Arc::new(Docker::connect(config).await?)),
    }
}

impl Config {
    fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.controller_url, self.authorities.as_ref())
    }

    fn hello(&self, facts: &EngineFacts) -> Hello {
        let mut labels = self.labels.clone();
        labels.insert("os".to_owned(), facts.os.clone());
        labels.insert("arch".to_owned(), facts.arch.clone());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Hello { life: LifeId::new(), version, slots: self.slots.max(1), labels, resources: facts.resources }
    }

    fn bundle(&self, data: &DataFolder) -> anyhow::Result<Option<Bundle>> {
        self.authorities.as_ref().map(|authorities| Bundle::make(authorities, data.path(), CA_MOUNT)).transpose()
    }

    fn tools(
        &self,
        engine: Arc<dyn Engine>,
        data: &DataFolder,
        facts: &EngineFacts,
        bundle: Option<Bundle>,
    ) -> anyhow::Result<Tools> {
        let holds: Arc<Holds> = Arc::default();
        let cleaner = self.cleaning.map(|marks| {
            let marks = Marks { least_free: self.least_free_bytes, ..marks };
            Cleaner::new(engine.clone(), holds.clone(), marks, data.path().to_owned())
        });
        let certificates = bundle.as_ref().map(Bundle::file);
        Ok(Tools {
            images: image::Images::new(engine.clone(), facts.clone(), data.path().to_owned())
                .trusting(bundle.clone())
                .held_in(holds.clone())
                .shared_by(self.registries.images.clone()),
            tending: Arc::new(Tending::new(engine.clone(), holds, cleaner)),
            engine,
            mirrors: Mirrors::open(&data.mirrors())?.trusting(certificates),
            bundle,
            exits: ExitWatch::start(),
            attendant: self.attendant.clone(),
            attempts: data.attempts(),
            copies: cache::Copies::open(data.caches())?,
            log_limit: self.log_limit_bytes,
            layering: workspace::Layering::default(),
            uses_workspace: self.engine != EngineKind::Dummy,
        })
    }
}
