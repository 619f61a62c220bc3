//! A plan and a choice -> the part of the plan that was chosen.
//!
//! What was not chosen stays to be seen as skipped jobs, and counts as success for `needs`. It refuses names that the
//! plan does not have.

use crate::suggest::{did_you_mean, nearest, one_of, quoted};
use sidings_proto::choice::TIMES_MAX;
use sidings_proto::plan::Stage;
use sidings_proto::split::{Mode, Preset};
use sidings_proto::{Choice, Plan, PlannedJob, Step, StepChoice, TestChoice};
use std::collections::BTreeSet;

const NOT_CHOSEN: &str = "it was not chosen";

/// Leaves out of a plan what was not chosen.
///
/// # Errors
/// A sentence that says which name of the choice the plan does not have.
pub fn choose(plan: &mut Plan, choice: &Choice) -> Result<(), String> {
    if choice.is_all() {
        return Ok(());
    }
    let named = named(plan, choice)?;
    if let Some(tests) = &choice.tests {
        choose_tests(plan, &named, tests)?;
    }
    let mut kept = named.clone();
    if !choice.alone {
        with_needs(plan, &mut kept);
    }
    for job in plan.jobs.iter_mut() {
        if !kept.contains(&job.name) {
            job.skip.get_or_insert_with(|| NOT_CHOSEN.to_owned());
        } else if let (Some(steps), true) = (&choice.steps, named.contains(&job.name)) {
            cut(&mut job.spec.stages, steps);
        }
    }
    Ok(())
}

/// Of those jobs that have tests.
fn choose_tests(plan: &mut Plan, named: &BTreeSet<String>, choice: &TestChoice) -> Result<(), String> {
    let suites: BTreeSet<String> = plan.jobs.iter().filter(|job| named.contains(&job.name)).filter_map(suite).collect();
    if choice.times > TIMES_MAX {
        return Err(format!("a test is run {TIMES_MAX} times at most, not {}", choice.times));
    }
    match suites.len() {
        0 => return Err("tests were chosen, but no job that was has `tests`".to_owned()),
        1 => {}
        _ => {
            let all = one_of(&suites.iter().map(String::as_str).collect::<Vec<_>>());
            return Err(format!("tests were chosen, and several jobs have `tests`: say which by --job: {all}"));
        }
    }
    let copies = if choice.together { 1 } else { choice.only.len().max(choice.sample as usize).max(1) };
    let mut tests = Vec::new();
    let of_named = plan.jobs.iter_mut().filter(|job| named.contains(&job.name) && job.spec.tests.is_some());
    for (place, job) in of_named.enumerate() {
        if place >= copies {
            job.skip.get_or_insert_with(|| "other copies are enough for the tests that were chosen".to_owned());
        }
        tests.extend(job.spec.tests.as_mut());
    }
    for tests in &mut tests {
        if choice.times > 1 && tests.mode == Mode::Stream && tests.preset == Preset::Lines {
            return Err("a `run` that is a stream cannot be given a batch several times".to_owned());
        }
        tests.chosen = Some(choice.clone());
        // A stream would have to be told of a test twice.
        tests.mode = if choice.times > 1 { Mode::Batch } else { tests.mode };
        if choice.times > 1 {
            // A failure is what is looked for.
            tests.max_flaky_retries = 0;
        }
    }
    Ok(())
}

fn suite(job: &PlannedJob) -> Option<String> {
    job.spec.tests.as_ref().map(|tests| tests.suite.clone())
}

/// The jobs that the choice is about, without those they need.
fn named(plan: &Plan, choice: &Choice) -> Result<BTreeSet<String>, String> {
    for name in &choice.jobs {
        if !plan.jobs.iter().any(|job| goes_by(job, name)) {
            let all = plan.jobs.iter().flat_map(|job| [Some(&job.name), job.group.as_ref()]);
            return Err(format!("there is no job {}{}", quoted(name), meant(name, all.flatten())));
        }
    }
    let of_any = |job: &PlannedJob| choice.tests.is_none() || job.spec.tests.is_some();
    let chosen = |job: &&PlannedJob| match choice.jobs.is_empty() {
        true => of_any(job),
        false => choice.jobs.iter().any(|name| goes_by(job, name)),
    };
    let of_jobs: Vec<&PlannedJob> = plan.jobs.iter().filter(chosen).collect();
    let Some(StepChoice::Only(step) | StepChoice::From(step)) = &choice.steps else {
        return Ok(of_jobs.into_iter().map(|job| job.name.clone()).collect());
    };
    let with_step: Vec<&&PlannedJob> =
        of_jobs.iter().filter(|job| job.spec.steps().any(|found| is(found, step))).collect();
    if with_step.is_empty() {
        let all = of_jobs.iter().flat_map(|job| job.spec.steps()).map(|step| &step.name);
        return Err(format!("there is no step {}{}", quoted(step), meant(step, all)));
    }
    Ok(with_step.into_iter().map(|job| job.name.clone()).collect())
}

/// `: did you mean …`, or what there is.
fn meant<'n>(written: &str, all: impl Iterator<Item = &'n String>) -> String {
    let all: BTreeSet<&str> = all.map(String::as_str).collect();
    match nearest(written, all.iter().copied()) {
        Some(name) => format!(": {}", did_you_mean(name)),
        None if all.len() <= 20 && !all.is_empty() => {
            format!(": expected {}", one_of(&all.into_iter().collect::<Vec<_>>()))
        }
        None => String::new(),
    }
}

fn goes_by(job: &PlannedJob, name: &str) -> bool {
    job.name == name || job.group.as_deref() == Some(name)
}

fn is(step: &Step, name: &str) -> bool {
    step.name == name || step.no.to_string() == name
}

fn with_needs(plan: &Plan, kept: &mut BTreeSet<String>) {
    let mut open: Vec<String> = kept.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let needs = plan.jobs.iter().filter(|job| job.name == name).flat_map(|job| &job.needs);
        for need in needs {
            if kept.insert(need.clone()) {
                open.push(need.clone());
            }
        }
    }
}

fn cut(stages: &mut Vec<Stage>, steps: &StepChoice) {
    match steps {
        StepChoice::Only(name) => {
            for stage in stages.iter_mut() {
                stage.steps.retain(|step| is(step, name));
            }
            stages.retain(|stage| !stage.steps.is_empty());
        }
        StepChoice::From(name) => {
            let from = stages.iter().position(|stage| stage.steps.iter().any(|step| is(step, name)));
            stages.drain(..from.unwrap_or(0));
        }
    }
}
