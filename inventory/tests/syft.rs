//! Images of Debian's own packages, read here and by syft. Both must find the same; where they do not, it is written down
//! here, with the reason.
//!
//! This needs an Engine and a registry of packages: nothing is skipped.

use serde_json::Value;
use sidings_inventory::{Bounds, inventory};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Stage, what only Sidings finds, what only syft finds.
const STAGES: [(&str, &[&str], &[&str]); 5] = [
    ("debian", &[], &[]),
    ("python", &[], &[]),
    ("java", &[], &[]),
    ("node", &[], &[]),
    // Debian builds Go's programs without modules: the version of the program itself is not known. syft takes the word
    // "(devel)", which is no version, for one.
    ("programs", &["pkg:golang/github.com/tianon/gosu"], &["pkg:golang/github.com/tianon/gosu@(devel)"]),
];

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn docker() -> Command {
    let mut docker = Command::new("docker");
    docker.env("DOCKER_BUILDKIT", "0");
    docker
}

/// The image's packages here and there.
fn packages(saved: &Path, syft: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let inventory = inventory(File::open(saved).unwrap(), Bounds::default()).unwrap();
    assert_eq!(inventory.remarks, vec![]);
    let ours = inventory.packages.into_iter().map(|package| package.purl).collect();
    let mut there = Command::new(syft);
    there.args(["-q", "-o", "json"]).arg(format!("docker-archive:{}", saved.display()));
    let told = run(there.env("SYFT_CHECK_FOR_APP_UPDATE", "false"));
    let told: Value = serde_json::from_slice(&told).unwrap();
    let theirs =
        told["artifacts"].as_array().unwrap().iter().map(|package| own_form(package["purl"].as_str().unwrap()));
    (ours, theirs.collect())
}

/// syft adds what a package was built from as a qualifier that the specification does not know.
fn own_form(purl: &str) -> String {
    let Some((start, qualifiers)) = purl.split_once('?') else { return purl.to_owned() };
    let kept: Vec<&str> = qualifiers.split('&').filter(|it| !it.starts_with("upstream=")).collect();
    format!("{start}?{}", kept.join("&"))
}

/// A program with the section that `cargo auditable` writes.
fn audited(folder: &Path) {
    let json = br#"{"packages":[{"name":"serde","version":"1.0.1","source":"crates.io"},{"name":"cc","version":"1.0.5","source":"crates.io","kind":"build"},{"name":"own","version":"0.1.0","source":"local","root":true,"dependencies":[0,1]}]}"#;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(json).unwrap();
    let section = folder.join("section");
    fs::write(&section, packed.finish().unwrap()).unwrap();
    let mut objcopy = Command::new("objcopy");
    objcopy.arg(format!("--add-section=.dep-v0={}", section.display())).arg("/bin/true").arg(folder.join("audited"));
    run(&mut objcopy);
}

/// Images that go when the test ends, however it ends.
struct Images(Vec<String>);

impl Drop for Images {
    fn drop(&mut self) {
        drop(docker().args(["rmi", "-f"]).args(&self.0).output());
    }
}

#[test]
fn syft_finds_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let syft = String::from_utf8(run(&mut Command::new(root.join("scripts/syft")))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(root.join("inventory/tests/syft/Dockerfile"), folder.path().join("Dockerfile")).unwrap();
    audited(folder.path());
    let tag = |stage: &str| format!("sidings-inventory-test:{stage}-{}", std::process::id());
    let build =
        |stage: &str| run(docker().args(["build", "-q", "--target", stage, "-t", &tag(stage)]).arg(folder.path()));
    build("fetched");
    let mut made = Images(vec![tag("fetched")]);
    let mut differ = Vec::new();
    for (stage, only_ours, only_theirs) in STAGES {
        build(stage);
        made.0.push(tag(stage));
        let saved = folder.path().join("saved.tar");
        run(docker().args(["save", "-o"]).arg(&saved).arg(tag(stage)));
        let (ours, theirs) = packages(&saved, syft.trim());
        assert!(ours.len() > 50, "{stage}: a base of Debian has more packages");
        let wanted = |list: &[&str]| list.iter().map(|purl| (*purl).to_owned()).collect::<BTreeSet<_>>();
        let here: BTreeSet<String> = ours.difference(&theirs).cloned().collect();
        let there: BTreeSet<String> = theirs.difference(&ours).cloned().collect();
        if here != wanted(only_ours) || there != wanted(only_theirs) {
            differ.push((stage, here, there));
        }
    }
    assert!(differ.is_empty(), "stage, only here, only in syft: {differ:#?}");
}
