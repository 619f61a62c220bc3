//! The lock file of a project, with a real registry whose tags are moved.

use crate::support::{Fleet, Registry, tree};
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
