//! `sidings run`: this directory's pipeline on the local engine. The same controller and runner as everywhere, in
//! this process and in a folder that goes away with it.

mod shell;
mod stuck;
mod terminal;
mod throwaway;
mod watch;

use super::artifacts::save_all;
use super::controller::give_secrets;
use super::lint;
use super::output::Show;
use super::runner::config;
use super::submit::{chosen, tree_of};
use crate::args::RunArgs;
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::folders;
use crate::follow::{Asides, Followed, OnInterrupt, Scope, Screen, Transcript, follow_and_stand_aside};
use crate::render::summary::ReadOn;
use crate::signals::Signals;
use crate::worktree::Project;
use crate::{secrets_file, worktree};
use anyhow::Context;
use sidings_controller::{Controller, StoreKind};
use sidings_proto::api::RunView;
use sidings_proto::secret::PutSecret;
use sidings_runner::{Attendant, Config, Shutdown};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use throwaway::Throwaway;
use watch::Look;

pub(super) async fn run(args: RunArgs) -> anyhow::Result<Exit> {
    let project = chosen(&args.project).await?;
    if !args.watch {
        let pipeline = lint::meant(&project, args.wanted.pipeline.as_deref())?;
        if !lint::is_right(&project, pipeline.as_deref())? {
            return Ok(Exit::Configuration);
        }
    }
    let (attendant, asides) = shell::offered(args.shell)?;
    let (args, cache) = (&args, &folders::cache()?);
    let rounds = async |client: Client| match args.watch {
        true => again_and_again(&client, project, args, cache).await,
        false => once(&client, &project, args, cache, asides).await,
    };
    with_line(args, cache, attendant, rounds).await
}

/// Opens a line for what is done with it, and takes it down whatever came of that.
pub(super) async fn with_line<T>(
    args: &RunArgs,
    cache: &Path,
    attendant: Option<Arc<dyn Attendant>>,
    deed: impl AsyncFnOnce(Client) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let project = chosen(&args.project).await?;
    let secrets = secrets(args, &project).await?;
    let mut line = Line::open(args, cache, secrets, attendant).await?;
    let client = line.client.clone();
    let ended = tokio::select! {
        ended = deed(client) => ended,
        error = line.runner_ended() => Err(error),
    };
    line.close().await;
    ended
}

/// A run after each change, until somebody ends it. The pipeline is checked before each.
async fn again_and_again(client: &Client, first: Project, args: &RunArgs, cache: &Path) -> anyhow::Result<Exit> {
    let mut project = first;
    let mut signals = Signals::listen()?;
    loop {
        let look = Look::at(&project.root).await?;
        match round(client, &project, args, cache).await {
            Ok(Exit::Interrupted) => return Ok(Exit::Interrupted),
            Ok(_) => {}
            // What is missing for the moment, as while branches are changed, may be there after the next change.
            Err(error) if error.is::<Refusal>() => anstream::eprintln!("error: {error:#}"),
            Err(error) => return Err(error),
        }
        eprintln!("waiting for a change; Ctrl-C ends");
        tokio::select! {
            changed = look.until_other(&project.root) => changed?,
            () = signals.next() => return Ok(Exit::Interrupted),
        }
        project = chosen(&args.project).await?;
    }
}

async fn round(client: &Client, project: &Project, args: &RunArgs, cache: &Path) -> anyhow::Result<Exit> {
    let pipeline = lint::meant(project, args.wanted.pipeline.as_deref())?;
    match lint::is_right(project, pipeline.as_deref())? {
        true => once(client, project, args, cache, Asides::none()).await,
        false => Ok(Exit::Configuration),
    }
}

async fn once(
    client: &Client,
    project: &Project,
    args: &RunArgs,
    cache: &Path,
    asides: Asides,
) -> anyhow::Result<Exit> {
    let logs = logs_folder(cache, &project.name)?;
    let show = Show { plain: args.plain, json: args.json };
    let pipeline = lint::meant(project, args.wanted.pipeline.as_deref())?;
    let run = client.submit(&args.wanted.of(tree_of(client, project, pipeline).await?)).await?;
    let mut screen = Transcript::new(show.screen(), logs.clone());
    let (followed, reasons) = follow(client, run, &mut screen, asides).await?;
    drop(screen);
    if followed.complete {
        show.end(&followed.run, &ReadOn::Folder(logs))?;
    }
    // They outlive the controller in a folder of the project, until its next run.
    let folder = empty_folder(cache, "artifacts", &project.name)?;
    if let Some(folder) = save_all(client, &followed.run, &folder).await.context("saving the artifacts")? {
        anstream::eprintln!("artifacts: {}", folder.display());
    }
    for reason in &reasons {
        anstream::eprintln!("error: {reason}");
    }
    Ok(match (followed.interrupted, reasons.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, false) => Exit::Failed,
        (false, true) => Exit::of(followed.run.summary.verdict.as_ref()),
    })
}

/// Follows the run to its end, and ends it where nothing of it can go on: then with the reasons.
pub(super) async fn follow(
    client: &Client,
    run: RunView,
    screen: &mut dyn Screen,
    asides: Asides,
) -> anyhow::Result<(Followed, Vec<String>)> {
    let (id, mut reasons) = (run.summary.id, Vec::new());
    let following = follow_and_stand_aside(client, run, Scope::default(), OnInterrupt::Cancel, screen, asides);
    tokio::pin!(following);
    loop {
        tokio::select! {
            followed = &mut following => return Ok((followed?, reasons)),
            // The reasons are known before the run is over, and so before whoever follows it hears of that.
            stuck = stuck::until_stuck(client, id), if reasons.is_empty() => {
                if client.cancel(id).await.is_ok() {
                    reasons = stuck;
                }
            }
        }
    }
}

/// The secrets of the file that was named for it, which must not be a part of what is run.
async fn secrets(args: &RunArgs, project: &Project) -> anyhow::Result<Vec<PutSecret>> {
    let Some(file) = &args.secrets.secrets_file else { return Ok(Vec::new()) };
    secrets_file::is_no_part_of(file, &project.root, &worktree::files(&project.root).await?)?;
    secrets_file::read(file)
}

/// A controller and a runner in this process.
struct Line {
    client: Client,
    controller: Controller,
    runner: Pin<Box<dyn Future<Output = anyhow::Result<()>>>>,
    runner_ended: bool,
    shutdown: Shutdown,
    folder: Throwaway,
}

impl Line {
    async fn open(
        args: &RunArgs,
        cache: &Path,
        secrets: Vec<PutSecret>,
        attendant: Option<Arc<dyn Attendant>>,
    ) -> anyhow::Result<Line> {
        let (authorities, registries) = (args.reach.authorities()?, args.reach.registry.registries_of_person()?);
        let among = cache.join("run");
        for dead in Throwaway::left_behind(&among) {
            clear_away(dead).await;
        }
        let folder = Throwaway::make(&among).context("making a folder for the run")?;
        let controller = controller(folder.path()).await?;
        give_secrets(&controller, secrets).await?;
        let client = Client::open(controller.url(), Some(controller.api_token("run").await?))?;
        let shutdown = Shutdown::default();
        let token = controller.registration_token("run").await?;
        // Somebody waits for this run and sees what fails: better full than idle.
        let config = Config {
            least_free_bytes: Some(0),
            authorities,
            registries,
            attendant,
            ..config(&args.capacity, folder.path().join("runner"), controller.url().to_owned(), Some(token))
        };
        let runner = Box::pin(sidings_runner::run(config, shutdown.clone()));
        Ok(Line { client, controller, runner, runner_ended: false, shutdown, folder })
    }

    /// Lets the runner work. It ends before it is told to only when something is wrong: most often there is no engine.
    async fn runner_ended(&mut self) -> anyhow::Error {
        let ended = self.runner.as_mut().await;
        self.runner_ended = true;
        ended.err().unwrap_or_else(|| anyhow::anyhow!("the runner went away"))
    }

    /// Takes all down, whatever became of the run: containers first, then the folder they looked at.
    async fn close(self) {
        self.shutdown.drain.cancel();
        self.shutdown.stop.cancel();
        if !self.runner_ended
            && let Err(error) = self.runner.await
        {
            tracing::warn!("the runner did not end in order: {error:#}");
        }
        if let Err(error) = self.controller.shutdown().await {
            tracing::warn!("the controller did not end in order: {error:#}");
        }
        self.folder.remove();
    }
}

/// Containers and files of a run whose process was killed. What cannot be removed now is tried again by the next run.
async fn clear_away(dead: Throwaway) {
    let shown = dead.path().display().to_string();
    match sidings_runner::clear_away(&dead.path().join("runner")).await {
        Ok(()) => dead.remove(),
        Err(error) => tracing::warn!("could not clear away what a killed run left in {shown}: {error:#}"),
    }
}

async fn controller(folder: &Path) -> anyhow::Result<Controller> {
    let config = sidings_controller::Config {
        data_dir: folder.join("controller"),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_url: None,
        store: StoreKind::Memory,
        api_token: None,
        secrets_key: None,
        policy: None,
        flaws: None,
        webhook_private: false,
        audit_for: std::time::Duration::from_secs(3600),
    };
    sidings_controller::start(config).await.context("starting a controller for the run")
}

/// The folder for the whole logs of the project's last run, empty.
fn logs_folder(cache: &Path, project: &str) -> anyhow::Result<PathBuf> {
    empty_folder(cache, "logs", project)
}

/// A folder for what is kept of the project's last run.
fn empty_folder(cache: &Path, of: &str, project: &str) -> anyhow::Result<PathBuf> {
    let folder = cache.join(of).join(project.replace('/', "-"));
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => folders::make_private(&folder),
    }
    .with_context(|| format!("clearing {}", folder.display()))?;
    Ok(folder)
}
