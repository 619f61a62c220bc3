//! The runs of a simulated world: pipelines of a dozen jobs that need one another, and how each attempt goes.

use super::random::Random;
use crate::core::event::{RunContent, RunSpec};
use crate::core::tests::dialogue::id;
use sidings_proto::runner::{Finish, LogDigest, StepResult};
use sidings_proto::{
    Cancel, Choice, Command, Commit, Concurrency, Environment, Failure, FailureClass, JobId, JobSpec, Plan, PlannedJob,
    Resources, Retry, RunId, RunsOn, Scheduling, Source, Stage, Step, StepNo, Timestamp, Trigger, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The code in each step's exit record, in the plan's order; none where there is no record.
pub(super) type ExitRecords = Vec<Option<i32>>;

/// A run with one to twelve jobs.
pub(super) fn run(random: &mut Random, number: u64) -> Arc<RunSpec> {
    let count = random.between(1, 12);
    let jobs: Vec<_> = (0..count).map(|index| job(random, index)).collect();
    let job_ids = (0..count).map(|index| JobId(id(&format!("r{number}.j{index}")))).collect();
    Arc::new(RunSpec {
        id: RunId(id(&format!("r{number}"))),
        project: if random.chance(500) { "shop" } else { "web" }.to_owned(),
        number,
        trigger: Trigger::Push,
        commit: Commit::default(),
        source: Source::Git { url: "https://forge.example/shop".to_owned(), commit: "0".repeat(40) },
        repo_url: String::new(),
        default_branch: "main".to_owned(),
        retry_of: None,
        inputs: BTreeMap::new(),
        choice: Choice::default(),
        content: RunContent::Plan {
            plan: Plan {
                jobs,
                timeout_ms: random.chance(100).then(|| random.between(1_000, 120_000)),
                fail_fast: random.chance(200),
                inputs: BTreeMap::new(),
                concurrency: group(random, 400),
                locked: BTreeMap::new(),
                flaw_limits: Vec::new(),
            },
            job_ids,
        },
    })
}

fn job(random: &mut Random, index: u64) -> PlannedJob {
    let needs: Vec<String> = (0..index).filter(|_| random.chance(250)).map(|need| format!("j{need}")).collect();
    let runs_on = match random.between(0, 9) {
        0 => RunsOn::Always,
        1 => RunsOn::Failure,
        _ => RunsOn::Success,
    };
    let stages = (1..=random.between(1, 3)).map(|no| stage(random, no)).collect();
    PlannedJob {
        name: format!("j{index}"),
        needs,
        skip: random.chance(60).then(|| "its condition is false".to_owned()),
        allow_failure: random.chance(150),
        spec: JobSpec { stages, timeout_ms: 600_000, ..JobSpec::default() },
        runs_on,
        scheduling: scheduling(random),
        ..PlannedJob::default()
    }
}

/// Only the first runner of a world has it, and the most room, so that no job waits for ever.
pub(super) fn labels_of(runner: usize) -> BTreeMap<String, String> {
    let labels = [("os", "linux"), ("gpu", "true")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    labels.into_iter().take(if runner == 0 { 2 } else { 1 }).collect()
}

pub(super) fn resources_of(runner: usize) -> Resources {
    let milli_cpus = Some(if runner == 0 { 4000 } else { 2000 });
    Resources { milli_cpus, ..Resources::default() }
}

/// One of two groups, of which each always has the same limit.
fn group(random: &mut Random, chance: u64) -> Option<Concurrency> {
    let limit = u32::try_from(random.between(1, 2)).unwrap();
    let cancel = [Cancel::None, Cancel::Queued, Cancel::Running][usize::try_from(random.between(0, 2)).unwrap()];
    random.chance(chance).then(|| Concurrency { group: format!("by {limit}"), limit, cancel })
}

fn scheduling(random: &mut Random) -> Scheduling {
    let labels = if random.chance(150) { labels_of(0) } else { BTreeMap::new() };
    let max = u32::try_from(random.between(0, 2)).unwrap();
    let on = if max > 0 { [FailureClass::StepFailed].into() } else { BTreeSet::new() };
    let priority = i32::try_from(random.between(0, 4)).unwrap() - 2;
    Scheduling { labels, retry: Retry { max, on }, priority, concurrency: group(random, 150), approval: None }
}

fn stage(random: &mut Random, no: u64) -> Stage {
    let step = Step {
        no: StepNo(u32::try_from(no).unwrap()),
        name: format!("step {no}"),
        image: Environment::Image { reference: "base:1".to_owned() },
        command: Command::Image,
        allow_failure: random.chance(200),
        resources: Resources { milli_cpus: random.chance(300).then_some(1500), ..Resources::default() },
        ..Step::default()
    };
    Stage { steps: vec![step], ..Stage::default() }
}

/// Carries the steps out: what their exit records say, and what the runner makes of it. Now and then the engine fails,
/// a record is missing, or the runner claims more than it has.
pub(super) fn carry_out(random: &mut Random, spec: &JobSpec, now: Timestamp) -> (Finish, ExitRecords) {
    let mut records = ExitRecords::new();
    let mut verdict = Verdict::Passed;
    for step in spec.steps() {
        let record = exit_record(random);
        records.push(if verdict == Verdict::Passed { record } else { None });
        if verdict == Verdict::Passed {
            verdict = after_step(step, record);
        }
    }
    let lies = random.chance(300) && records.contains(&None);
    let claimed = if lies { Verdict::Passed } else { verdict };
    let steps = spec.steps().zip(&records).map(|(step, record)| step_result(step, *record, now)).collect();
    (
        Finish {
            verdict: claimed,
            steps,
            setup_log: LogDigest::default(),
            images: Vec::new(),
            kept: Default::default(),
        },
        records,
    )
}

/// What a runner reports that stopped the job because it was told to.
pub(super) fn stopped() -> Finish {
    Finish {
        verdict: Verdict::Cancelled,
        steps: Vec::new(),
        setup_log: LogDigest::default(),
        images: Vec::new(),
        kept: Default::default(),
    }
}

fn exit_record(random: &mut Random) -> Option<i32> {
    match random.between(0, 99) {
        0..=78 => Some(0),
        79..=92 => Some(1),
        _ => None,
    }
}

fn after_step(step: &Step, record: Option<i32>) -> Verdict {
    match record {
        Some(0) => Verdict::Passed,
        Some(_) if step.allow_failure => Verdict::Passed,
        Some(_) => failed(FailureClass::StepFailed),
        None => failed(FailureClass::EngineFailed),
    }
}

fn step_result(step: &Step, record: Option<i32>, now: Timestamp) -> StepResult {
    let verdict = match record {
        Some(0) => Verdict::Passed,
        Some(_) => failed(FailureClass::StepFailed),
        None => failed(FailureClass::EngineFailed),
    };
    StepResult { step: step.no, verdict, code: record, started: Some(now), ended: now, log: LogDigest::default() }
}

fn failed(class: FailureClass) -> Verdict {
    Verdict::Failed(Failure { class, message: "it broke".to_owned() })
}
