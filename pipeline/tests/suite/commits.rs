//! What a commit and an event make of a text: runs that are not made, jobs and steps that are left out.

use crate::{on, outcome, plan, push};
use sidings_pipeline::{Changed, Context, FILE, Files, Input, Outcome};
use sidings_proto::Trigger;

const ONE_JOB: &str = "image: debian:12\njobs: { test: { steps: [run: make test] } }\n";

fn with_message(trigger: Trigger, message: &str) -> Context {
    let mut context = on(trigger, "refs/heads/main");
    context.commit.message = message.to_owned();
    context
}

/// Why there is no run; empty if there is one.
fn no_run(text: &str, context: &Context) -> String {
    match outcome(text, context) {
        Outcome::NoRun { reason } | Outcome::Refused { reason } => reason,
        Outcome::Plan(_) => String::new(),
    }
}

/// Why the only job of the text is left out, with `when` as its condition; empty if it is not.
fn skip(when: &str, context: &Context) -> String {
    let text = format!("image: debian:12\njobs: {{ test: {{ when: {when}, steps: [run: make test] }} }}\n");
    plan(&text, context).jobs[0].skip.clone().unwrap_or_default()
}

fn branch(name: &str) -> Context {
    on(Trigger::Push, &format!("refs/heads/{name}"))
}

fn tag(name: &str) -> Context {
    on(Trigger::Tag, &format!("refs/tags/{name}"))
}

#[test]
fn a_message_can_ask_for_no_run() {
    let reason = no_run(ONE_JOB, &with_message(Trigger::Push, "Fix a comma [Skip CI]\n\nNothing else."));
    assert_eq!(reason, "the commit's message says [skip ci]");
    let reason = no_run(ONE_JOB, &with_message(Trigger::PullRequest, "docs\n\n[ci skip]"));
    assert_eq!(reason, "the commit's message says [ci skip]");
}

#[test]
fn who_asks_for_a_run_gets_it_whatever_the_message() {
    for trigger in [Trigger::Manual, Trigger::Api, Trigger::Schedule, Trigger::Tag] {
        assert_eq!(no_run(ONE_JOB, &with_message(trigger, "[skip ci]")), "");
    }
    assert_eq!(no_run(ONE_JOB, &with_message(Trigger::Push, "skip ci")), "");
}

#[test]
fn a_message_that_asks_for_no_run_goes_before_a_wrong_text() {
    assert_eq!(no_run("jobs: [", &with_message(Trigger::Push, "[skip ci]")), "the commit's message says [skip ci]");
}

#[test]
fn a_pipeline_whose_condition_is_false_makes_no_run() {
    let text = format!("when: [{{ event: push, branch: main }}, {{ event: manual }}]\n{ONE_JOB}");
    assert_eq!(no_run(&text, &push()), "");
    assert_eq!(no_run(&text, &on(Trigger::Manual, "")), "");
    assert_eq!(
        no_run(&text, &branch("dev")),
        "the pipeline's condition is false (branch is dev, not main; event is push, not manual)"
    );
}

#[test]
fn every_event_makes_a_run_when_nothing_is_said() {
    for trigger in [Trigger::Push, Trigger::Tag, Trigger::PullRequest, Trigger::Manual, Trigger::Schedule, Trigger::Api]
    {
        assert_eq!(no_run(ONE_JOB, &on(trigger, "refs/heads/main")), "");
    }
}

#[test]
fn a_job_is_left_out_with_a_reason() {
    assert_eq!(skip("{ branch: main, event: push }", &push()), "");
    assert_eq!(skip("{ branch: main }", &branch("dev")), "its condition is false (branch is dev, not main)");
    assert_eq!(skip("{ event: [tag, manual] }", &push()), "its condition is false (event is push, not tag or manual)");
    assert_eq!(
        skip("{ branch: main }", &tag("v1")),
        "its condition is false (there is no branch, but main is asked for)"
    );
    assert_eq!(skip("{ tag: 'v*' }", &tag("v1")), "");
    assert_eq!(skip("{ not: { branch: main } }", &push()), "its condition is false (what stands under `not` holds)");
    assert_eq!(skip("{ not: [{ branch: main }, { event: manual }] }", &branch("dev")), "");
}

#[test]
fn patterns_know_stars_and_question_marks() {
    let holds = |pattern: &str, name: &str| skip(&format!("{{ branch: '{pattern}' }}"), &branch(name)).is_empty();
    assert!(holds("release/*", "release/1.2"));
    assert!(!holds("release/*", "release/1/2"));
    assert!(holds("release/**", "release/1/2"));
    assert!(holds("**", "a/b/c"));
    assert!(holds("**/fix", "a/b/fix"));
    assert!(!holds("*", "a/b"));
    assert!(holds("v?.?", "v1.2"));
    assert!(!holds("v?", "v12"));
    assert!(!holds("a?b", "a/b"));
    assert!(holds("*ü*", "grün"));
    assert!(!holds("main", "main2"));
    assert!(holds("{a}.b", "{a}.b"));
}

#[test]
fn a_step_whose_condition_is_false_is_not_planned_and_numbers_close_up() {
    let text = "\
image: debian:12
jobs:
  test:
    steps:
      - { run: make, when: { event: tag } }
      - run: make
      - parallel:
          - { run: a, when: { branch: dev } }
          - { run: b }
      - parallel: [{ run: c, when: { branch: dev } }]
      - run: d
";
    let plan = plan(text, &push());
    let spec = &plan.jobs[0].spec;
    let steps: Vec<(u32, &str)> = spec.steps().map(|step| (step.no.0, step.name.as_str())).collect();
    assert_eq!(steps, [(1, "make (2)"), (2, "b"), (3, "d")]);
    let parallel: Vec<bool> = spec.stages.iter().map(|stage| stage.parallel).collect();
    assert_eq!(parallel, [false, true, false]);
}

#[test]
fn a_job_with_no_step_left_is_left_out() {
    let text = "image: debian:12\njobs: { test: { steps: [{ run: make, when: { event: tag } }] } }\n";
    let plan = plan(text, &push());
    assert_eq!(plan.jobs[0].skip.as_deref(), Some("the condition of each of its steps is false"));
    assert_eq!(plan.jobs[0].spec.stages, []);
}

#[test]
fn a_job_that_is_left_out_stays_in_the_plan_for_those_that_need_it() {
    let text = "\
image: debian:12
jobs:
  build: { when: { event: tag }, steps: [run: make] }
  test: { needs: build, steps: [run: make test] }
";
    let plan = plan(text, &push());
    assert!(plan.jobs[0].skip.is_some());
    assert_eq!((plan.jobs[1].needs.as_slice(), plan.jobs[1].skip.as_deref()), (["build".to_owned()].as_slice(), None));
}

#[test]
fn warnings_do_not_keep_a_pipeline_from_running() {
    let text = format!("images: {{ docs: {{ image: \"debian:12\" }} }}\n{ONE_JOB}");
    assert_eq!(no_run(&text, &push()), "");
    let seen = crate::seen(sidings_pipeline::FILE, &text, &crate::Tree::usual());
    expect_test::expect![[r#"
        warning[unused]: the image `docs` is not used
         --> .sidings.yml:1:11
          |
        1 | images: { docs: { image: "debian:12" } }
          |           ^^^^
          |
          = help: a job or step uses it by `image: docs`
    "#]]
    .assert_eq(&seen);
}

#[test]
fn diagnostics_are_json_for_programs() {
    let text = "image: debian:12\njobs:\n  test: { needs: tset, needs: test, steps: [run: a] }\n";
    let context = push();
    let input = sidings_pipeline::Input {
        file: ".sidings.yml",
        text,
        context: &context,
        files: &crate::Tree::usual(),
        policy: &Default::default(),
    };
    let json = serde_json::to_string_pretty(&sidings_pipeline::lint(&input).0[0]).unwrap();
    expect_test::expect![[r#"
        {
          "severity": "error",
          "code": "unknown_job",
          "message": "job `test` needs `tset`, which is not a job",
          "place": {
            "file": ".sidings.yml",
            "line": 3,
            "column": 18,
            "end_line": 3,
            "end_column": 22
          },
          "expected": "the name of a job",
          "help": "did you mean `test`?",
          "related": []
        }"#]]
    .assert_eq(&json);
}

/// Files of which these were changed.
struct Changes(&'static [&'static str]);

impl Files for Changes {
    fn read(&self, _: &str) -> Option<String> {
        None
    }

    fn changed(&self) -> Changed {
        Changed::These(self.0.iter().map(|path| (*path).to_owned()).collect())
    }
}

/// Why a job whose condition is about paths is left out; empty if it is not.
fn skip_by_path(path: &str, changed: &'static [&'static str]) -> String {
    let text = format!("image: debian:12\njobs: {{ test: {{ when: {{ path: {path} }}, steps: [run: make] }} }}\n");
    let input =
        Input { file: FILE, text: &text, context: &push(), files: &Changes(changed), policy: &Default::default() };
    match sidings_pipeline::compile(&input).unwrap() {
        Outcome::Plan(plan) => plan.jobs[0].skip.clone().unwrap_or_default(),
        Outcome::NoRun { reason } | Outcome::Refused { reason } => panic!("no run: {reason}"),
    }
}

#[test]
fn a_changed_path_is_enough_and_those_written_with_a_mark_do_not_count() {
    let holds = |path: &str, changed| skip_by_path(path, changed).is_empty();
    assert!(holds("'src/**'", &["docs/a", "src/b/c.rs"]));
    assert!(holds("'**/*.md'", &["README.md"]));
    assert!(holds("'**/*.md'", &["a/b/c.md"]));
    assert!(!holds("'**/a.md'", &["ba.md"]));
    assert!(holds("'a/**/b'", &["a/b"]));
    assert!(holds("'a/**/b'", &["a/x/y/b"]));
    assert!(!holds("'a/**/b'", &["a/xb"]));
    assert!(!holds("src", &["src/a"]));
    assert!(holds("'!docs/**'", &["docs/a", "Makefile"]));
    assert!(!holds("'!docs/**'", &["docs/a", "docs/b/c"]));
    assert!(holds("['src/**', '!src/gen/**']", &["src/a"]));
    assert!(!holds("['src/**', '!src/gen/**']", &["src/gen/a", "docs/a"]));
    let reason = "its condition is false (no changed path is src/** or !src/gen/**)";
    assert_eq!(skip_by_path("['src/**', '!src/gen/**']", &[]), reason);
}

#[test]
fn every_path_counts_where_it_is_not_known_what_changed() {
    assert_eq!(skip("{ path: 'src/**' }", &push()), "");
    assert_eq!(skip("{ not: { path: 'src/**' } }", &push()), "its condition is false (what stands under `not` holds)");
}

#[test]
fn a_combination_that_is_excluded_for_an_event_is_not_there_and_the_last_one_leaves_a_trace() {
    let text = "\
image: debian:12
jobs:
  test:
    matrix:
      db: ['15', '16']
      exclude: [{ db: '15', when: { event: pull_request } }, { db: '16', when: { event: [pull_request, push] } }]
    steps: [run: make]
  after: { needs: test, steps: [run: make] }
";
    let names = |trigger| {
        let plan = plan(text, &on(trigger, "refs/heads/main"));
        let names: Vec<String> = plan.jobs.iter().map(|job| job.name.clone()).collect();
        (names.join(" "), plan.jobs.last().unwrap().needs.join(" "), plan.jobs[0].skip.clone())
    };
    assert_eq!(names(Trigger::Manual), ("test (15) test (16) after".into(), "test (15) test (16)".into(), None));
    assert_eq!(names(Trigger::Push), ("test (15) after".into(), "test (15)".into(), None));
    let reason = Some("every combination of its matrix is excluded".to_owned());
    assert_eq!(names(Trigger::PullRequest), ("test after".into(), "test".into(), reason));
}
