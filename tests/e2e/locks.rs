//! The lock file of a project, with a real registry whose tags are moved and whose images are taken away; and runs
//! without one, which agree on their images and can be repeated exactly.

use super::submit;
use crate::support::{Fleet, Registry, job_of, tree};
use sidings_proto::api::RunView;
use sidings_proto::{Failure, FailureClass, RunId, Verdict};
use std::path::{Path, PathBuf};

/// A job in an image of the registry, one in an image that is built upon it, a service of a third.
fn project(fleet: &Fleet, registry: &Registry) -> PathBuf {
    let place = &registry.place;
    let pipeline = format!(
        "jobs:\n  fetched:\n    image: {place}/tools/base:1\n    services:\n      aside: {{ image: '{place}/tools/aside:1', \
         command: [sleep, '600'] }}\n    steps: [{{ run: 'echo fetched $VERSION' }}]\n  \
         built:\n    build: .\n    steps: [{{ run: 'echo built $(cat /version)' }}]\n"
    );
    let dockerfile = format!(
        "ARG BASE={place}/tools/base:1\nFROM $BASE AS one\nRUN echo $VERSION >/version\n\nFROM one\n\
         COPY --from={place}/tools/aside:1 /etc/hostname /aside\n"
    );
    tree(fleet.path("work"), &[(".sidings.yml", &pipeline), ("Dockerfile", &dockerfile)])
}

fn lock(fleet: &Fleet, work: &Path, more: &[&str]) -> (i32, String, String) {
    fleet.sidings(work, &[&["lock"], more].concat())
}

#[tokio::test]
async fn a_lock_file_is_written_kept_refreshed_and_checked() {
    let fleet = Fleet::start().await;
    let registry = Registry::start(&fleet.path("registry"));
    let place = registry.place.clone();
    let (one, aside) = (registry.put("tools/base:1", "1"), registry.put("tools/aside:1", "aside"));
    let work = project(&fleet, &registry);
    let written = || std::fs::read_to_string(work.join(".sidings.lock")).unwrap();

    let (code, stdout, stderr) = lock(&fleet, &work, &["--check"]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("there is no .sidings.lock"), "{stderr}");
    let (code, stdout, stderr) = lock(&fleet, &work, &[]);
    let told = format!("+ {place}/tools/aside:1  {aside}\n+ {place}/tools/base:1  {one}\n.sidings.lock: 2 images\n");
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, told.as_str(), ""));
    let entries = format!("images:\n  \"{place}/tools/aside:1\": {aside}\n  \"{place}/tools/base:1\": {one}\n");
    assert!(written().ends_with(&entries), "{}", written());
    assert_eq!(lock(&fleet, &work, &["--check"]).0, 0);

    let two = registry.put("tools/base:1", "2");
    assert_ne!(one, two);
    let (code, stdout, _) = lock(&fleet, &work, &[]);
    assert_eq!((code, stdout.as_str()), (0, ".sidings.lock: 2 images\n"), "a digest that is there stays");
    let base = format!("{place}/tools/base:1");
    let (code, stdout, stderr) = lock(&fleet, &work, &["--update", &base]);
    assert_eq!((code, stdout), (0, format!("~ {base}  {one} → {two}\n.sidings.lock: 2 images\n")), "{stderr}");
    assert!(written().contains(&two) && !written().contains(&one), "{}", written());
    let (code, _, stderr) = lock(&fleet, &work, &["--update", "debian:12"]);
    assert!(code == 2 && stderr.contains("names \"debian:12\" without a digest"), "{stderr}");

    // What is in no registry is named; the rest is locked all the same.
    let dockerfile = format!("FROM debian:bookworm-slim\nCOPY --from={place}/tools/gone:1 / /\n");
    tree(work.clone(), &[("Dockerfile", &dockerfile)]);
    let (code, stdout, stderr) = lock(&fleet, &work, &["--check"]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("Dockerfile:1: debian:bookworm-slim is not locked"), "{stderr}");
    let (code, stdout, stderr) = lock(&fleet, &work, &["--update"]);
    assert_eq!((code, stdout.as_str()), (1, ".sidings.lock: 2 images\n"), "{stderr}");
    let said = |line: &str| stderr.lines().any(|it| it.contains(line));
    assert!(
        said("Dockerfile:1: debian:bookworm-slim cannot be locked: an image of that name is on this engine"),
        "{stderr}"
    );
    assert!(said(&format!("Dockerfile:2: {place}/tools/gone:1 cannot be locked: ")), "{stderr}");
    let (code, stdout, _) = fleet.sidings(&work, &["lint"]);
    assert!(code == 0 && stdout.contains("warning[not_locked]: `debian:bookworm-slim` is not in"), "{stdout}");
}

/// What the jobs of a run said of the version that they ran in.
async fn said(fleet: &Fleet, run: RunId) -> (RunView, Vec<String>) {
    let view = fleet.client.until_ended(run).await;
    let setup =
        fleet.client.log(job_of(&view, "built"), 0).await + &fleet.client.log(job_of(&view, "fetched"), 0).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{setup}");
    let mut said = Vec::new();
    for job in ["fetched", "built"] {
        said.push(fleet.client.log(job_of(&view, job), 1).await.trim().to_owned());
    }
    (view, said)
}

/// Whatever this engine has of the registry, and the image that was built.
fn forget_here(registry: &Registry, view: &RunView) {
    let built = &job_of(view, "built").attempts[0].images;
    let built: Vec<&str> = built.iter().filter(|it| it.key.is_some()).map(|it| it.reference.as_str()).collect();
    registry.forget_here(&built);
}

fn failure(view: &RunView, job: &str) -> String {
    match &job_of(view, job).verdict {
        Some(Verdict::Failed(Failure { class: FailureClass::ImageBuildFailed, message })) => message.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_takes_the_images_that_are_locked_wherever_their_tags_lead() {
    let fleet = Fleet::start().await;
    let registry = Registry::start(&fleet.path("registry"));
    let place = registry.place.clone();
    let base = format!("{place}/tools/base:1");
    let (one, aside) = (registry.put("tools/base:1", "1"), registry.put("tools/aside:1", "aside"));
    let work = project(&fleet, &registry);
    assert_eq!(lock(&fleet, &work, &[]).0, 0);
    let two = registry.put("tools/base:1", "2");
    let _runner = fleet.runner("a", 2).await;

    let (view, words) = said(&fleet, submit(&fleet, &work)).await;
    assert_eq!(words, ["fetched 1", "built 1"]);
    let used = [(format!("{place}/tools/aside:1"), aside.clone()), (base.clone(), one.clone())];
    assert_eq!(view.digests, used.into());
    let (_, shown, _) = fleet.sidings(&work, &["show", &view.summary.id.to_string()]);
    assert!(shown.lines().any(|line| line.starts_with(&base) && line.ends_with(&one)), "{shown}");
    let log = fleet.client.log(job_of(&view, "built"), 0).await + &fleet.client.log(job_of(&view, "fetched"), 0).await;
    assert!(!log.contains("is not locked"), "{log}");
    let key = job_of(&view, "built").attempts[0].images.iter().find_map(|image| image.key.clone()).unwrap();
    let (_, explained, stderr) = fleet.sidings(&work, &["image", "key", "--explain", "."]);
    assert!(explained.starts_with(&format!("key {key}\n")) && stderr.is_empty(), "{explained}{stderr}");
    let short = &one[..50];
    assert!(explained.lines().any(|line| line.contains(" base ") && line.contains(short)), "{explained}");
    forget_here(&registry, &view);

    assert_eq!(lock(&fleet, &work, &["--update", &base]).0, 0);
    let (view, words) = said(&fleet, submit(&fleet, &work)).await;
    assert_eq!((words.join(", "), &view.digests[&base]), ("fetched 2, built 2".to_owned(), &two));
    let newer = job_of(&view, "built").attempts[0].images.iter().find_map(|image| image.key.clone()).unwrap();
    assert_ne!(newer, key, "the digest is a part of the key");
    forget_here(&registry, &view);

    // One that this engine never pulled: it keeps for a while what it was told of others.
    let three = registry.put("tools/base:1", "3");
    assert_eq!(lock(&fleet, &work, &["--update", &base]).0, 0);
    let four = registry.put("tools/base:1", "4");
    registry.forget("tools/base", &three);
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    for job in ["fetched", "built"] {
        let message = failure(&view, job);
        let first = format!("{base} is locked to {three}, which cannot be had; its registry has {four} for it now\n");
        assert!(message.starts_with(&first), "{message}");
        assert!(message.ends_with(&format!("`sidings lock --update {base}` takes what the registry has")), "{message}");
    }

    // A digest that is written and another one that is locked are not run at all.
    tree(work.clone(), &[("Dockerfile", &format!("FROM {base}@{one}\nRUN echo $VERSION >/version\n"))]);
    let view = fleet.client.until_ended(submit_wrong(&fleet, &work)).await;
    let told = view.diagnostics.unwrap();
    assert!(told.contains("error[lock_mismatch]") && told.contains(&one) && told.contains(&three), "{told}");
    assert!(told.contains("--> Dockerfile:1:1"), "{told}");
    registry.forget_here(&[]);
}

/// Sends what the command line would keep back.
fn submit_wrong(fleet: &Fleet, work: &Path) -> RunId {
    crate::support::git(work, &["init", "-q"]);
    crate::support::git(work, &["add", "-A"]);
    crate::support::git(work, &["commit", "-qm", "wrong"]);
    let (url, commit) = (format!("file://{}", work.display()), crate::support::git(work, &["rev-parse", "HEAD"]));
    let submit = ["submit", "--project", "wrong", "--json", "--repo", &url, "--commit", commit.trim()];
    let (_, stdout, stderr) = fleet.sidings(work, &submit);
    serde_json::from_str::<RunView>(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}")).summary.id
}

#[tokio::test]
async fn a_run_without_a_lock_file_agrees_on_its_images_and_can_be_repeated_exactly() {
    let fleet = Fleet::start().await;
    let registry = Registry::start(&fleet.path("registry"));
    let base = format!("{}/tools/base:1", registry.place);
    let (one, _) = (registry.put("tools/base:1", "1"), registry.put("tools/aside:1", "aside"));
    let work = project(&fleet, &registry);
    let _runner = fleet.runner("a", 2).await;
    let first = submit(&fleet, &work);
    let (view, words) = said(&fleet, first).await;
    assert_eq!((words.join(", "), &view.digests[&base]), ("fetched 1, built 1".to_owned(), &one));
    let log = fleet.client.log(job_of(&view, "built"), 0).await + &fleet.client.log(job_of(&view, "fetched"), 0).await;
    let warned = format!("{base} is not locked; in this run it is {one}. `sidings lock` keeps it so");
    assert_eq!(log.matches(&warned).count(), 1, "{log}");
    let (_, explained, _) = fleet.sidings(&work, &["image", "key", "."]);
    let key = job_of(&view, "built").attempts[0].images.iter().find_map(|image| image.key.clone()).unwrap();
    assert_eq!(explained.trim(), key);
    forget_here(&registry, &view);

    let two = registry.put("tools/base:1", "2");
    let retry = |more: &[&str]| -> RunId {
        let (code, stdout, stderr) = fleet.sidings(&work, &[&["retry", "--json", &first.to_string()], more].concat());
        assert_eq!(code, 0, "{stdout}{stderr}");
        serde_json::from_str::<RunView>(&stdout).unwrap().summary.id
    };
    let (view, words) = said(&fleet, retry(&[])).await;
    assert_eq!((words.join(", "), &view.digests[&base]), ("fetched 2, built 2".to_owned(), &two));
    let (view, words) = said(&fleet, retry(&["--exact"])).await;
    assert_eq!((words.join(", "), &view.digests[&base]), ("fetched 1, built 1".to_owned(), &one));
    forget_here(&registry, &view);
}
