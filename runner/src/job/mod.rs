//! Carries out one attempt: source, images, services, steps, teardown, and the verdict.
//!
//! A plain sequence over the trait [`Engine`](crate::engine::Engine). Whatever happens – an error, an order, a panic –
//! the attempt is torn down. It knows nothing of HTTP or Docker; siblings of a `parallel:` stage all run to their end,
//! and what they changed in their views of the workspace is merged, however they ended.

mod caching;
mod course;
mod folder;
mod group;
mod hold;
mod images;
mod keeping;
mod readiness;
mod reports;
mod script;
mod secrets;
mod services;
mod split;
mod step;
mod stop;
mod variables;
mod verdict;

use crate::attempt::{Orders, Telling};
use crate::attendant::Attendant;
use crate::cache::Copies;
use crate::clean::Tending;
use crate::depot::Depot;
use crate::engine::{Engine, Network};
use crate::image::{BuildMeta, Fleet, Images};
use crate::setup_log::SetupLog;
use crate::source::Fetch;
use crate::split::Queue;
use crate::spool::{ExitWatch, Tail};
use crate::trust::Bundle;
use crate::workspace::Layering;
use anyhow::Context;
use course::{Account, Course};
pub(crate) use folder::Folder;
use futures::FutureExt;
pub(crate) use secrets::AskSecrets;
use sidings_git::Mirrors;
use sidings_proto::runner::{Assignment, Finish, LogDigest, Phase};
use sidings_proto::step::LOG_FILE;
use sidings_proto::{AttemptId, FailureClass, Source, StepNo, Verdict};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use stop::Stops;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use verdict::failed;

/// What all attempts of a runner share.
pub(crate) struct Tools {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) images: Images,
    pub(crate) mirrors: Mirrors,
    pub(crate) exits: ExitWatch,
    /// Who cleans up.
    pub(crate) tending: Arc<Tending>,
    /// Whom to call when a step fails.
    pub(crate) attendant: Option<Arc<dyn Attendant>>,
    /// The folder of the attempts' folders.
    pub(crate) attempts: PathBuf,
    /// This host's copies of caches.
    pub(crate) copies: Copies,
    /// Whom steps and services trust beside those whom their image does.
    pub(crate) bundle: Option<Bundle>,
    /// Log payload kept of a step, in bytes.
    pub(crate) log_limit: u64,
    /// Whether siblings work on layers over the workspace, or on copies of it.
    pub(crate) layering: Layering,
    /// False where steps look at no files: then only a build needs the source.
    pub(crate) uses_workspace: bool,
}

/// An attempt's way to and from the controller.
pub(crate) struct Channel {
    pub(crate) telling: Telling,
    pub(crate) orders: Orders,
    pub(crate) fetch: Fetch,
    pub(crate) depot: Arc<dyn Depot>,
    /// The others with whom images are shared, if there are any.
    pub(crate) fleet: Option<Arc<dyn Fleet>>,
    pub(crate) secrets: AskSecrets,
    pub(crate) split: Arc<dyn Queue>,
}

/// What came of an attempt.
#[derive(Debug)]
pub(crate) struct Carried {
    /// How it is to be finished; none when it is no longer ours and there is nothing to report.
    pub(crate) finish: Option<Finish>,
    /// What is still being taken down. The steps are over: nothing of it can change what was found.
    pub(crate) teardown: JoinHandle<()>,
}

/// The setup's log is written by us, and builds are bounded by the engine.
const SETUP_LOG_LIMIT: u64 = 1024 * 1024 * 1024;
const TEARDOWN_AGAIN: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(2), Duration::from_secs(10)];

/// Carries out an attempt to its end.
pub(crate) async fn carry_out(assignment: &Assignment, tools: &Tools, channel: &Channel) -> Carried {
    let folder = Folder::of(&tools.attempts, assignment.attempt);
    let (setup, tail) = match begin(&folder, channel) {
        Ok(begun) => begun,
        Err(error) => return without_a_folder(assignment, &error),
    };
    let setup_ended = CancellationToken::new();
    let following = tokio::spawn(tail.follow(setup_ended.clone()));
    let course = Course {
        assignment,
        tools,
        channel,
        folder: &folder,
        setup: &setup,
        stops: Stops::new(channel.orders.clone(), Duration::from_millis(assignment.spec.timeout_ms)),
        account: Account::default(),
        secrets: OnceLock::new(),
    };
    let (verdict, teardown) = through(&course).await;
    let verdict = course.shown(verdict);
    setup_ended.cancel();
    let setup_log = following.await.map(|tail| tail.digest()).unwrap_or_default();
    let finish = Finish {
        steps: course.results(&verdict),
        images: std::mem::take(&mut *course.account.images()),
        verdict,
        setup_log,
        kept: std::mem::take(&mut *course.account.kept()),
    };
    Carried { finish: (!channel.orders.drop.is_cancelled()).then_some(finish), teardown }
}

fn begin(folder: &Folder, channel: &Channel) -> anyhow::Result<(SetupLog, Tail)> {
    folder.make()?;
    let setup = SetupLog::create(&folder.setup().join(LOG_FILE)).context("make the setup's log")?;
    let tail = Tail::new(&folder.setup(), StepNo::SETUP, SETUP_LOG_LIMIT, channel.telling.news());
    channel.telling.log(tail.spooled());
    Ok((setup, tail))
}

fn without_a_folder(assignment: &Assignment, error: &anyhow::Error) -> Carried {
    let verdict = failed(FailureClass::EngineFailed, format!("begin the attempt: {error:#}"));
    let why = "the attempt could not begin";
    let of_steps = assignment.spec.steps().map(|step| step::skipped(step, why));
    let steps = of_steps.chain(assignment.spec.services.iter().map(|service| services::unused(service, why))).collect();
    let finish =
        Finish { verdict, steps, setup_log: LogDigest::default(), images: Vec::new(), kept: Default::default() };
    Carried { finish: Some(finish), teardown: tokio::spawn(async {}) }
}

/// Runs the course, and after it, however it ended, the teardown.
async fn through(course: &Course<'_>) -> (Verdict, JoinHandle<()>) {
    let (engine, attempt) = (course.tools.engine.clone(), course.assignment.attempt);
    // A task of its own: given up half-way, the engine could make what no teardown sees.
    let mut network = tokio::spawn(async move { engine.take_network(attempt).await });
    let taking = async { (&mut network).await.context("make the job's network")? };
    let verdict = match AssertUnwindSafe(course.run(taking)).catch_unwind().await {
        Ok(verdict) => verdict,
        Err(panic) => failed(FailureClass::EngineFailed, format!("the runner failed: {}", panic_message(&*panic))),
    };
    course.phase(Phase::Teardown);
    let teardown = tokio::spawn(tear_down(course.tools.engine.clone(), attempt, network));
    if ended_by_itself(&verdict) {
        return (verdict, teardown);
    }
    if let Err(error) = teardown.await {
        tracing::error!(%error, "the teardown did not end well");
    }
    (verdict, tokio::spawn(async {}))
}

/// Whether no container can still be at work. Then the news need not wait for the teardown.
fn ended_by_itself(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Passed => true,
        Verdict::Failed(failure) => {
            use FailureClass::{
                ImageBuildFailed, SecretRefused, ServiceNotReady, SourceRefused, StepFailed, TestsFailed,
            };
            matches!(
                failure.class,
                StepFailed | TestsFailed | ImageBuildFailed | ServiceNotReady | SourceRefused | SecretRefused
            )
        }
        Verdict::Cancelled | Verdict::Skipped { .. } => false,
    }
}

async fn tear_down(engine: Arc<dyn Engine>, attempt: AttemptId, network: JoinHandle<anyhow::Result<Network>>) {
    if !network.is_finished() {
        // Its outcome no longer matters, only that it is over.
        let _ = network.await;
    }
    for pause in TEARDOWN_AGAIN {
        match engine.teardown(attempt).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%attempt, error = format!("{error:#}"), "a teardown failed; trying again"),
        }
        tokio::time::sleep(pause).await;
    }
    if let Err(error) = engine.teardown(attempt).await {
        tracing::error!(%attempt, error = format!("{error:#}"), "an attempt's containers are left for the next sweep");
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it panicked")
}

fn build_meta(assignment: &Assignment) -> BuildMeta {
    let run = &assignment.run;
    BuildMeta {
        project: run.project.clone(),
        run: run.id,
        commit: run.commit.clone(),
        repo_url: run.repo_url.clone(),
        checked_out: matches!(run.source, Source::Git { .. }),
        locked: run.locked.clone(),
    }
}

#[cfg(test)]
mod tests;
