//! Decides and remembers: the pure core, the one loop around it, the store, and the HTTP interfaces.
//!
//! [`start`] puts the rooms together: it is the only place that knows them all.

mod audit;
mod blobs;
mod clock;
mod compared;
pub mod core;
mod flaws;
mod forgetting;
mod http;
mod images;
mod intake;
mod inventories;
mod kept;
mod logs;
mod metrics;
mod page;
mod project_name;
mod secrets;
mod serve;
mod sessions;
mod shell;
#[cfg(test)]
mod simulation;
mod source;
mod splits;
mod store;
mod timetable;
mod tokens;
mod webhooks;

use anyhow::{Context, bail};
use clock::Clock;
pub use flaws::read_dump;
pub use secrets::BadKeyFile;

use secrecy::{ExposeSecret, SecretString};
use sidings_proto::Role;
use sidings_proto::audit::Outcome;
use sidings_proto::secret::PutSecret;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::in_memory::MemoryStore;
use store::sqlite::SqliteStore;
use store::{Store, TokenScope};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Log chunks held in memory at once.
const LOG_CHUNKS: usize = 12;
/// How long a part may take to end.
const CLOSING: Duration = Duration::from_secs(10);

/// What a controller is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept; made when it is not there. One controller at a time.
    pub data_dir: PathBuf,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Under which address others reach it; where it listens, when none.
    pub public_url: Option<String>,
    /// How it remembers runs.
    pub store: StoreKind,
    /// Used as the first API token, instead of making one.
    pub api_token: Option<SecretString>,
    /// The key file of the secrets; `secrets.key` in the data folder, when none. Made where it is missing.
    pub secrets_key: Option<PathBuf>,
    /// What is wanted of every project's Dockerfiles; the usual, when none.
    pub policy: Option<sidings_pipeline::Policy>,
    /// A dump of OSV, a zip or a folder of them: what is known of flaws.
    pub flaws: Option<PathBuf>,
    /// Webhooks may go to loopback and private addresses; never to link-local ones.
    pub webhook_private: bool,
    /// How long it is kept who changed what.
    pub audit_for: Duration,
}

/// How runs are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In the data folder, for ever.
    Sqlite,
    /// Not beyond this process.
    Memory,
}

/// A controller that is running.
#[derive(Debug)]
pub struct Controller {
    addr: SocketAddr,
    url: String,
    first_api_token: Option<SecretString>,
    app: Arc<AppBox>,
    /// Ends what stays open, and takes no new calls.
    closing: CancellationToken,
    /// Ends the loop, after the last call.
    stop: CancellationToken,
    failed: CancellationToken,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
    _only_one: File,
}

/// Keeps what handlers work with out of `Debug`.
struct AppBox(Arc<http::App>);

impl std::fmt::Debug for AppBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

/// Binds, brings the store up to date, goes on with what had not ended, and serves in the background.
///
/// # Errors
/// The address is taken, or the data folder cannot be used: another controller has it, or the disk refuses.
pub async fn start(config: Config) -> anyhow::Result<Controller> {
    let data = &config.data_dir;
    let only_one = take_data_folder(data)?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {}", config.listen))?;
    let addr = listener.local_addr().context("asking for the address")?;
    let url = config.public_url.clone().unwrap_or_else(|| format!("http://{addr}"));
    let (closing, stop, failed) = Default::default();
    let (app, turning) = assemble(&config, &url, &closing, &stop).await?;
    let first_api_token = first_api_token(&app, config.api_token.as_ref()).await?;
    let serving = serve::serve(listener, http::router(app.clone()), CancellationToken::clone(&closing));
    let timetable = timetable::run(app.clone(), CancellationToken::clone(&closing));
    let (kept, shell) = (app.kept.clone(), app.shell.clone());
    let tidying = kept.go_by(move || shell.now(), CancellationToken::clone(&closing));
    let forgetting = forgetting::go_by(app.clone(), CancellationToken::clone(&closing));
    let (tokens, over) = (app.tokens.clone(), CancellationToken::clone(&closing));
    let noting = async move { tokens.go_by(over).await };
    let telling = webhooks::run(app.clone(), CancellationToken::clone(&closing));
    let tending = app.splits.clone().tend();
    let parts = [watched(turning.run(), &failed), watched(tidying, &failed), watched(timetable, &failed)];
    let parts = parts.into_iter().chain([watched(forgetting, &failed), watched(tending, &failed)]);
    let parts = parts.chain([watched(telling, &failed), watched(noting, &failed)]);
    let tasks = parts.chain([watched(serving, &failed)]).collect();
    let app = Arc::new(AppBox(app));
    Ok(Controller { addr, url, first_api_token, app, closing, stop, failed, tasks, _only_one: only_one })
}

async fn assemble(
    config: &Config,
    url: &str,
    closing: &CancellationToken,
    stop: &CancellationToken,
) -> anyhow::Result<(Arc<http::App>, shell::Loop)> {
    let data = &config.data_dir;
    let store: Arc<dyn Store> = match config.store {
        StoreKind::Sqlite => Arc::new(SqliteStore::open(&data.join("sidings.db")).await?),
        StoreKind::Memory => Arc::new(MemoryStore::default()),
    };
    let metrics = Arc::new(metrics::Metrics::new());
    let book = Arc::new(webhooks::Book::open(&*store).await?);
    let (shell, turning) =
        shell::restore(store.clone(), Clock::start(), metrics.clone(), book.clone(), closing.clone(), stop.clone())
            .await?;
    let blobs = blobs::Blobs::open(data.join("blobs"), blobs::SNAPSHOT_MAX).await?;
    let sources =
        source::Sources::open(&data.join("mirrors"), blobs.clone(), config.policy.clone().unwrap_or_default())?;
    let key_file = config.secrets_key.clone().unwrap_or_else(|| data.join("secrets.key"));
    let kept = kept::Kept::open(data.join("kept"), store.clone()).await?;
    let inventories = Arc::new(inventories::Inventories::new(store.clone(), config.store == StoreKind::Sqlite));
    let app = http::App {
        flaws: flaws::Flaws::new(config.flaws.clone(), inventories.clone()),
        inventories,
        images: Arc::new(images::Images::open(store.clone(), kept.blobs.clone()).await?),
        webhooks: webhooks::Webhooks::new(store.clone(), book, config.webhook_private)?,
        secrets: secrets::Vault::open(store.clone(), &key_file).await?,
        tokens: Arc::new(
            tokens::Tokens::open(store.clone(), tokens::AttemptKey::in_file(&data.join("server.key"))?).await?,
        ),
        audit: Arc::new(audit::Audit::new(store.clone(), config.audit_for)),
        intake: intake::Intake {
            store: store.clone(),
            sources,
            shell: shell.clone(),
            schedules_changed: Notify::new(),
        },
        sessions: sessions::Sessions::open(store.clone()).await?,
        origin: page::origin::Origin::of(url),
        logs: logs::Logs::below(data.join("logs")),
        names: http::RunnerNames::new(store.runners().await?, url),
        log_chunks: Semaphore::new(LOG_CHUNKS),
        splits: Arc::new(splits::Splits::new(store.clone(), shell.clone(), closing.clone())),
        stop: closing.clone(),
        kept,
        shell,
        store,
        blobs,
        metrics,
    };
    Ok((Arc::new(app), turning))
}

/// So long a controller waits for the end of the one before it.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Makes the folder, for nobody else to read, and holds it against a second controller.
fn take_data_folder(data: &Path) -> anyhow::Result<File> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("making {}", data.display()))?;
    let file = data.join("lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&file);
    let lock = lock.with_context(|| format!("opening {}", file.display()))?;
    let since = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            // One that is just ending, or a program that it started and that has not begun yet.
            Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_PATIENCE => std::thread::sleep(LOCK_PATIENCE / 50),
            Err(TryLockError::WouldBlock) => {
                bail!("another controller uses {}: --data names another folder", data.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", file.display()));
            }
        }
    }
}

async fn first_api_token(app: &http::App, given: Option<&SecretString>) -> anyhow::Result<Option<SecretString>> {
    let now = app.shell.now();
    if let Some(given) = given {
        app.tokens.take_api("first", given.expose_secret(), now).await?;
        return Ok(None);
    }
    if app.tokens.has_api() {
        return Ok(None);
    }
    Ok(Some(make_token(app, "first", TokenScope::Api(Role::Admin)).await?))
}

/// A token that nobody asked for by the API.
async fn make_token(app: &http::App, name: &str, scope: TokenScope) -> anyhow::Result<SecretString> {
    let (told, now) = (http::enrolment::told(name, &scope), app.shell.now());
    let (_, secret) = app.tokens.make(name, scope, now, None).await?;
    app.audit.write(now, audit::BOOTSTRAP, "token.create", &told, Outcome::Done).await;
    Ok(secret)
}

/// Runs a part in the background; its failure is the controller's.
fn watched(
    part: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    failed: &CancellationToken,
) -> JoinHandle<anyhow::Result<()>> {
    let fail_on_drop = failed.clone().drop_guard();
    tokio::spawn(async move {
        let ended = part.await;
        match &ended {
            Ok(()) => drop(fail_on_drop.disarm()),
            Err(error) => tracing::error!("the controller cannot go on: {error:#}"),
        }
        ended
    })
}

impl Controller {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Under which address others reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The first API token, when it was made in this start; it is not shown again.
    pub fn first_api_token(&self) -> Option<&SecretString> {
        self.first_api_token.as_ref()
    }

    /// Makes a token that enrols one runner.
    ///
    /// # Errors
    /// The store failed.
    pub async fn registration_token(&self, name: &str) -> anyhow::Result<SecretString> {
        self.make_token(name, TokenScope::Registration { single_use: true }).await
    }

    /// Makes a token for the API.
    ///
    /// # Errors
    /// The store failed.
    pub async fn api_token(&self, name: &str) -> anyhow::Result<SecretString> {
        self.api_token_as(name, Role::Admin).await
    }

    /// Makes a token for the API, for somebody who may do less.
    ///
    /// # Errors
    /// The store failed.
    pub async fn api_token_as(&self, name: &str, role: Role) -> anyhow::Result<SecretString> {
        self.make_token(name, TokenScope::Api(role)).await
    }

    /// Keeps a secret. The inner error says why it is refused.
    ///
    /// # Errors
    /// The store failed.
    pub async fn set_secret(&self, secret: PutSecret) -> anyhow::Result<Result<(), String>> {
        let http::App { secrets, shell, audit, .. } = &*self.app.0;
        let (now, told) = (shell.now(), format!("{} of {}", secret.name, secret.scope));
        let put = secrets.put(secret, now).await?;
        let outcome = if put.is_ok() { Outcome::Done } else { Outcome::Refused };
        audit.write(now, audit::BOOTSTRAP, "secret.set", &told, outcome).await;
        Ok(put.map(drop).map_err(|refused| refused.to_string()))
    }

    /// Ends open calls, then the loop, then the store. What was accepted goes on in the next life.
    ///
    /// # Errors
    /// A part had failed.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        self.closing.cancel();
        let mut ended = Ok(());
        for mut task in self.tasks.into_iter().rev() {
            match tokio::time::timeout(CLOSING, &mut task).await {
                Ok(joined) => ended = ended.and(joined.context("a part of the controller panicked").flatten()),
                // A caller that does not come to its end repeats the call to the next life.
                Err(_) => task.abort(),
            }
            self.stop.cancel();
        }
        self.app.0.store.close().await;
        ended
    }

    /// Waits until a part in the background died. The process is to end then: its next life goes on.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    async fn make_token(&self, name: &str, scope: TokenScope) -> anyhow::Result<SecretString> {
        make_token(&self.app.0, name, scope).await
    }
}

/// The description of the HTTP interfaces, as pretty JSON.
pub fn openapi() -> String {
    http::document()
}
