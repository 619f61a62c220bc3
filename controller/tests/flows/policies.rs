//! What an operator and a project want of Dockerfiles, for pushes and for trees that are sent.

use crate::rig::{json, rig_with_policy};
use crate::scene::Scene;
use expect_test::expect;
use reqwest::StatusCode;
use sidings_proto::Verdict;
use sidings_proto::api::{PushAnswer, RunView};

const PIPELINE: &str = "build: .\njobs: { test: { steps: [run: a] } }\n";
const ROOT: &str = "FROM debian:12\nUSER root\n";
const POLICY: &str = ".sidings/policy.yml";

fn files(policy: &str) -> [(&str, &str); 3] {
    [(".sidings.yml", PIPELINE), ("Dockerfile", ROOT), (POLICY, policy)]
}

fn told(answer: &PushAnswer) -> String {
    let wrong = |run: &RunView| run.diagnostics.clone().unwrap_or_else(|| "right".to_owned());
    answer.runs.iter().map(wrong).chain(answer.reasons.clone()).collect()
}

#[tokio::test]
async fn a_project_is_bound_by_its_default_branch_whatever_another_branch_says() {
    let scene = Scene::new(&files("rules: { root_user: deny }\n")).await;
    let first = scene.head();
    scene.git(&["checkout", "--quiet", "-b", "loose"]);
    let loose = scene.commit(&[(POLICY, "rules: { root_user: allow }\n")]);
    expect![[r#"
        error[root_user]: steps run as root
         --> Dockerfile:2:6
          |
        2 | USER root
          |      ^^^^ what breaks out of a program is root in its container
          |
          = help: make a user and name it: `RUN useradd --create-home app` and `USER app`
    "#]]
    .assert_eq(&told(&scene.pushed("refs/heads/loose", &first, &loose).await));
    // What the default branch says after a push to it counts from then on.
    scene.git(&["checkout", "--quiet", "main"]);
    scene.git(&["merge", "--quiet", "--ff-only", "loose"]);
    assert_eq!(told(&scene.pushed("refs/heads/main", &first, &loose).await), "right");
    let more = scene.commit(&[("a", "a")]);
    assert_eq!(told(&scene.pushed("refs/heads/other", &loose, &more).await), "right");
}

#[tokio::test]
async fn a_project_cannot_loosen_what_its_operator_wants() {
    let rig = rig_with_policy("rules: { root_user: deny }\n").await;
    let scene = Scene::of(rig, &files("rules: { root_user: allow }\n")).await;
    let (first, next) = (scene.head(), scene.commit(&[("a", "a")]));
    assert!(told(&scene.pushed("refs/heads/main", &first, &next).await).starts_with("error[root_user]"));
    let sent: RunView = json(scene.rig.submit(&files("")).await, StatusCode::CREATED).await;
    assert!(matches!(sent.summary.verdict, Some(Verdict::Failed(_))), "{sent:?}");
    assert!(sent.diagnostics.unwrap().starts_with("error[root_user]"));
}

#[tokio::test]
async fn a_wrong_policy_stops_runs_and_says_where() {
    let scene = Scene::new(&files("rules: { root_user: forbid }\n")).await;
    let (first, next) = (scene.head(), scene.commit(&[("a", "a")]));
    expect![[r#"
        error[bad_value]: `forbid` is no level of a rule
         --> .sidings/policy.yml:1:21
          |
        1 | rules: { root_user: forbid }
          |                     ^^^^^^
          |
          = help: write `allow`, `warn` or `deny`
    "#]]
    .assert_eq(&told(&scene.pushed("refs/heads/main", &first, &next).await));
}
