//! Tells a story to a fresh core and compares the dialogue.

use super::dialogue::{heard, id, said, time};
use crate::core::event::{ActiveJob, ActiveRun, Ask, Event, RunContent, RunSpec, StoredState};
use crate::core::{Core, Policy};
use expect_test::Expect;
use sidings_proto::runner::{Finish, Hello, LeaseRequest, LogDigest, Phase, Progress, StepResult};
use sidings_proto::split::Tests;
use sidings_proto::{
    AttemptId, Choice, Command, Commit, Environment, Failure, FailureClass, JobId, JobSpec, LifeId, LowDisk, Node,
    Plan, PlannedJob, RequestId, Resources, RunId, RunnerId, Source, Stage, Step, StepNo, Timestamp, Trigger, Verdict,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// Something that happens; its ask is the number of its line.
pub(super) enum Line {
    Event(Box<dyn FnOnce(Ask) -> Event>),
    /// The controller starts anew with what its store says.
    Restart(Vec<ActiveRun>),
}

/// Tells the story and compares the dialogue.
pub(super) fn check(story: impl IntoIterator<Item = (i64, Line)>, expect: Expect) {
    let (dialogue, _) = tell(story);
    expect.assert_eq(&dialogue);
}

/// Tells the story; the dialogue, and the core as it is at the end.
pub(super) fn tell(story: impl IntoIterator<Item = (i64, Line)>) -> (String, Core) {
    tell_to(Core::new(Policy::default()), story)
}

/// The same to a core that knows something already.
pub(super) fn tell_to(mut core: Core, story: impl IntoIterator<Item = (i64, Line)>) -> (String, Core) {
    let mut text = String::new();
    for ((second, line), number) in story.into_iter().zip(1..) {
        let now = at(second);
        let actions = match line {
            Line::Event(make) => {
                let event = make(Ask(number));
                writeln!(text, "{second}s #{number} {}", heard(&event)).unwrap();
                core.handle(now, event)
            }
            Line::Restart(runs) => {
                writeln!(text, "{second}s the controller starts anew").unwrap();
                core = Core::new(Policy::default());
                core.restore(now, runs)
            }
        };
        actions.iter().filter_map(said).for_each(|said| writeln!(text, "    {said}").unwrap());
    }
    if let Some(wakeup) = core.next_wakeup() {
        writeln!(text, "next wake-up {}", time(wakeup)).unwrap();
    }
    (text, core)
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp(second * 1000)
}

fn event(make: impl FnOnce(Ask) -> Event + 'static) -> Line {
    Line::Event(Box::new(make))
}

pub(super) fn submit<const N: usize>(run: &str, jobs: [PlannedJob; N]) -> Line {
    submit_to("shop", run, jobs)
}

pub(super) fn submit_to<const N: usize>(project: &str, run: &str, jobs: [PlannedJob; N]) -> Line {
    submitted(run_spec(project, run, jobs.into()))
}

pub(super) fn submit_invalid(run: &str) -> Line {
    let mut spec = Arc::unwrap_or_clone(run_spec("shop", run, Vec::new()));
    spec.content = RunContent::Invalid { diagnostics: "line 3: unknown key".to_owned() };
    submitted(Arc::new(spec))
}

pub(super) fn submitted(run: Arc<RunSpec>) -> Line {
    event(|ask| Event::Submitted { ask, run })
}

/// A life is named after its runner: `ann.1`.
pub(super) fn up(life: &str) -> Line {
    up_with(life, [], Resources::default())
}

pub(super) fn up_with<const N: usize>(life: &str, labels: [(&str, &str); N], resources: Resources) -> Line {
    let (runner, name) = (runner_of(life), life.split('.').next().unwrap_or_default().to_owned());
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let hello = Hello { life: LifeId(id(life)), version: "0.1.0".to_owned(), slots: 2, labels, resources };
    event(move |ask| Event::RunnerUp { ask, runner, name, hello })
}

pub(super) fn ask(life: &str, request: &str, slots: u32) -> Line {
    let runner = runner_of(life);
    let request = LeaseRequest { life: LifeId(id(life)), request: RequestId(id(request)), slots };
    event(move |ask| Event::LeaseAsked { ask, runner, request })
}

pub(super) fn hang_up(life: &str, request: &str, ask: u64) -> Line {
    let (runner, request) = (runner_of(life), RequestId(id(request)));
    event(move |_| Event::LeaseDropped { runner, request, ask: Ask(ask) })
}

pub(super) fn beat<const N: usize>(life: &str, attempts: [&str; N]) -> Line {
    beats(life, attempts.map(attempt).to_vec(), false)
}

pub(super) fn draining_beat<const N: usize>(life: &str, attempts: [&str; N]) -> Line {
    beats(life, attempts.map(attempt).to_vec(), true)
}

/// A beat of a runner that holds nothing and has so many gigabytes free of so many.
pub(super) fn low_beat(life: &str, free: u64, least: u64) -> Line {
    let (runner, life) = (runner_of(life), LifeId(id(life)));
    let low_disk = Some(LowDisk { free: free * 1_000_000_000, least: least * 1_000_000_000 });
    event(move |ask| Event::Beat { ask, runner, life, attempts: Vec::new(), draining: false, low_disk, machine: None })
}

/// Somebody takes the runners of a name out.
pub(super) fn drain(name: &str, by: &str) -> Line {
    let (name, by) = (name.to_owned(), by.to_owned());
    event(move |ask| Event::DrainAsked { ask, name, by })
}

/// They are let in again.
pub(super) fn resume(name: &str) -> Line {
    let name = name.to_owned();
    event(move |ask| Event::ResumeAsked { ask, name })
}

fn beats(life: &str, attempts: Vec<AttemptId>, draining: bool) -> Line {
    let (runner, life) = (runner_of(life), LifeId(id(life)));
    event(move |ask| Event::Beat { ask, runner, life, attempts, draining, low_disk: None, machine: None })
}

pub(super) fn says(name: &str) -> Line {
    let attempt = attempt(name);
    event(move |ask| {
        let events = vec![Progress::Phase { phase: Phase::Source, at: at(0) }];
        Event::Progressed { ask, attempt, events }
    })
}

pub(super) fn finish(name: &str, finish: Finish) -> Line {
    let attempt = attempt(name);
    event(move |ask| Event::Finished { ask, attempt, finish: Box::new(finish) })
}

/// It passed, and gave its runner back before the tests were at an end.
pub(super) fn give_back(name: &str) -> Line {
    let attempt = attempt(name);
    event(move |ask| Event::GaveBack { ask, attempt, finish: Box::new(passed()) })
}

pub(super) fn retire(life: &str) -> Line {
    let (runner, life) = (runner_of(life), LifeId(id(life)));
    event(move |ask| Event::RunnerRetired { ask, runner, life })
}

pub(super) fn revoke(runner: &str) -> Line {
    let runner = RunnerId(id(runner));
    event(move |_| Event::RunnerRevoked { runner })
}

pub(super) fn cancel(run: &str) -> Line {
    let run = RunId(id(run));
    event(move |ask| Event::CancelAsked { ask, run })
}

pub(super) fn approve(job: &str, by: &str) -> Line {
    let (job, by) = (JobId(id(job)), by.to_owned());
    event(move |ask| Event::Approved { ask, job, by })
}

pub(super) fn tick() -> Line {
    event(|_| Event::Tick)
}

pub(super) fn restart<const N: usize>(runs: [ActiveRun; N]) -> Line {
    Line::Restart(runs.into())
}

/// A run as the store knows it: each job with where it is.
pub(super) fn stored<const N: usize>(run: &str, jobs: [(PlannedJob, u64, StoredState); N]) -> ActiveRun {
    let (planned, states): (Vec<_>, Vec<_>) = jobs.into_iter().map(|(job, fence, state)| (job, (fence, state))).unzip();
    let active = states
        .into_iter()
        .map(|(fence, state)| ActiveJob {
            fence,
            infrastructure_failures: 0,
            own_failures: 0,
            stopping: None,
            approved: false,
            state,
        })
        .collect();
    ActiveRun { run: run_spec("shop", run, planned), accepted: at(0), began: None, stopping: None, jobs: active }
}

pub(super) fn leased_to(life: &str, request: &str) -> StoredState {
    let (runner, life, request) = (runner_of(life), LifeId(id(life)), RequestId(id(request)));
    StoredState::Leased { runner, life, request, started: at(0) }
}

/// A job of one step.
pub(super) fn job(name: &str) -> PlannedJob {
    let spec = JobSpec { stages: vec![stage(1, false)], timeout_ms: 60_000, ..JobSpec::default() };
    PlannedJob { name: name.to_owned(), spec, ..PlannedJob::default() }
}

/// A copy of a job whose tests are split.
pub(super) fn copy(name: &str, index: u32, total: u32) -> PlannedJob {
    let job = job(name);
    let tests = Some(Tests { suite: "unit".to_owned(), ..Tests::default() });
    PlannedJob { spec: JobSpec { node: Node { index, total }, tests, ..job.spec }, ..job }
}

pub(super) fn needing<const N: usize>(name: &str, needs: [&str; N]) -> PlannedJob {
    PlannedJob { needs: needs.map(str::to_owned).to_vec(), ..job(name) }
}

pub(super) fn stage(no: u32, allow_failure: bool) -> Stage {
    let step = Step {
        no: StepNo(no),
        name: format!("step {no}"),
        image: Environment::Image { reference: "base:1".to_owned() },
        command: Command::Run { script: "true".to_owned() },
        allow_failure,
        ..Step::default()
    };
    Stage { steps: vec![step], ..Stage::default() }
}

pub(super) fn passed() -> Finish {
    finished(Verdict::Passed, vec![step(1, Verdict::Passed, Some(0))])
}

pub(super) fn failed(class: FailureClass, message: &str) -> Finish {
    let verdict = Verdict::Failed(Failure { class, message: message.to_owned() });
    finished(verdict.clone(), vec![step(1, verdict, Some(1))])
}

pub(super) fn finished(verdict: Verdict, steps: Vec<StepResult>) -> Finish {
    Finish { verdict, steps, setup_log: LogDigest::default(), images: Vec::new(), kept: Default::default() }
}

pub(super) fn step(no: u32, verdict: Verdict, code: Option<i32>) -> StepResult {
    StepResult { step: StepNo(no), verdict, code, started: Some(at(0)), ended: at(0), log: LogDigest::default() }
}

pub(super) fn run_spec(project: &str, run: &str, jobs: Vec<PlannedJob>) -> Arc<RunSpec> {
    let job_ids = jobs.iter().map(|job| JobId(id(&job.name))).collect();
    Arc::new(RunSpec {
        id: RunId(id(run)),
        project: project.to_owned(),
        number: 1,
        trigger: Trigger::Push,
        commit: Commit::default(),
        source: Source::Git { url: "https://forge.example/shop".to_owned(), commit: "0".repeat(40) },
        repo_url: String::new(),
        default_branch: "main".to_owned(),
        retry_of: None,
        inputs: BTreeMap::new(),
        choice: Choice::default(),
        content: RunContent::Plan { plan: Plan { jobs, ..Plan::default() }, job_ids },
    })
}

/// Why a job of a run waits: `turn: 2 jobs ahead`.
pub(super) fn wait_of(core: &Core, now: Timestamp, run: &str, index: usize) -> String {
    match core.waits(now, RunId(id(run))).swap_remove(index) {
        Some(wait) => format!("{:?}: {}", wait.kind, wait.message).to_lowercase(),
        None => "it does not wait".to_owned(),
    }
}

/// `build/1`.
pub(super) fn attempt(name: &str) -> AttemptId {
    let (job, fence) = name.split_once('/').unwrap();
    AttemptId { job: JobId(id(job)), fence: fence.parse().unwrap() }
}

fn runner_of(life: &str) -> RunnerId {
    RunnerId(id(life.split('.').next().unwrap_or_default()))
}
