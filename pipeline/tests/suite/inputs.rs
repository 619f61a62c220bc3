//! What a run is given: values of inputs, and jobs that ask for them.

use crate::{on, outcome, push};
use sidings_pipeline::{Context, Outcome};
use sidings_proto::Trigger;

const TEXT: &str = "\
image: debian:12
inputs:
  target: { options: [staging, production], default: staging }
  copies: { type: number, default: 2 }
  dry: { type: boolean, default: true, description: change nothing }
  note:
jobs:
  deploy:
    steps: [run: deploy]
  tell:
    when: { inputs: { target: production, dry: false } }
    steps: [run: tell]
";

fn with(context: Context, inputs: &[(&str, &str)]) -> Context {
    let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Context { inputs, ..context }
}

/// The variables of each job that runs, or why there is none.
fn run(context: Context, inputs: &[(&str, &str)]) -> String {
    let plan = match outcome(TEXT, &with(context, inputs)) {
        Outcome::Plan(plan) => plan,
        Outcome::NoRun { reason } | Outcome::Refused { reason } => return reason,
    };
    let told = plan.jobs.iter().map(|job| match &job.skip {
        Some(skip) => format!("{}: {skip}", job.name),
        None => format!("{}: runs", job.name),
    });
    told.chain([format!("{:?}", plan.inputs)]).collect::<Vec<_>>().join("\n")
}

fn manual() -> Context {
    on(Trigger::Manual, "refs/heads/main")
}

#[test]
fn a_push_has_the_defaults() {
    expect_test::expect![[r#"
        deploy: runs
        tell: its condition is false (the input target is staging, not production)
        {"copies": "2", "dry": "true", "target": "staging"}"#]]
    .assert_eq(&run(push(), &[]));
}

#[test]
fn what_is_given_takes_the_place_of_defaults() {
    let given = [("target", "production"), ("dry", "false"), ("note", "x y"), ("copies", "3")];
    expect_test::expect![[r#"
        deploy: runs
        tell: runs
        {"copies": "3", "dry": "false", "note": "x y", "target": "production"}"#]]
    .assert_eq(&run(manual(), &given));
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(run(manual(), &[]), "the input `note` has no default: give it with `--input note=…`");
    let refused = |name, value| run(manual(), &[("note", ""), (name, value)]);
    assert_eq!(refused("copies", "two"), "the input `copies` is `two`, but must be a number");
    assert_eq!(refused("dry", "yes"), "the input `dry` is `yes`, but must be `true` or `false`");
    assert_eq!(refused("target", "prod"), "the input `target` is `prod`, but must be `staging` or `production`");
    assert_eq!(refused("notes", "x"), "the pipeline has no input `notes`: did you mean `note`?");
}
