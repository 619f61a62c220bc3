//! `.dockerignore` as the Engine's own client reads it.

use crate::scene::docker;
use sidings_environment::ignore::Patterns;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const FILES: [&str; 16] = [
    "README.md",
    "README-secret.md",
    "a.txt",
    "b.md",
    "docs/a.txt",
    "docs/deep/b.md",
    "docs/deep/er/c.txt",
    "docs2",
    "node_modules/x/y.js",
    "src/a.txt",
    "src/main.c",
    "src/temp/x",
    "temp",
    "tempa",
    "[x].md",
    "tömp",
];

const CASES: [&str; 36] = [
    "a.txt",
    "/a.txt",
    "docs/a.txt",
    "deep",
    "docs",
    "docs/",
    "docs/deep",
    "docs/*",
    "*.txt",
    "*/*.txt",
    "*/temp*",
    "temp?",
    "t?mp",
    "**/*.txt",
    "**/deep",
    "docs/**",
    "docs/**/c.txt",
    "**/temp",
    "*.md\n!README.md",
    "*.md\n!README*.md\nREADME-secret.md",
    "*.md\nREADME-secret.md\n!README*.md",
    "!a.txt\na.txt",
    "docs\n!docs/deep",
    "*\n!src",
    "*\n!src\nsrc/*.txt",
    "docs/**\n!docs/a.txt",
    "*\n!docs/deep/er",
    "./a.txt",
    "docs//deep/../a.txt",
    "  a.txt  ",
    "*.txt\n! a.txt",
    "../a.txt",
    "# a.txt\n\nb.md\r\n",
    "[ab].*",
    "[a-c]*",
    r"\[x].md",
];

/// What the client sends of the tree: it is copied into an image of nothing else, and that is listed.
fn sent(folder: &Path, ignore: &str, tag: &str) -> BTreeSet<String> {
    fs::write(folder.join(".dockerignore"), ignore).unwrap();
    let mut client = Command::new("docker");
    let client = client.env("DOCKER_BUILDKIT", "0").args(["build", "-q", "-t", tag]).arg(folder);
    let built = client.output().unwrap();
    // A context of which nothing is left cannot be copied.
    if String::from_utf8_lossy(&built.stderr).contains("no source files") {
        return BTreeSet::new();
    }
    assert!(built.status.success(), "{ignore:?}: {}", String::from_utf8_lossy(&built.stderr));
    let container = docker(&["create", tag, "none"]).remove(0);
    let export = Command::new("docker").args(["export", &container]).output().unwrap().stdout;
    docker(&["rm", &container]);
    docker(&["rmi", tag]);
    let mut archive = tar::Archive::new(export.as_slice());
    let files =
        archive.entries().unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.header().entry_type().is_file());
    let path = |entry: tar::Entry<'_, &[u8]>| entry.path().unwrap().to_str().unwrap().to_owned();
    files.map(path).filter_map(|path| path.strip_prefix("tree/").map(str::to_owned)).collect()
}

#[test]
fn a_context_is_what_the_client_would_send() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY . /tree/\n").unwrap();
    for file in FILES {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    let tag = format!("sidings-test/ignore:{}", uuid::Uuid::new_v4().simple());
    for ignore in CASES {
        let mut expected = sent(folder.path(), ignore, &tag);
        // The client always sends these two, because the Engine needs them.
        expected.retain(|file| file != "Dockerfile" && file != ".dockerignore");
        let patterns = Patterns::parse(ignore).unwrap();
        let kept: BTreeSet<String> =
            FILES.iter().filter(|file| !patterns.leaves_out(Path::new(file))).map(|file| (*file).to_owned()).collect();
        assert_eq!(kept, expected, "{ignore:?}");
    }
}
