//! One step: its container from the start to its exit record, its log, its verdict.

use super::course::Course;
use super::group::SiblingView;
use super::stop::Stop;
use super::verdict::{Evidence, Watched, failed};
use super::{script, split, variables};
use crate::engine::{ContainerId, Engine, ImageFacts, Limits, Network, Signal, StepContainer};
use crate::setup_log::now;
use crate::spool::{Tail, read_exit_record};
use anyhow::Context;
use sidings_proto::runner::{LogDigest, Progress, StepResult};
use sidings_proto::step::{EXIT_FILE, SPEC_FILE, StepSpec, WORKSPACE};
use sidings_proto::{FailureClass, Step, Timestamp, Verdict};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// From TERM until the helper kills what is left.
const GRACE: Duration = Duration::from_secs(10);
/// For the helper to write its record, and for the engine to say that a container ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// From a step's exit record until its container is killed: an honest one mostly ends sooner, and costs no call.
const LINGERS: Duration = Duration::from_millis(250);
/// Kept of the end of a log that is over its limit.
pub(super) const LOG_TAIL: u64 = 1024 * 1024;
/// An engine that fails is asked again after these times: it may be restarting.
const ASK_AGAIN: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];

/// Where a step runs.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) network: Network,
    /// A sibling's own view of the workspace; else it is the job's.
    pub(super) view: Option<&'a SiblingView>,
    pub(super) image: &'a ImageFacts,
}

/// A step that did not run.
pub(super) fn skipped(step: &Step, reason: &str) -> StepResult {
    let verdict = Verdict::Skipped { reason: reason.to_owned(), blocked: true };
    ended(step, verdict, None, None, LogDigest::default())
}

/// A step that runs after a failure, when there was none.
pub(super) fn not_called_for(step: &Step) -> StepResult {
    let verdict = Verdict::Skipped { reason: "no step before it failed".to_owned(), blocked: false };
    ended(step, verdict, None, None, LogDigest::default())
}

/// A step that was to run and could not.
pub(super) fn not_run(step: &Step, verdict: Verdict) -> StepResult {
    ended(step, verdict, None, None, LogDigest::default())
}

impl Course<'_> {
    /// Carries out a step and tells its end.
    pub(super) async fn run_step(&self, step: &Step, place: Place<'_>) -> StepResult {
        let (result, held) = match self.prepare_step(step, &place) {
            Ok(ready) => self.run_prepared(step, &place, ready).await,
            Err(verdict) => (not_run(step, verdict), None),
        };
        let result = self.shown_result(result);
        self.channel.telling.progress(Progress::StepEnded(result.clone()));
        if let Some(container) = held {
            self.hold(step, &place, &container, &result).await;
        }
        result
    }

    fn prepare_step(&self, step: &Step, place: &Place<'_>) -> Result<PathBuf, Verdict> {
        let argv = script::argv(step, place.image);
        if argv.is_empty() {
            let message = format!("step \"{}\" has nothing to run: its image has no command", step.name);
            return Err(failed(FailureClass::StepFailed, message));
        }
        let of_root = matches!(place.image.user.split(':').next(), None | Some("" | "root" | "0"));
        let cached = self.cached_folders();
        let spec = StepSpec {
            argv,
            working_directory: script::working_directory(step.working_directory.as_deref()),
            user: place.image.user.clone(),
            chown: (!of_root).then(|| WORKSPACE.to_owned()),
            hand_over: if of_root { Vec::new() } else { cached.into_iter().map(|bind| bind.target).collect() },
            log_limit: self.tools.log_limit,
            log_tail: LOG_TAIL.min(self.tools.log_limit),
            grace_ms: u64::try_from(GRACE.as_millis()).unwrap_or(0),
            readiness: None,
            input: self.secrets.get().is_some(),
            hold: self.may_hold(step),
        };
        let written = self.folder.make_step(step.no).and_then(|folder| {
            let spec = serde_json::to_vec(&spec).context("write a step's spec")?;
            std::fs::write(folder.join(SPEC_FILE), spec).context("write a step's spec")?;
            Ok(folder)
        });
        written.map_err(|error| failed(FailureClass::EngineFailed, format!("step \"{}\": {error:#}", step.name)))
    }

    /// The step's result, and its container where that stays.
    async fn run_prepared(&self, step: &Step, place: &Place<'_>, folder: PathBuf) -> (StepResult, Option<ContainerId>) {
        let started = now();
        self.channel.telling.progress(Progress::StepStarted { step: step.no, at: started });
        let limit = self.tools.log_limit + LOG_TAIL;
        let desk = match self.serve_tests(step, &folder) {
            Ok(desk) => desk,
            Err(error) => {
                let message = format!("step \"{}\": {error:#}", step.name);
                return (not_run(step, failed(FailureClass::EngineFailed, message)), None);
            }
        };
        let tail = Tail::new(&folder, step.no, limit, self.channel.telling.news());
        self.channel.telling.log(tail.spooled());
        let writer_gone = CancellationToken::new();
        let following = tail.follow(writer_gone.clone());
        let watching = async {
            let watched = self.start_and_watch(step, place, &folder).await;
            writer_gone.cancel();
            watched
        };
        let ((watched, held), tail) = tokio::join!(watching, following);
        let unlisted = self.close_desk(desk).await;
        (split::with_reason(self.judge(step, started, watched, &folder, &tail), unlisted), held)
    }

    async fn start_and_watch(&self, step: &Step, place: &Place<'_>, folder: &Path) -> (Watched, Option<ContainerId>) {
        let container = StepContainer {
            attempt: self.assignment.attempt,
            step: step.no,
            image: place.image.id.clone(),
            network: place.network.clone(),
            env: self.tools.with_authorities(variables::variables(self.assignment, step, place.image), place.image),
            workspace: Some(self.folder.workspace()),
            layer: None,
            step_dir: folder.to_owned(),
            cached: self.cached_folders(),
            limits: Limits::of(&step.resources),
            input: self.input(&step.secrets),
        };
        // Not given up half-way, whatever the orders are: teardown has to see the container.
        let container = match self.start_in(step, place, container).await.context("start the container") {
            Ok(container) => container,
            Err(error) => return (Watched::Lost(error), None),
        };
        let watched = self.watch(step, &container, folder).await;
        if self.is_held(step, folder) {
            if watched.is_worth_a_look() {
                return (watched, Some(container));
            }
            self.let_go(&container).await;
        }
        let watched = match place.view.filter(|view| view.counts) {
            Some(_) => self.until_gone(&container).await.map_or_else(Watched::Lost, |()| watched),
            None => watched,
        };
        (watched, None)
    }

    /// What a sibling changed is looked at when nothing can change it any more, whatever its exit record says.
    pub(super) async fn until_gone(&self, container: &ContainerId) -> anyhow::Result<()> {
        let gone = async || tokio::time::timeout(PATIENCE, self.tools.engine.wait(container)).await;
        if matches!(gone().await, Ok(Ok(_))) || self.channel.orders.drop.is_cancelled() {
            return Ok(());
        }
        self.tools.engine.signal(container, Signal::Kill).await.context("kill what outlives its own end")?;
        gone().await.context("the container does not go away")?.context("wait for the container").map(|_| ())
    }

    async fn watch(&self, step: &Step, container: &ContainerId, folder: &Path) -> Watched {
        let limit = step.timeout_ms.map(Duration::from_millis);
        let step_timed_out = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let engine = &self.tools.engine;
        let mut waiting = AbortOnDropHandle::new(tokio::spawn(container_ended(engine.clone(), container.clone())));
        let watched = tokio::select! {
            biased;
            ended = &mut waiting => {
                let ended = ended.context("wait for the container").flatten();
                return ended.map_or_else(Watched::Lost, Watched::Ended);
            }
            // The step is over, if not yet its container: the engine's word is not waited for.
            () = self.tools.exits.appears(folder, &[EXIT_FILE]) => {
                if !self.is_held(step, folder) {
                    tokio::spawn(see_it_end(engine.clone(), container.clone(), waiting));
                }
                return Watched::Ended(None);
            }
            stop = self.stops.wanted() => Watched::Stopped(stop),
            () = step_timed_out => Watched::TimedOut(limit.unwrap_or_default()),
        };
        // What is no longer ours is not worth a grace time: teardown ends it.
        if !matches!(watched, Watched::Stopped(Stop::Dropped)) {
            self.end(step, container, folder).await;
        }
        watched
    }

    async fn end(&self, step: &Step, container: &ContainerId, folder: &Path) {
        for (signal, time) in [(Signal::Terminate, GRACE + PATIENCE), (Signal::Kill, PATIENCE)] {
            if let Err(error) = self.tools.engine.signal(container, signal).await {
                tracing::warn!(error = format!("{error:#}"), "a container could not be signalled");
            }
            let ended = async { tokio::time::timeout(time, self.tools.engine.wait(container)).await };
            tokio::select! {
                biased;
                () = self.channel.orders.drop.cancelled() => return,
                () = self.until_held(step, folder) => return,
                ended = ended => if matches!(ended, Ok(Ok(_))) { return },
            }
        }
    }

    fn judge(&self, step: &Step, started: Timestamp, watched: Watched, folder: &Path, tail: &Tail) -> StepResult {
        let log = tail.digest();
        let record = read_exit_record(folder);
        if let (Watched::Ended(Some(engine)), Ok(Some(record))) = (&watched, &record)
            && *engine != i64::from(record.code)
        {
            tracing::warn!(engine, record = record.code, "the engine's exit code is not the exit record's");
        }
        let job_timeout = Duration::from_millis(self.assignment.spec.timeout_ms);
        let log_trouble = tail.trouble();
        let evidence = Evidence { step: &step.name, job_timeout, watched, record, log: &log, log_trouble };
        let (verdict, code) = (evidence.verdict(), evidence.code());
        ended(step, verdict, code, Some(started), log)
    }
}

pub(super) async fn container_ended(engine: Arc<dyn Engine>, container: ContainerId) -> anyhow::Result<Option<i64>> {
    for pause in ASK_AGAIN {
        match engine.wait(&container).await {
            Ok(code) => return Ok(code),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the engine failed to wait; asking again"),
        }
        tokio::time::sleep(pause).await;
    }
    engine.wait(&container).await.context("wait for the container")
}

/// Sees to it that no process outlives its step by more than moments. The helper writes the record when nothing is
/// left; who forges one must not go on beside the next step.
async fn see_it_end(
    engine: Arc<dyn Engine>,
    container: ContainerId,
    waiting: AbortOnDropHandle<anyhow::Result<Option<i64>>>,
) {
    if matches!(tokio::time::timeout(LINGERS, waiting).await, Ok(Ok(Ok(_)))) {
        return;
    }
    tracing::debug!(container = container.0, "a container outlives its step's exit record; it is killed");
    if let Err(error) = engine.signal(&container, Signal::Kill).await {
        tracing::warn!(error = format!("{error:#}"), "a container could not be signalled; teardown removes it");
    }
}

fn ended(step: &Step, verdict: Verdict, code: Option<i32>, started: Option<Timestamp>, log: LogDigest) -> StepResult {
    StepResult { step: step.no, verdict, code, started, ended: now(), log }
}
