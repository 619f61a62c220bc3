//! A pipeline and a commit -> the jobs that run.

mod names;

use crate::condition::Asked;
use crate::lock::Lock;
use crate::pipeline::{Concurrency, Job, Need, Pipeline, Service, Stage, Step, apart};
use crate::{Context, Files, Outcome, input};
use sidings_proto::{JobSpec, Plan, PlannedJob, RunsOn, Scheduling, StepNo, Trigger, plan};
use std::collections::{BTreeMap, BTreeSet};

/// Marks in a commit's message, in any case, that make no run.
const SKIP_MARKS: [&str; 2] = ["[skip ci]", "[ci skip]"];

/// Why the commit's message says that there is to be no run. Somebody who asks for a run gets it all the same.
pub fn skipped_by_message(context: &Context) -> Option<String> {
    match context.trigger {
        Trigger::Push | Trigger::PullRequest => {}
        Trigger::Tag | Trigger::Manual | Trigger::Schedule | Trigger::Api => return None,
    }
    let message = context.commit.message.to_lowercase();
    let mark = SKIP_MARKS.into_iter().find(|mark| message.contains(mark))?;
    Some(format!("the commit's message says {mark}"))
}

/// A pipeline without errors, for one commit.
pub(crate) fn plan(pipeline: &Pipeline, context: &Context, files: &dyn Files, lock: Lock) -> Outcome {
    let inputs = match input::values(&pipeline.inputs, context) {
        Ok(inputs) => inputs,
        Err(reason) => return Outcome::Refused { reason },
    };
    let asked = &Asked::about(context, files, inputs);
    match pipeline.when.as_ref().and_then(|when| when.why_not(asked)) {
        Some(why) => Outcome::NoRun { reason: format!("the pipeline's condition is false ({why})") },
        None => Outcome::Plan(Plan { locked: lock.digests, ..jobs(pipeline, asked) }),
    }
}

/// The jobs that one entry of the file makes for a commit; those that `exclude` takes out are not among them.
fn present<'p>(entry: &'p [Job], asked: &Asked<'_>) -> Vec<&'p Job> {
    let excluded = |job: &Job| job.unless.iter().any(|when| when.why_not(asked).is_none());
    entry.iter().filter(|job| !excluded(job)).collect()
}

fn jobs(pipeline: &Pipeline, asked: &Asked<'_>) -> Plan {
    let entries: Vec<&[Job]> = pipeline.jobs.chunk_by(|one, next| one.name.text == next.name.text).collect();
    let mut labels = Labels::new();
    for entry in &entries {
        let label = present(entry, asked).into_iter().map(|job| job.label.as_str()).collect();
        labels.insert(&entry[0].name.text, label);
    }
    let planned = |entry: &&[Job]| -> Vec<PlannedJob> {
        let jobs = present(entry, asked);
        if jobs.is_empty() {
            return vec![all_excluded(&entry[0], &labels)];
        }
        jobs.into_iter().map(|job| planned(job, asked, &labels)).collect()
    };
    Plan {
        jobs: with_inputs(entries.iter().flat_map(planned).collect()),
        timeout_ms: pipeline.timeout_ms,
        fail_fast: pipeline.fail_fast,
        inputs: asked.inputs.clone(),
        concurrency: pipeline.concurrency.as_ref().map(|said| group(said, asked.context, "")),
        ..Plan::default()
    }
}

/// A job is given what the jobs it needs may have kept.
fn with_inputs(mut jobs: Vec<PlannedJob>) -> Vec<PlannedJob> {
    let keep = |job: &&PlannedJob| !job.spec.artifacts.is_empty();
    let keepers: BTreeSet<String> = jobs.iter().filter(keep).map(|job| job.name.clone()).collect();
    for job in &mut jobs {
        job.spec.inputs = job.needs.iter().filter(|need| keepers.contains(*need)).cloned().collect();
    }
    jobs
}

/// One job stays to be seen, under the entry's name.
fn all_excluded(job: &Job, labels: &Labels<'_>) -> PlannedJob {
    PlannedJob {
        name: job.name.text.clone(),
        needs: needs(job, labels),
        skip: Some("every combination of its matrix is excluded".to_owned()),
        allow_failure: job.allow_failure,
        ..PlannedJob::default()
    }
}

/// What the jobs of each entry are called.
type Labels<'p> = BTreeMap<&'p str, Vec<&'p str>>;

fn planned(job: &Job, asked: &Asked<'_>, labels: &Labels<'_>) -> PlannedJob {
    let stages = stages(job, asked);
    let runs_on = job.when.as_ref().map_or(Ok(RunsOn::Success), |when| when.runs_on(asked));
    let cleans_up_only = stages.iter().flat_map(|stage| &stage.steps).all(|step| step.runs_on == RunsOn::Failure);
    let skip = match &runs_on {
        Err(why) => Some(format!("its condition is false ({why})")),
        Ok(_) if stages.is_empty() => Some("the condition of each of its steps is false".to_owned()),
        Ok(_) if cleans_up_only => Some("only steps that clean up after others are left of it".to_owned()),
        Ok(_) => None,
    };
    PlannedJob {
        name: job.label.clone(),
        needs: needs(job, labels),
        skip,
        allow_failure: job.allow_failure,
        scheduling: Scheduling {
            concurrency: job.concurrency.as_ref().map(|said| group(said, asked.context, &job.label)),
            ..job.scheduling.clone()
        },
        spec: JobSpec {
            stages,
            timeout_ms: job.timeout_ms,
            node: job.node,
            services: services(job),
            reports: job.reports.clone(),
            tests: job.tests.clone(),
            artifacts: job.artifacts.clone(),
            caches: job.caches.clone(),
            ..JobSpec::default()
        },
        runs_on: runs_on.unwrap_or_default(),
        group: (job.label != job.name.text).then(|| job.name.text.clone()),
    }
}

/// All jobs of each entry that is needed; an optional one may not be there.
fn needs(job: &Job, labels: &Labels<'_>) -> Vec<String> {
    let of = |need: &Need| match labels.get(need.job.text.as_str()) {
        Some(jobs) if jobs.is_empty() => vec![need.job.text.clone()],
        Some(jobs) => jobs.iter().map(|&label| label.to_owned()).collect(),
        None => Vec::new(),
    };
    job.needs.iter().flat_map(of).collect()
}

fn group(said: &Concurrency, context: &Context, job: &str) -> sidings_proto::Concurrency {
    let Concurrency { group, limit, cancel } = said;
    sidings_proto::Concurrency { group: group.of(context, job), limit: *limit, cancel: *cancel }
}

fn services(job: &Job) -> Vec<sidings_proto::Service> {
    let numbers = (StepNo::FIRST_SERVICE.0..).map(StepNo);
    let numbered = job.services.iter().zip(numbers).map(|(service, no)| planned_service(service, no));
    numbered.collect()
}

fn planned_service(service: &Service, no: StepNo) -> sidings_proto::Service {
    let (environment, secrets) = apart(&service.environment);
    sidings_proto::Service {
        no,
        name: service.name.text.clone(),
        image: service.image.as_ref().clone(),
        entrypoint: service.entrypoint.clone(),
        command: service.command.clone(),
        environment,
        secrets,
        healthcheck: service.healthcheck.clone(),
    }
}

/// Steps whose condition is false are left out; those that stay are numbered through.
fn stages(job: &Job, asked: &Asked<'_>) -> Vec<plan::Stage> {
    let mut names = names::of_steps(job).into_iter();
    let mut numbers = 1..;
    let mut stages = Vec::new();
    for Stage { parallel, name: group, merge, steps } in &job.stages {
        let mut kept = Vec::new();
        for (step, name) in steps.iter().zip(names.by_ref()) {
            let runs_on = step.when.as_ref().map_or(Ok(RunsOn::Success), |when| when.runs_on(asked));
            if let Ok(runs_on) = runs_on {
                kept.extend(numbers.next().map(|no| plan::Step { runs_on, ..planned_step(step, name, StepNo(no)) }));
            }
        }
        if !kept.is_empty() {
            stages.push(plan::Stage { parallel: *parallel, name: group.clone(), merge: *merge, steps: kept });
        }
    }
    stages
}

fn planned_step(step: &Step, name: String, no: StepNo) -> plan::Step {
    let (environment, secrets) = apart(&step.environment);
    plan::Step {
        no,
        name,
        image: step.image.as_ref().clone(),
        command: step.command.clone(),
        environment,
        secrets,
        working_directory: step.working_directory.clone(),
        shell: step.shell.as_ref().clone(),
        timeout_ms: step.timeout_ms,
        allow_failure: step.allow_failure,
        resources: step.resources,
        ..plan::Step::default()
    }
}
