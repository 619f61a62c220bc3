//! What the command line says of an image that a run built: its packages by line, against another one, as documents.

use super::submit;
use crate::support::{Fleet, run, tree};
use serde_json::Value;
use sidings_proto::Verdict;
use std::path::Path;
use std::process::Command;

const METADATA: &str = "Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.0\n";

/// An image on the local engine, which goes with the test.
pub(super) struct Image(String);

impl Image {
    pub(super) fn build(folder: &Path, name: &str) -> Image {
        let image = Image(format!("sidings-inventory-test:{name}-{}", std::process::id()));
        let mut build = Command::new("docker");
        build.env("DOCKER_BUILDKIT", "0").args(["build", "-q", "-t", &image.0]).arg(folder);
        let (code, _, stderr) = run(build);
        assert_eq!(code, 0, "{stderr}");
        image
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        drop(Command::new("docker").args(["rmi", "-f", &self.0]).output());
    }
}

#[tokio::test]
async fn an_image_of_the_local_engine_is_shown_compared_and_documented() {
    let fleet = Fleet::start().await;
    let dockerfile = "FROM debian:bookworm-slim\n# a comment\nRUN mkdir /opt/some\nCOPY some /opt/some\n";
    let files = [
        ("Dockerfile", dockerfile),
        ("some/some.dist-info/METADATA", METADATA),
        ("other/Dockerfile", "FROM debian:bookworm-slim\nRUN mkdir /opt/some\n"),
    ];
    let work = tree(fleet.path("work"), &files);
    let (image, bare) = (Image::build(&work, "one"), Image::build(&work.join("other"), "bare"));
    let sidings = |arguments: &[&str]| {
        let (code, stdout, stderr) = fleet.sidings(&work, &[&["image"], arguments].concat());
        assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
        stdout
    };
    let shown = sidings(&["show", &image.0, "--dockerfile", "Dockerfile"]);
    assert!(shown.contains("python  Some_Thing"), "{shown}");
    let told: Value =
        serde_json::from_str(&sidings(&["show", &image.0, "--dockerfile", "Dockerfile", "--json"])).unwrap();
    let layers = told["layers"].as_array().unwrap();
    let lines: Vec<(&Value, &Value)> = layers.iter().map(|it| (&it["made"]["line"], &it["made"]["sure"])).collect();
    assert_eq!(lines[1..], [(&Value::from(3), &Value::from("text")), (&Value::from(4), &Value::from("order"))]);
    let document: Value = serde_json::from_str(&sidings(&["sbom", &image.0])).unwrap();
    let purls: Vec<&str> =
        document["components"].as_array().unwrap().iter().filter_map(|it| it["purl"].as_str()).collect();
    assert!(purls.contains(&"pkg:pypi/some-thing@1.0"), "{purls:?}");
    let compared = sidings(&["diff", &bare.0, &image.0]);
    assert!(compared.ends_with("\n+ python Some_Thing 1.0\n"), "{compared}");

    let saved = work.join("saved.tar");
    let mut save = Command::new("docker");
    save.args(["save", "-o"]).arg(&saved).arg(&image.0);
    assert_eq!(run(save).0, 0);
    let document: Value = serde_json::from_str(&sidings(&["sbom", "saved.tar", "--format", "spdx"])).unwrap();
    assert_eq!(document["packages"].as_array().unwrap().len(), purls.len() + 1, "and the image itself");
    assert_eq!(sidings(&["diff", "saved.tar", &image.0]), "the same: no layer and no package differs\n");
    let (code, _, stderr) = fleet.sidings(&work, &["image", "show", "sidings-inventory-test:none"]);
    assert_eq!((code, stderr.as_str()), (2, "error: the engine has no image sidings-inventory-test:none\n"));
}

#[tokio::test]
async fn what_a_runner_built_is_known_by_its_packages() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("r1", 2).await;
    let pipeline = "build: .\njobs: { look: { steps: [{ run: cat /opt/some/of }] } }\n";
    // Of another content each time, so that it is built.
    let of = format!("{}\n", fleet.path("").display());
    let files = [
        (".sidings.yml", pipeline),
        ("Dockerfile", "FROM debian:bookworm-slim\nRUN mkdir /opt/some\nCOPY some /opt/some\n"),
        ("some/of", of.as_str()),
        ("some/some.dist-info/METADATA", METADATA),
    ];
    let work = tree(fleet.path("work"), &files);
    let sidings = |arguments: &[&str]| fleet.sidings(&work, arguments);
    assert_eq!(sidings(&["image", "find", "Some_Thing"]), (1, "no image has Some_Thing\n".to_owned(), String::new()));
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{view:?}");

    let (code, found, _) = sidings(&["image", "find", "Some_Thing", "--json"]);
    assert_eq!(code, 0, "{found}");
    let found: Value = serde_json::from_str(&found).unwrap();
    let package = &found["packages"][0]["package"];
    assert_eq!((&package["kind"], &package["version"]), (&Value::from("python"), &Value::from("1.0")));
    assert_eq!(package["line"], 3);
    let (_, found, _) = sidings(&["image", "find", "glibc"]);
    assert!(found.lines().any(|line| line.contains(" libc6 ")), "by its source: {found}");

    let (_, listed, _) = sidings(&["image", "list"]);
    let key = listed.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap();
    let (code, shown, stderr) = sidings(&["image", "show", &format!("key:{key}")]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(shown.contains("python  Some_Thing"), "{shown}");
    let (code, _, stderr) = sidings(&["image", "show", "key:0000"]);
    assert_eq!((code, stderr.contains("nothing is known of what is in an image of key 0000")), (2, true), "{stderr}");
    drop(Command::new("docker").args(["rmi", "-f", &format!("sidings/work:{key}")]).output());
}

#[tokio::test]
async fn an_image_that_was_there_before_the_controller_is_known_as_well() {
    let fleet = Fleet::start().await;
    let of = format!("{}\n", fleet.path("").display());
    let files = [
        (".sidings.yml", "build: .\njobs: { look: { steps: [{ run: cat /of }] } }\n"),
        ("Dockerfile", "FROM debian:bookworm-slim\nCOPY of /of\n"),
        ("of", of.as_str()),
    ];
    let work = tree(fleet.path("work"), &files);
    let (code, ran, stderr) = fleet.sidings(&work, &["run", "--project", "test"]);
    assert_eq!(code, 0, "{ran}{stderr}");
    let _runner = fleet.runner("r1", 2).await;
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{view:?}");
    let image = &view.jobs[0].attempts[0].images[0];
    assert!(!image.built, "{image:?}");

    let key = image.key.as_deref().unwrap();
    let (_, listed, _) = fleet.sidings(&work, &["image", "list"]);
    assert!(listed.contains(&key[..12]), "{listed}");
    let (code, shown, _) = fleet.sidings(&work, &["image", "show", &format!("key:{key}")]);
    assert!(code == 0 && shown.contains("base-files"), "{shown}");
    drop(Command::new("docker").args(["rmi", "-f", &image.reference]).output());
}
