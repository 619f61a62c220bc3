//! The corpus, by keys alone: each change changes the key or keeps it, as it says. That a real build sees it the same
//! way is checked where there is an engine.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod case;

use case::{Case, Expected, Project, corpus};
use sidings_environment::{Account, Contents, Order, Place, Reading};
use std::path::Path;

fn account(case: &Case, project: &Project) -> Account {
    let folder = tempfile::tempdir().unwrap();
    project.write(folder.path());
    account_at(case, project, folder.path())
}

fn account_at(case: &Case, project: &Project, folder: &Path) -> Account {
    let place = Place::find(folder, ".", "Dockerfile").unwrap();
    let reading = Reading::new(Order {
        dockerfile: "Dockerfile".to_owned(),
        text: place.text.clone(),
        target: project.target.clone(),
        args: project.args.clone(),
        epoch: Some(1_700_000_000),
        platform: "linux/amd64".to_owned(),
        ..Order::default()
    });
    reading.unwrap().account(&place.listing(false).unwrap(), &case.bases, &Contents::default()).unwrap()
}

#[test]
fn each_change_changes_the_key_or_keeps_it() {
    let mut wrong = Vec::new();
    for case in corpus() {
        let before = account(&case, &case.project);
        for change in &case.changes {
            let after = account(&case, &change.project);
            let expected = change.expected != Expected::Same;
            if (before.key != after.key) != expected {
                let widened = before.inputs.iter().find(|input| input.kind.as_str() == "widened");
                wrong.push(format!("{}: {:?} {} {widened:?}", case.name, change.expected, change.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_corpus_is_as_large_as_it_says() {
    let corpus = corpus();
    let changes: usize = corpus.iter().map(|case| case.changes.len()).sum();
    assert!(corpus.len() >= 60 && changes >= 180, "{} cases, {changes} changes", corpus.len());
}
