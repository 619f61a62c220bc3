//! One key, built by two engines that know nothing of each other: in what the images differ, and in what they do not.

use super::unique;
use crate::support::{Hosts, SIDINGS, docker, git, run, tree};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::process::Command;

const DOCKERFILE: &str =
    "FROM debian:bookworm-slim\nCOPY src /src\nRUN mkdir /made && echo made >/made/file\nENV A=b\n";

/// All of an entry that a layer says, but when it was changed last; and that.
type Files = BTreeMap<String, (String, u64)>;

#[test]
fn two_engines_that_build_one_key_differ_in_times_alone() {
    let folder = tempfile::tempdir().unwrap();
    let name = unique();
    let _hosts = Hosts::of(&name, 1..=2);
    let pipeline = "build: .\njobs:\n  a: { steps: [{ run: cat /made/file }] }\n";
    let files = [(".sidings.yml", pipeline), ("Dockerfile", DOCKERFILE), ("src/a", "one\n"), ("src/b", "two\n")];
    let work = tree(folder.path().join(&name), &files);
    git(&work, &["init", "-q"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "first"]);
    let [one, other] = [1, 2].map(|host| {
        let mut command = Command::new(SIDINGS);
        command.args(["run", "--plain"]).current_dir(&work).env("DOCKER_HOST", Hosts::engine(host));
        let (code, stdout, stderr) = run(command);
        assert_eq!(code, 0, "{stdout}{stderr}");
        image(host, &name, folder.path())
    });

    assert!(one.tag == other.tag && one.id != other.id, "one key, two images");
    assert_eq!(one.settings, other.settings);
    assert_eq!(one.layers.len(), other.layers.len());
    let mut changed = BTreeSet::new();
    for (one, other) in one.layers.iter().zip(&other.layers) {
        let all =
            |files: &Files| files.iter().map(|(path, (what, _))| (path.clone(), what.clone())).collect::<Vec<_>>();
        assert_eq!(all(one), all(other));
        changed.extend(one.iter().filter(|(path, (_, time))| other[*path].1 != *time).map(|(path, _)| path.clone()));
    }
    let copied = ["src/a", "src/b", "usr/share/sidings/Dockerfile"];
    assert!(copied.iter().all(|path| !changed.contains(*path)), "what is copied has the commit's time: {changed:?}");
}

struct Image {
    tag: String,
    id: String,
    /// What containers get from it, its labels but that of the run, and how its layers came about.
    settings: Value,
    /// The lowest first.
    layers: Vec<Files>,
}

fn image(host: usize, project: &str, folder: &Path) -> Image {
    let filter = format!("label=dev.sidings.project={project}");
    let tag = docker(host, &["images", "--filter", &filter, "--format", "{{.Repository}}:{{.Tag}}"]).unwrap();
    let tag = tag.trim().to_owned();
    let saved = folder.join(format!("{host}.tar"));
    docker(host, &["save", "--output", saved.to_str().unwrap(), &tag]).unwrap();
    let json = |name: &str| serde_json::from_slice::<Value>(&entry(&saved, name)).unwrap();
    let manifest = json("manifest.json")[0].clone();
    let config = manifest["Config"].as_str().unwrap();
    let mut settings = json(config)["config"].clone();
    settings["Labels"].as_object_mut().unwrap().remove("dev.sidings.run").unwrap();
    let layers =
        manifest["Layers"].as_array().unwrap().iter().map(|layer| files(&entry(&saved, layer.as_str().unwrap())));
    let layers = layers.collect();
    Image { tag, id: config.to_owned(), settings, layers }
}

/// What is at this path of a tar.
fn entry(archive: &Path, path: &str) -> Vec<u8> {
    let mut archive = tar::Archive::new(std::fs::File::open(archive).unwrap());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let mut found = entries.find(|entry| entry.path().unwrap() == Path::new(path)).unwrap();
    let mut bytes = Vec::new();
    found.read_to_end(&mut bytes).unwrap();
    bytes
}

fn files(layer: &[u8]) -> Files {
    let mut archive = tar::Archive::new(layer);
    let mut files = Files::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let header = entry.header();
        let (mode, uid, gid) = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        let (kind, time) = (header.entry_type(), header.mtime().unwrap());
        let link = entry.link_name().unwrap().map(|to| to.display().to_string());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let content = blake3::hash(&bytes).to_hex();
        files.insert(
            path.trim_end_matches('/').to_owned(),
            (format!("{kind:?} {mode:o} {uid}:{gid} {link:?} {content}"), time),
        );
    }
    files
}
