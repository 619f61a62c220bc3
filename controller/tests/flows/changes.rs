//! `path` conditions against real repositories: what each kind of event counts as changed.

use crate::rig::json;
use crate::scene::Scene;
use reqwest::StatusCode;
use sidings_proto::api::{RunView, SubmitRun};
use sidings_proto::{Commit, Source, Trigger, Verdict};

const PIPELINE: &str = "\
image: debian:bookworm-slim
jobs:
  src: { when: { path: 'src/**' }, steps: [run: a] }
  docs: { when: { path: ['docs/**', '**/*.md'] }, steps: [run: a] }
  old: { when: { path: old.txt }, steps: [run: a] }
  new: { when: { path: new.txt }, steps: [run: a] }
  code: { when: { path: '!docs/**' }, steps: [run: a] }
  no-src: { when: { not: { path: 'src/**' } }, steps: [run: a] }
  any: { steps: [run: a] }
";

const ALL: &str = "src docs old new code any";

async fn scene() -> Scene {
    Scene::new(&[(".sidings.yml", PIPELINE), ("src/a", "a"), ("old.txt", "a text to rename\n")]).await
}

impl Scene {
    /// The jobs that are to run after a ref moved.
    async fn push(&self, reference: &str, before: &str, after: &str) -> String {
        to_run(&self.pushed(reference, before, after).await.runs[0])
    }

    async fn submit(&self, trigger: Trigger, source: Source, changed: Option<&[&str]>) -> String {
        let changed = changed.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
        let commit = Commit { reference: "refs/heads/topic".to_owned(), ..Commit::default() };
        let submit = SubmitRun { changed, ..SubmitRun::new("web".to_owned(), trigger, source, commit) };
        to_run(&json::<RunView>(self.rig.post("/api/v1/runs", &submit).await, StatusCode::CREATED).await)
    }
}

fn to_run(run: &RunView) -> String {
    let left_out = |verdict: &Option<Verdict>| matches!(verdict, Some(Verdict::Skipped { .. }));
    let jobs = run.jobs.iter().filter(|job| !left_out(&job.verdict)).map(|job| job.name.as_str());
    jobs.collect::<Vec<_>>().join(" ")
}

fn none() -> String {
    "0".repeat(40)
}

#[tokio::test]
async fn a_push_changed_what_differs_from_where_the_branch_was() {
    let scene = scene().await;
    let first = scene.head();
    scene.commit(&[("docs/a", "a")]);
    let third = scene.commit(&[("src/b", "b")]);
    assert_eq!(scene.push("refs/heads/main", &first, &third).await, "src docs code any");
    let readme = scene.commit(&[("README.md", "a")]);
    assert_eq!(scene.push("refs/heads/main", &third, &readme).await, "docs code no-src any");
    let docs = scene.commit(&[("docs/deep/er/b", "b")]);
    assert_eq!(scene.push("refs/heads/main", &readme, &docs).await, "docs no-src any");
    let empty = scene.commit(&[]);
    assert_eq!(scene.push("refs/heads/main", &docs, &empty).await, "no-src any");
}

#[tokio::test]
async fn deleted_files_and_both_names_of_renamed_ones_count() {
    let scene = scene().await;
    let first = scene.head();
    scene.git(&["mv", "old.txt", "new.txt"]);
    let renamed = scene.commit(&[]);
    assert_eq!(scene.push("refs/heads/main", &first, &renamed).await, "old new code no-src any");
    scene.git(&["rm", "--quiet", "new.txt", "src/a"]);
    let deleted = scene.commit(&[]);
    assert_eq!(scene.push("refs/heads/main", &renamed, &deleted).await, "src new code any");
}

#[tokio::test]
async fn a_forced_push_changed_what_differs_between_the_two_tips() {
    let scene = scene().await;
    let first = scene.head();
    let lost = scene.commit(&[("src/lost", "a")]);
    assert_eq!(scene.push("refs/heads/main", &first, &lost).await, "src code any");
    scene.git(&["reset", "--quiet", "--hard", &first]);
    let forced = scene.commit(&[("docs/a", "a")]);
    assert_eq!(scene.push("refs/heads/main", &lost, &forced).await, "src docs code any");
}

#[tokio::test]
async fn a_merge_changed_all_that_it_brought() {
    let scene = scene().await;
    let first = scene.head();
    scene.git(&["checkout", "--quiet", "-b", "topic"]);
    scene.commit(&[("docs/a", "a")]);
    scene.git(&["checkout", "--quiet", "main"]);
    let onward = scene.commit(&[("src/b", "b")]);
    scene.git(&["merge", "--quiet", "--no-edit", "topic"]);
    assert_eq!(scene.push("refs/heads/main", &onward, &scene.head()).await, "docs no-src any");
    assert_eq!(scene.push("refs/heads/main", &first, &scene.head()).await, "src docs code any");
}

#[tokio::test]
async fn a_new_branch_is_compared_with_where_it_left_the_default_one() {
    let scene = scene().await;
    scene.git(&["checkout", "--quiet", "-b", "topic"]);
    let topic = scene.commit(&[("docs/a", "a")]);
    scene.git(&["checkout", "--quiet", "main"]);
    let main = scene.commit(&[("src/b", "b")]);
    assert_eq!(scene.push("refs/heads/topic", &none(), &topic).await, "docs no-src any");
    // A commit that nobody has any more is as good as none.
    assert_eq!(scene.push("refs/heads/topic", &"1".repeat(40), &topic).await, "docs no-src any");
    assert_eq!(scene.push("refs/heads/main", &none(), &main).await, ALL);
    scene.git(&["checkout", "--quiet", "--orphan", "apart"]);
    let apart = scene.commit(&[]);
    assert_eq!(scene.push("refs/heads/apart", &none(), &apart).await, ALL);
}

#[tokio::test]
async fn a_pull_request_is_compared_with_the_default_branch_and_for_who_asks_all_counts() {
    let scene = scene().await;
    let first = scene.head();
    scene.git(&["checkout", "--quiet", "-b", "topic"]);
    scene.commit(&[("docs/a", "a")]);
    let topic = scene.commit(&[("docs/b", "b")]);
    let source = || Source::Git { url: scene.url(), commit: topic.clone() };
    assert_eq!(scene.submit(Trigger::PullRequest, source(), None).await, "docs no-src any");
    for trigger in [Trigger::Manual, Trigger::Api, Trigger::Schedule] {
        assert_eq!(scene.submit(trigger, source(), None).await, ALL, "{trigger:?}");
    }
    scene.git(&["tag", "v1"]);
    assert_eq!(scene.push("refs/tags/v1", &first, &topic).await, ALL);
}

#[tokio::test]
async fn of_a_tree_its_sender_says_what_it_changed() {
    let scene = scene().await;
    let blob = scene.rig.upload(&[(".sidings.yml", PIPELINE)]).await;
    let source = || Source::Snapshot { blob: blob.clone() };
    assert_eq!(scene.submit(Trigger::Manual, source(), Some(&["src/a"])).await, "src code any");
    assert_eq!(scene.submit(Trigger::Manual, source(), None).await, ALL);
    let many: Vec<String> = (0..3001).map(|n| format!("docs/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(scene.submit(Trigger::Manual, source(), Some(&many)).await, ALL);
}
