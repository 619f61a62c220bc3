//! Several pipelines in one project: each makes runs of its own.

use crate::rig::json;
use crate::scene::Scene;
use expect_test::expect;
use reqwest::StatusCode;
use sidings_proto::api::{ErrorBody, PushAnswer, RetryRun, RunView, Schedules, SubmitRun};
use sidings_proto::{Choice, Commit, Source, Trigger};

const TEST: &str = "image: debian:bookworm-slim\njobs: { test: { steps: [run: a] } }\n";
const DOCS: &str = "\
image: debian:bookworm-slim
when: { path: 'docs/**' }
schedule: { cron: 0 3 * * * }
jobs: { docs: { steps: [run: a] } }
";

async fn scene() -> Scene {
    Scene::new(&[(".sidings/test.yml", TEST), (".sidings/docs.yml", DOCS), (".sidings/README.md", "")]).await
}

fn told(answer: &PushAnswer) -> String {
    let made = |run: &RunView| {
        let jobs: Vec<_> = run.jobs.iter().map(|job| job.name.as_str()).collect();
        let wrong = run.diagnostics.clone().unwrap_or_default();
        format!("{}: {}{wrong}", run.summary.pipeline.as_deref().unwrap_or("-"), jobs.join(" "))
    };
    answer.runs.iter().map(made).chain(answer.reasons.clone()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_push_makes_a_run_of_each_pipeline_that_it_is_for() {
    let scene = scene().await;
    let (first, docs) = (scene.head(), scene.commit(&[("docs/a", "a")]));
    expect![[r#"
        docs: docs
        test: test"#]]
    .assert_eq(&told(&scene.pushed("refs/heads/main", &first, &docs).await));
    let source = scene.commit(&[("src/a", "a")]);
    expect![[r#"
        test: test
        docs: the pipeline's condition is false (no changed path is docs/**)"#]]
    .assert_eq(&told(&scene.pushed("refs/heads/main", &docs, &source).await));
}

#[tokio::test]
async fn one_that_is_wrong_leaves_the_others_alone() {
    let scene = scene().await;
    let (first, wrong) = (scene.head(), scene.commit(&[(".sidings/docs.yml", "jobs: 1\n"), ("docs/a", "a")]));
    expect![[r#"
        docs: error[wrong_type]: `jobs` is a number, but must be a map
         --> .sidings/docs.yml:1:7
          |
        1 | jobs: 1
          |       ^ a map

        test: test"#]]
    .assert_eq(&told(&scene.pushed("refs/heads/main", &first, &wrong).await));
}

#[tokio::test]
async fn two_places_are_told_by_a_run_that_fails() {
    let scene = scene().await;
    let (first, both) = (scene.head(), scene.commit(&[(".sidings.yml", TEST)]));
    expect![[r#"
        -: error: there are both .sidings.yml and pipelines in .sidings/: move .sidings.yml into .sidings/, by a name of its own, or remove it
    "#]]
    .assert_eq(&told(&scene.pushed("refs/heads/main", &first, &both).await));
    scene.git(&["commit", "--quiet", "--allow-empty", "--message", "nothing [skip ci]"]);
    let skipped = scene.pushed("refs/heads/main", &both, &scene.head()).await;
    assert_eq!(told(&skipped), "the commit's message says [skip ci]");
}

#[tokio::test]
async fn somebody_who_asks_says_which_and_a_retry_is_of_the_same() {
    let scene = scene().await;
    let source = Source::Git { url: scene.url(), commit: scene.head() };
    let submit = |pipeline: Option<&str>| {
        let choice = Choice { pipeline: pipeline.map(str::to_owned), ..Choice::default() };
        SubmitRun { choice, ..SubmitRun::new("web".to_owned(), Trigger::Manual, source.clone(), Commit::default()) }
    };
    for (pipeline, refusal) in [
        (None, "there are several pipelines: docs, test; say which with --pipeline"),
        (Some("../test"), "there is no pipeline `../test`; there are: docs, test"),
    ] {
        let answer = scene.rig.post("/api/v1/runs", &submit(pipeline)).await;
        assert_eq!(json::<ErrorBody>(answer, StatusCode::BAD_REQUEST).await.error.message, refusal);
    }
    let run: RunView = json(scene.rig.post("/api/v1/runs", &submit(Some("docs"))).await, StatusCode::CREATED).await;
    assert_eq!((run.summary.pipeline.as_deref(), run.jobs[0].name.as_str()), (Some("docs"), "docs"));

    let path = format!("/api/v1/runs/{}", run.summary.id);
    scene.rig.post(&format!("{path}/cancel"), &()).await;
    let retry = scene.rig.post(&format!("{path}/retry"), &RetryRun::default()).await;
    let again: RunView = json(retry, StatusCode::CREATED).await;
    assert_eq!((again.summary.pipeline.as_deref(), again.jobs[0].name.as_str()), (Some("docs"), "docs"));
}

#[tokio::test]
async fn a_schedule_is_of_its_pipeline() {
    let scene = scene().await;
    let head = scene.head();
    scene.pushed("refs/heads/main", &head, &head).await;
    let schedules = scene.rig.get::<Schedules>("/api/v1/schedules").await.schedules;
    let told: Vec<_> =
        schedules.iter().map(|told| (told.entry.pipeline.as_deref(), told.entry.cron.as_str())).collect();
    assert_eq!(told, [(Some("docs"), "0 3 * * *")]);
}
