//! `sidings open`: the page of a run is what a browser is given.

use super::submit;
use crate::support::{Fleet, SIDINGS, TOKEN, run, tree};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const TREE: [(&str, &str); 3] = [
    (".sidings.yml", "build: .\njobs: { test: { steps: [run: 'true'] } }\n"),
    ("Dockerfile", "FROM debian:bookworm-slim\n"),
    ("browser", "#!/bin/sh\necho \"$1\" >\"$(dirname \"$0\")/seen\"\n"),
];

fn open(fleet: &Fleet, browser: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(SIDINGS);
    command.arg("open").args(arguments).env("BROWSER", browser);
    command.env("SIDINGS_SERVER", fleet.client.url()).env("SIDINGS_TOKEN", TOKEN);
    run(command)
}

#[tokio::test]
async fn a_browser_is_given_the_page_of_a_run() {
    let fleet = Fleet::start().await;
    let work = tree(fleet.path("work"), &TREE);
    let browser = work.join("browser");
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let page = format!("{}/runs/{}", fleet.client.url(), submit(&fleet, &work));
    let told = (0, format!("{page}\n"), String::new());
    assert_eq!(open(&fleet, &browser, &["test@1", "--print"]), told);
    assert!(!work.join("seen").exists(), "it is only printed");
    assert_eq!(open(&fleet, &browser, &["test@1"]), told);
    assert_eq!(std::fs::read_to_string(work.join("seen")).unwrap(), format!("{page}\n"));
    assert_eq!(open(&fleet, &browser, &[]).1, format!("{}/\n", fleet.client.url()));
    let (code, stdout, stderr) = open(&fleet, Path::new("/no/browser"), &["test@1"]);
    assert_eq!((code, stdout), (2, format!("{page}\n")), "whoever is there can still follow it");
    assert!(stderr.contains("open the address yourself, or name a browser in BROWSER"), "{stderr}");
}
