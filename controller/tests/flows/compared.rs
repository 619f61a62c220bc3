//! What a run says of its environment beside the run before, with a real repository behind both.

use crate::rig::Work;
use crate::scene::Scene;
use sidings_proto::compared::ComparedEnvironments;
use sidings_proto::runner::ImageUse;

const PIPELINE: &str = "\
build: { dockerfile: ci/Dockerfile, args: { VERSION: '1' } }
jobs:
  test: { steps: [run: a] }
";

async fn used(scene: &Scene, work: &Work, key: &str) {
    let mut finish = work.passed(b"");
    let (reference, key) = (format!("sidings/web:{key}"), Some(key.repeat(32)));
    finish.images = vec![ImageUse { reference, id: "sha256:1".to_owned(), key, built: true, ..ImageUse::default() }];
    assert_eq!(work.finish(&scene.rig, &finish).await["answer"], "accepted");
}

#[tokio::test]
async fn the_dockerfile_files_and_arguments_that_differ_are_named() {
    let scene = Scene::new(&[(".sidings.yml", PIPELINE), ("ci/Dockerfile", "FROM debian:12\n"), ("a.txt", "a")]).await;
    let runner = scene.rig.runner().await;
    let first = scene.head();
    scene.pushed("refs/heads/main", &"0".repeat(40), &first).await;
    used(&scene, &runner.lease(&scene.rig).await, "aa").await;
    let second = scene.commit(&[
        (".sidings.yml", &PIPELINE.replace("'1'", "'2'")),
        ("ci/Dockerfile", "FROM debian:12\nCOPY a.txt /\n"),
        ("a.txt", "b"),
    ]);
    // A branch that ran never before is compared with the default branch.
    let pushed = scene.pushed("refs/heads/topic", &"0".repeat(40), &second).await;
    used(&scene, &runner.lease(&scene.rig).await, "bb").await;
    let run = pushed.runs[0].summary.id;
    let compared: ComparedEnvironments = scene.rig.get(&format!("/api/v1/runs/{run}/environment")).await;
    let with = compared.jobs[0].with.as_ref().unwrap();
    assert_eq!((with.number, with.of.as_str(), with.sha.as_str()), (1, "main", first.as_str()));
    let causes: Vec<_> = compared.jobs[0].images[0].causes.iter().map(ToString::to_string).collect();
    assert_eq!(
        causes,
        [
            "build argument VERSION: \"2\", before \"1\"",
            "ci/Dockerfile was changed",
            "files of its context were changed: .sidings.yml, a.txt",
        ]
    );
}
