//! The course of an attempt: source, images and networks, then, beside its services, stage after stage.

use super::caching::Asked;
use super::folder::Folder;
use super::group::SiblingView;
use super::secrets::Secrets;
use super::services::unused;
use super::step::{Place, not_called_for, not_run, skipped};
use super::stop::{Stop, Stops};
use super::verdict::{failed, of_stopped_job};
use super::{Channel, Tools};
use crate::clean::Hold;
use crate::engine::{ImageFacts, Network};
use crate::image::Share;
use crate::setup_log::{SetupLog, now};
use crate::source::{self, SourceError};
use anyhow::Context;
use futures::future::{join_all, try_join_all};
use sidings_proto::runner::{Assignment, ImageUse, Kept, Phase, Progress, StepResult};
use sidings_proto::time::spoken;
use sidings_proto::{Environment, Failure, FailureClass, Source, Stage, Step, StepNo, Verdict};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, UnboundedSender};

/// All that the parts of an attempt share.
pub(super) struct Course<'a> {
    pub(super) assignment: &'a Assignment,
    pub(super) tools: &'a Tools,
    pub(super) channel: &'a Channel,
    pub(super) folder: &'a Folder,
    pub(super) setup: &'a SetupLog,
    pub(super) stops: Stops,
    pub(super) account: Account,
    pub(super) secrets: OnceLock<Secrets>,
}

/// What came of an attempt so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    steps: Mutex<Vec<StepResult>>,
    images: Mutex<Vec<ImageUse>>,
    /// What keeps the images on this host.
    holds: Mutex<Vec<Hold>>,
    /// Services that ended before the steps did, as sentences.
    deaths: Mutex<Vec<String>>,
    kept: Mutex<Kept>,
    /// The failure of a step that was held, before anybody ordered an end.
    held: OnceLock<Failure>,
    /// What became of the job's caches, in their order; none for one that could not be asked for.
    caches: Mutex<Vec<Option<Asked>>>,
    /// The log says that siblings work on copies.
    pub(super) told_of_copies: AtomicBool,
}

/// Why the course ended before its last stage.
#[derive(Debug)]
pub(super) enum Halt {
    /// There was a reason to stop.
    Stop(Stop),
    /// A part failed.
    Failed(Failure),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Halt {
        Halt::Stop(stop)
    }
}

pub(super) type Images = BTreeMap<Environment, ImageFacts>;

impl Course<'_> {
    /// Runs the whole course, as far as it goes.
    pub(super) async fn run(&self, network: impl Future<Output = anyhow::Result<Network>>) -> Verdict {
        let verdict = match self.all(network).await {
            Ok(()) => Verdict::Passed,
            Err(Halt::Failed(failure)) => Verdict::Failed(failure),
            Err(Halt::Stop(stop)) => of_stopped_job(stop, self.timeout()),
        };
        let verdict = self.with_tests(verdict).await;
        let verdict = self.keep(verdict).await;
        self.save_caches(&verdict).await;
        verdict
    }

    async fn all(&self, network: impl Future<Output = anyhow::Result<Network>>) -> Result<(), Halt> {
        let (shares, built) = mpsc::unbounded_channel();
        let (worked, ()) = tokio::join!(self.work(network, shares), self.share_images(built));
        worked
    }

    async fn work(
        &self,
        network: impl Future<Output = anyhow::Result<Network>>,
        shares: UnboundedSender<Share>,
    ) -> Result<(), Halt> {
        self.stops.unless(self.get_secrets()).await??;
        let files_and_images = async {
            self.get_source().await?;
            let images = self.get_images(shares).await?;
            // After the images: what another job made is no part of their contexts.
            self.get_inputs().await?;
            self.get_caches().await;
            Ok(images)
        };
        let networks = self.networks(network);
        let prepared = self.stops.unless(async { tokio::try_join!(files_and_images, networks) }).await??;
        let (images, (network, of_services)) = prepared;
        self.with_services(of_services, &images, self.run_stages(&network, &images)).await
    }

    async fn run_stages(&self, network: &Network, images: &Images) -> Result<(), Halt> {
        self.phase(Phase::Steps);
        let stages = &self.assignment.spec.stages;
        let mut failed = None;
        for stage in stages {
            if let Some(stop) = self.stops.now() {
                return Err(stopped(stop, failed));
            }
            let due = self.due(stage, failed.is_some());
            if due.steps.is_empty() {
                continue;
            }
            let (results, merged) = self.run_stage(&due, network, images).await;
            let halt = due.steps.iter().zip(&results).find_map(|(step, result)| halts(step, result));
            let halt = halt.or(merged.err());
            self.account.steps().extend(results);
            let Some(failure) = halt else { continue };
            // A step that was stopped with the job says so itself; the job's own reason comes first, unless it came
            // while somebody looked round after a failure.
            if let Some(stop) = self.stops.now() {
                return Err(self.account.held_before(stop).unwrap_or_else(|| stopped(stop, failed)));
            }
            let ours = failure.class.is_infrastructure();
            failed = failed.or_else(|| Some(self.account.blamed(failure)));
            if ours {
                break;
            }
        }
        failed.map_or(Ok(()), |failure| Err(Halt::Failed(failure)))
    }

    /// The steps of a stage that run now. What was to run after a failure only is told to be left out; the rest of a
    /// failed job is told at its end.
    fn due(&self, stage: &Stage, something_failed: bool) -> Stage {
        let (due, left): (Vec<&Step>, Vec<&Step>) =
            stage.steps.iter().partition(|step| step.runs_on.holds(something_failed));
        if !something_failed {
            self.account.steps().extend(left.into_iter().map(not_called_for));
        }
        Stage { steps: due.into_iter().cloned().collect(), ..stage.clone() }
    }

    async fn get_source(&self) -> Result<(), Halt> {
        let spec = &self.assignment.spec;
        let built = spec.environments().any(|image| matches!(image, Environment::Build { .. }));
        if !self.tools.uses_workspace && !built {
            return Ok(());
        }
        self.phase(Phase::Source);
        let began = Instant::now();
        let (fetch, setup) = (&self.channel.fetch, self.setup);
        let what = match &self.assignment.run.source {
            Source::Git { url, commit } => {
                let into = self.folder.workspace();
                source::check_out(&self.tools.mirrors, url, commit, &into).await.map_err(SourceError::Ours)
            }
            Source::Snapshot { blob } => {
                source::unpack_snapshot(fetch, blob, self.folder.archive(), self.folder.workspace()).await
            }
        };
        let what = what.map_err(|error| self.no_source(error))?;
        setup.note(&format!("{what} in {}", seconds(began.elapsed())));
        Ok(())
    }

    /// The results of all steps of the stage, and what came of merging what siblings changed.
    async fn run_stage(
        &self,
        stage: &Stage,
        network: &Network,
        images: &Images,
    ) -> (Vec<StepResult>, Result<(), Failure>) {
        let views = self.views(stage);
        let placed = self.stops.unless(self.places(stage, &views, network, images)).await;
        let places = match placed.unwrap_or_else(|stop| Err(of_stopped_job(stop, self.timeout()))) {
            Ok(places) => places,
            Err(verdict) => {
                return (stage.steps.iter().map(|step| not_run(step, verdict.clone())).collect(), Ok(()));
            }
        };
        let results = join_all(stage.steps.iter().zip(places).map(|(step, place)| self.run_step(step, place))).await;
        let merged = self.merge(stage, views, &results).await;
        (results, merged)
    }

    /// Steps one after the other share the job's network and workspace. Siblings have their own of both: the first
    /// one takes the job's network, which nobody else uses meanwhile.
    async fn places<'i>(
        &self,
        stage: &Stage,
        views: &'i [SiblingView],
        network: &Network,
        images: &'i Images,
    ) -> Result<Vec<Place<'i>>, Verdict> {
        let place = async |(n, step): (usize, &Step)| {
            let image = images.get(&step.image).context("every environment was made ready")?;
            let view = views.get(n);
            let own_network = async {
                if n == 0 {
                    return Ok(network.clone());
                }
                let network = self.tools.engine.take_network(self.assignment.attempt).await?;
                self.reach_services(&network).await?;
                anyhow::Ok(network)
            };
            let own_view = async { if let Some(view) = view { self.make_view(view, step).await } else { Ok(()) } };
            let (network, made) = tokio::join!(own_network, own_view);
            made?;
            anyhow::Ok(Place { network: network.context("make a network")?, view, image })
        };
        let places = try_join_all(stage.steps.iter().enumerate().map(place)).await;
        places.map_err(|error| failed(FailureClass::EngineFailed, format!("place the steps: {error:#}")))
    }

    fn no_source(&self, error: SourceError) -> Halt {
        match error {
            SourceError::User(error) => {
                let message = format!("the submitted files are not taken: {error:#}");
                self.setup.note(&message);
                Halt::Failed(Failure { class: FailureClass::SourceRefused, message })
            }
            SourceError::Ours(error) => {
                self.setup.note(&format!("{error:#}"));
                ours("get the source", &error)
            }
        }
    }

    pub(super) fn phase(&self, phase: Phase) {
        self.channel.telling.progress(Progress::Phase { phase, at: now() });
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.assignment.spec.timeout_ms)
    }

    /// Every step's result in the plan's order, and every service's; those that did not run are skipped.
    pub(super) fn results(&self, verdict: &Verdict) -> Vec<StepResult> {
        let reason = match verdict {
            Verdict::Cancelled => "the job was cancelled".to_owned(),
            Verdict::Failed(Failure { class: FailureClass::TimedOut, .. }) if self.stops.now().is_some() => {
                format!("the job took longer than {}", spoken(self.timeout()))
            }
            Verdict::Failed(failure) => failure.message.lines().next().unwrap_or_default().to_owned(),
            Verdict::Passed | Verdict::Skipped { .. } => "it was not reached".to_owned(),
        };
        let ended = self.account.steps();
        let of = |no: StepNo| ended.iter().find(|result| result.step == no).cloned();
        let spec = &self.assignment.spec;
        let steps = spec.steps().map(|step| of(step.no).unwrap_or_else(|| skipped(step, &reason)));
        let services = spec.services.iter();
        steps.chain(services.map(|service| of(service.no).unwrap_or_else(|| unused(service, &reason)))).collect()
    }
}

impl Account {
    fn steps(&self) -> MutexGuard<'_, Vec<StepResult>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A service is over.
    pub(super) fn ended(&self, service: StepResult) {
        self.steps().push(service);
    }

    /// A service ended before the steps did.
    pub(super) fn died(&self, how: String) {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).push(how);
    }

    /// A step is held after its failure, while there is no order to end.
    pub(super) fn held(&self, failure: &Failure) {
        // The first one is told.
        let _ = self.held.set(failure.clone());
    }

    /// Why the job failed, when that was so before it was cancelled.
    fn held_before(&self, stop: Stop) -> Option<Halt> {
        let failure = self.held.get().filter(|_| stop == Stop::Cancelled)?;
        Some(Halt::Failed(self.blamed(failure.clone())))
    }

    /// The failure of a step, with the services that may be to blame.
    fn blamed(&self, failure: Failure) -> Failure {
        let deaths = self.deaths.lock().unwrap_or_else(PoisonError::into_inner);
        let message = std::iter::once(&failure.message).chain(&*deaths).cloned().collect::<Vec<_>>().join("; ");
        Failure { message, ..failure }
    }

    pub(super) fn caches(&self) -> MutexGuard<'_, Vec<Option<Asked>>> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hold(&self, hold: Option<Hold>) {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner).extend(hold);
    }

    pub(super) fn images(&self) -> MutexGuard<'_, Vec<ImageUse>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a step's end is the job's end. Our own failures are not the step's to allow.
fn halts(step: &Step, result: &StepResult) -> Option<Failure> {
    match &result.verdict {
        Verdict::Passed => None,
        Verdict::Failed(failure) if step.allow_failure && !failure.class.is_infrastructure() => None,
        Verdict::Failed(failure) => Some(failure.clone()),
        Verdict::Cancelled | Verdict::Skipped { .. } => {
            let message = format!("step \"{}\" was {}", step.name, result.verdict.word());
            Some(Failure { class: FailureClass::EngineFailed, message })
        }
    }
}

/// A job whose time is over while it cleans up failed for its first reason.
fn stopped(stop: Stop, failed: Option<Failure>) -> Halt {
    match (stop, failed) {
        (Stop::JobTimedOut, Some(failure)) => Halt::Failed(failure),
        (Stop::JobTimedOut | Stop::Cancelled | Stop::Dropped, _) => Halt::Stop(stop),
    }
}

pub(super) fn ours(deed: &str, error: &anyhow::Error) -> Halt {
    Halt::Failed(Failure { class: FailureClass::EngineFailed, message: format!("{deed}: {error:#}") })
}

pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
