//! What people see of a run, put together from what is stored of it. Pure.

use super::stored::{AttemptEnd, StoredAttempt, StoredJob, StoredRun, StoredSummary};
use crate::core::event::{RunContent, StoredState};
use sidings_proto::api::{
    ArtifactsView, AttemptView, JobView, RunSummary, RunView, ServiceView, State, StepView, WaitView,
};
use sidings_proto::runner::{ImageUse, Phase, Progress, StepResult};
use sidings_proto::{JobId, PlannedJob, RunId, RunnerId, Service, Stage, Step, StepNo, Timestamp};
use std::collections::BTreeMap;

/// What a view needs besides the run itself.
pub(crate) trait Names {
    /// What people call a runner.
    fn runner(&self, id: RunnerId) -> String;
    /// A run's address for people.
    fn run_url(&self, id: RunId) -> String;
}

/// A run, whole. What its jobs wait for comes from the core, at the same moment or a little later.
pub(crate) fn run_view(run: &StoredRun, waits: Vec<Option<WaitView>>, names: &dyn Names) -> RunView {
    let mut view = run_at_rest(run, names);
    for (job, wait) in view.jobs.iter_mut().zip(waits) {
        job.wait = wait.filter(|_| matches!(job.state, State::Waiting | State::Queued));
    }
    view
}

fn run_at_rest(run: &StoredRun, names: &dyn Names) -> RunView {
    let (jobs, diagnostics) = match &run.spec.content {
        RunContent::Plan { plan, job_ids } => {
            let told = plan.jobs.iter().zip(job_ids).zip(&run.jobs);
            (told.map(|((planned, id), job)| job_view(*id, planned, job, names)).collect(), None)
        }
        RunContent::Invalid { diagnostics } => (Vec::new(), Some(diagnostics.clone())),
    };
    RunView {
        summary: summary(run.summary()),
        url: names.run_url(run.spec.id),
        retry_of: run.spec.retry_of,
        diagnostics,
        stopped: run.stopping.clone(),
        jobs,
        splits: Vec::new(),
        digests: BTreeMap::new(),
    }
}

/// A run in a list.
pub(crate) fn summary(run: StoredSummary) -> RunSummary {
    RunSummary {
        state: run.state(),
        id: run.id,
        project: run.project,
        number: run.number,
        pipeline: run.pipeline,
        trigger: run.trigger,
        commit: run.commit,
        verdict: run.ended.as_ref().map(|(_, verdict)| verdict.clone()),
        created: run.accepted,
        started: run.started,
        ended: run.ended.map(|(at, _)| at),
    }
}

fn job_view(id: JobId, planned: &PlannedJob, job: &StoredJob, names: &dyn Names) -> JobView {
    JobView {
        id,
        name: planned.name.clone(),
        group: planned.group.clone(),
        needs: planned.needs.clone(),
        allow_failure: planned.allow_failure,
        state: job_state(job),
        wait: None,
        approved: job.approved.clone(),
        stopped: job.stopping.clone(),
        phase: job.out().and_then(phase),
        verdict: job.outcome.as_ref().map(|(_, verdict)| verdict.clone()),
        attempts: job.attempts.iter().map(|attempt| attempt_view(attempt, names)).collect(),
        steps: step_views(planned, job),
        services: service_views(planned, job),
        tests: None,
        suite: planned.spec.tests.as_ref().map(|tests| tests.suite.clone()),
    }
}

fn job_state(job: &StoredJob) -> State {
    match job.state() {
        StoredState::Waiting => State::Waiting,
        StoredState::Queued { .. } => State::Queued,
        StoredState::Leased { .. } => State::Running,
        StoredState::Ended(_) => State::Ended,
    }
}

fn phase(attempt: &StoredAttempt) -> Option<Phase> {
    attempt.progress.values().find_map(|event| match event {
        Progress::Phase { phase, .. } => Some(*phase),
        Progress::ImageReady(_)
        | Progress::StepStarted { .. }
        | Progress::StepEnded(_)
        | Progress::ServiceReady { .. } => None,
    })
}

fn attempt_view(attempt: &StoredAttempt, names: &dyn Names) -> AttemptView {
    AttemptView {
        fence: attempt.fence,
        runner: attempt.runner,
        runner_name: names.runner(attempt.runner),
        started: attempt.started,
        ended: attempt.ended.as_ref().map(|end| end.at),
        verdict: attempt.ended.as_ref().map(|end| end.verdict.clone()),
        images: images(attempt),
        artifacts: artifacts(attempt),
    }
}

fn artifacts(attempt: &StoredAttempt) -> Option<ArtifactsView> {
    Some(ArtifactsView {
        entries: attempt.artifacts.iter().map(|kept| kept.entries).sum(),
        bytes: attempt.artifacts.iter().map(|kept| kept.bytes).sum(),
        expires: attempt.artifacts.iter().map(|kept| kept.expires).min()?,
    })
}

fn images(attempt: &StoredAttempt) -> Vec<ImageUse> {
    if let Some(end) = attempt.ended.as_ref().filter(|end| !end.images.is_empty()) {
        return end.images.clone();
    }
    let ready = attempt.progress.values().filter_map(|event| match event {
        Progress::ImageReady(image) => Some(image.clone()),
        Progress::Phase { .. }
        | Progress::StepStarted { .. }
        | Progress::StepEnded(_)
        | Progress::ServiceReady { .. } => None,
    });
    ready.collect()
}

/// The steps of the newest attempt, or what they will be.
fn step_views(planned: &PlannedJob, job: &StoredJob) -> Vec<StepView> {
    let told = job.attempts.last().map(Told::of).unwrap_or_default();
    let over = job.out().is_none() && !job.attempts.is_empty();
    let stages = (0u32..).zip(&planned.spec.stages);
    let steps = stages.flat_map(|(no, stage)| stage.steps.iter().map(move |step| (no, stage, step)));
    steps.map(|(no, stage, step)| step_view((no, stage), step, &told, over)).collect()
}

/// The services of the newest attempt, or what they will be.
fn service_views(planned: &PlannedJob, job: &StoredJob) -> Vec<ServiceView> {
    let told = job.attempts.last().map(Told::of).unwrap_or_default();
    let over = job.out().is_none() && !job.attempts.is_empty();
    planned.spec.services.iter().map(|service| service_view(service, &told, over)).collect()
}

fn service_view(service: &Service, told: &Told, over: bool) -> ServiceView {
    let (result, started, state) = told.about(service.no, over);
    ServiceView {
        no: service.no,
        name: service.name.clone(),
        state,
        verdict: result.map(|result| result.verdict.clone()),
        code: result.and_then(|result| result.code),
        started,
        ready: told.ready.get(&service.no.0).copied(),
        ended: result.map(|result| result.ended),
        log: result.map(|result| result.log.clone()),
    }
}

fn step_view((number, stage): (u32, &Stage), step: &Step, told: &Told, over: bool) -> StepView {
    let (result, started, state) = told.about(step.no, over);
    StepView {
        no: step.no,
        name: step.name.clone(),
        stage: number,
        group: stage.name.clone(),
        state,
        verdict: result.map(|result| result.verdict.clone()),
        allow_failure: step.allow_failure,
        code: result.and_then(|result| result.code),
        started,
        ended: result.map(|result| result.ended),
        log: result.map(|result| result.log.clone()),
    }
}

/// What an attempt told of its steps and services, by number.
#[derive(Default)]
struct Told {
    started: BTreeMap<u32, Timestamp>,
    ready: BTreeMap<u32, Timestamp>,
    ended: BTreeMap<u32, StepResult>,
}

impl Told {
    fn of(attempt: &StoredAttempt) -> Self {
        let mut told = Told::default();
        for event in attempt.progress.values() {
            match event {
                Progress::StepStarted { step, at } => drop(told.started.insert(step.0, *at)),
                Progress::StepEnded(result) => drop(told.ended.insert(result.step.0, result.clone())),
                Progress::ServiceReady { service, at } => drop(told.ready.insert(service.0, *at)),
                Progress::Phase { .. } | Progress::ImageReady(_) => {}
            }
        }
        let end = attempt.ended.iter().flat_map(|AttemptEnd { steps, .. }| steps);
        told.ended.extend(end.map(|result| (result.step.0, result.clone())));
        told
    }

    /// How it ended, when it started, and where it is in its life. `over`: its attempt is.
    fn about(&self, no: StepNo, over: bool) -> (Option<&StepResult>, Option<Timestamp>, State) {
        let result = self.ended.get(&no.0);
        let started = result.and_then(|result| result.started).or_else(|| self.started.get(&no.0).copied());
        let state = match (result, started) {
            (Some(_), _) => State::Ended,
            // The attempt is over and said nothing of how this one ended: its runner was lost.
            (None, Some(_)) if over => State::Ended,
            (None, Some(_)) => State::Running,
            (None, None) => State::Waiting,
        };
        (result, started, state)
    }
}
