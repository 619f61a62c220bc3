//! What people are told who name what is not there: the same by every command, with what they may have meant.

use crate::support::{Fleet, tree};

#[tokio::test]
async fn a_project_that_nobody_added_is_refused_by_every_command_that_takes_one() {
    let fleet = Fleet::start().await;
    let work = tree(
        fleet.path("work"),
        &[(".sidings.yml", "image: debian:bookworm-slim\njobs: { a: { steps: [{ run: a }] } }\n")],
    );
    let (code, _, why) = fleet.sidings(&work, &["submit", "--project", "departures"]);
    assert_eq!(code, 0, "{why}");
    let all: [&[&str]; 8] = [
        &["runs"],
        &["show"],
        &["logs"],
        &["tests"],
        &["tests", "--history", "t"],
        &["artifacts"],
        &["image", "list"],
        &["image", "find", "openssl"],
    ];
    for command in all {
        let told = fleet.sidings(&work, &[command, &["--project", "departure"]].concat());
        let why = "error: the controller knows no project `departure`: did you mean departures?\n";
        assert_eq!(told, (2, String::new(), why.to_owned()), "{command:?}");
    }
    let (code, _, why) = fleet.sidings(&work, &["runs", "--project", "zzz"]);
    let help = "`zzz`: `sidings submit` runs this tree as one, --project names another\n";
    assert!(code == 2 && why.ends_with(help), "{why}");
    let (code, none, _) = fleet.sidings(&work, &["image", "list", "--project", "departures"]);
    assert!(code == 0 && none.starts_with("no images yet"), "it is there, and has none: {none}");
}

#[tokio::test]
async fn what_begins_no_image_key_is_refused_as_it_was_typed() {
    let fleet = Fleet::start().await;
    let work = tree(fleet.path("work"), &[("some", "file")]);
    for command in [["runs", "--image", "zzz"].as_slice(), &["image", "show", "key:zzz"]] {
        let (code, _, why) = fleet.sidings(&work, command);
        assert!(code == 2 && why.contains("`zzz` begins no image key"), "{command:?}: {code} {why}");
    }
    let (code, none, _) = fleet.sidings(&work, &["runs", "--image", "key:AB12"]);
    assert_eq!((code, none.as_str()), (0, "no such runs\n"));
}
