//! Parts of a pipeline that are chosen to run.

use crate::{on, plan};
use sidings_pipeline::choose;
use sidings_proto::{Choice, Plan, StepChoice, Trigger};

const TEXT: &str = "\
image: debian:12
jobs:
  lint: { steps: [run: lint] }
  build: { needs: lint, steps: [run: build] }
  test:
    needs: build
    matrix: { db: [a, b] }
    steps:
      - { name: prepare, run: prepare }
      - parallel: [{ name: unit, run: unit }, { name: api, run: api }]
      - { name: report, run: report }
  docs: { steps: [{ name: report, run: docs }] }
";

fn chosen(jobs: &[&str], alone: bool, steps: Option<StepChoice>) -> String {
    let mut plan = plan(TEXT, &on(Trigger::Manual, "refs/heads/main"));
    let choice =
        Choice { jobs: jobs.iter().map(|name| (*name).to_owned()).collect(), alone, steps, ..Choice::default() };
    match choose(&mut plan, &choice) {
        Ok(()) => told(&plan),
        Err(why) => why,
    }
}

/// `job: step step; …`, of the jobs that run.
fn told(plan: &Plan) -> String {
    let runs = plan.jobs.iter().filter(|job| job.skip.is_none());
    let told = runs.map(|job| {
        let steps: Vec<String> = job.spec.steps().map(|step| format!("{} {}", step.no, step.name)).collect();
        format!("{}: {}", job.name, steps.join(", "))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn only(name: &str) -> Option<StepChoice> {
    Some(StepChoice::Only(name.to_owned()))
}

fn from(name: &str) -> Option<StepChoice> {
    Some(StepChoice::From(name.to_owned()))
}

#[test]
fn a_job_runs_with_all_that_it_needs() {
    assert_eq!(chosen(&["build"], false, None), "lint: 1 lint; build: 1 build");
    assert_eq!(chosen(&["build", "docs"], true, None), "build: 1 build; docs: 1 report");
    let all = "lint: 1 lint; build: 1 build; test (b): 1 prepare, 2 unit, 3 api, 4 report";
    assert_eq!(chosen(&["test (b)"], false, None), all);
}

#[test]
fn steps_are_chosen_by_name_or_number_in_the_jobs_that_have_them() {
    assert_eq!(chosen(&["test"], true, only("api")), "test (a): 3 api; test (b): 3 api");
    assert_eq!(chosen(&["test (a)"], true, from("api")), "test (a): 2 unit, 3 api, 4 report");
    assert_eq!(chosen(&[], true, only("report")), "test (a): 4 report; test (b): 4 report; docs: 1 report");
    assert_eq!(chosen(&["test (a)"], false, only("4")), "lint: 1 lint; build: 1 build; test (a): 4 report");
}

#[test]
fn a_name_that_is_not_there_is_told() {
    assert_eq!(chosen(&["tset"], false, None), "there is no job `tset`: did you mean `test`?");
    assert_eq!(chosen(&["docs"], false, only("unit")), "there is no step `unit`: expected `report`");
}
