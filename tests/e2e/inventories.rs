//! What the command line says of an image that a run built: its packages by line, against another one, as documents.

use crate::support::{Fleet, run, tree};
use serde_json::Value;
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
