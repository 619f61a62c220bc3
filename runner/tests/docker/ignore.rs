//! `.dockerignore` as the builder's own client reads it.
//!
//! Clients of 20.10 look into a folder that is left out only when a pattern that takes back begins with its name; newer
//! ones, and this reader, look further (`*` then `!**/*.c`). Such patterns are told in the reader's own tests.

use sidings_environment::ignore::Patterns;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const FILES: [&str; 19] = [
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
    ".hidden",
    "src/.hidden/y",
    "a-b/c",
];

const CASES: [&str; 77] = [
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
    "docs/*\n!docs/deep/er",
    "**/*.md\n!docs",
    "*\n!docs/deep/er\ndocs/deep/er/c.txt",
    "docs/**/er",
    "**/deep/**",
    "**/d*",
    "/",
    "./",
    "..",
    ".",
    "src/**/x",
    "**/.hidden",
    "a-b",
    "a-b/c",
    "*/deep\n!docs/deep/b.md",
    "!docs\ndocs",
    "docs/deep\n!docs",
    "*.txt\n!a.txt\na.txt",
    "tem*\n!temp",
    "?.txt",
    "**/?.txt",
    "**a.txt",
    "do**",
    "docs**",
    "[!a].txt",
    "[^a].txt",
    "*\n!./src",
    "*\n!/src",
    "#x\na.txt",
    "\\#x",
    "src/",
    "!src",
    "node_modules/**/y.js",
    "node_modules/*/*",
    "docs/de?p",
    "*/*/b.md",
    "**/er/*",
    "*.[mt]*",
    "**/*",
    "*/",
    "**/*.*\n!*.md",
];

/// Clients at the same time.
const AT_ONCE: usize = 4;

/// The first client on the path that builds with BuildKit.
fn client() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let clients = std::env::split_paths(&path).map(|folder| folder.join("docker")).filter(|client| client.is_file());
    let builds = |client: &PathBuf| {
        let help = Command::new(client).env("DOCKER_BUILDKIT", "1").args(["build", "--help"]).output();
        help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--output"))
    };
    clients.into_iter().find(builds).expect("this test needs a docker client with BuildKit: docker.io or docker-buildx")
}

/// What the builder gets of the tree: it is copied into an image of nothing else.
fn sent(client: &Path, folder: &Path, ignore: &str) -> BTreeSet<String> {
    fs::write(folder.join(".dockerignore"), ignore).unwrap();
    let mut build = Command::new(client);
    let build = build.env("DOCKER_BUILDKIT", "1").args(["build", "--output", "type=tar,dest=-"]).arg(folder);
    let built = build.output().unwrap();
    assert!(built.status.success(), "{ignore:?}: {}", String::from_utf8_lossy(&built.stderr));
    let mut archive = tar::Archive::new(built.stdout.as_slice());
    let files =
        archive.entries().unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.header().entry_type().is_file());
    let path = |entry: tar::Entry<'_, &[u8]>| entry.path().unwrap().to_str().unwrap().to_owned();
    files.map(path).filter_map(|path| path.strip_prefix("tree/").map(str::to_owned)).collect()
}

fn tree() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY . /tree/\n").unwrap();
    for file in FILES {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    folder
}

/// The cases in which the builder gets other files than the reader tells.
fn wrong(client: &Path, cases: &[&str]) -> Vec<String> {
    let folder = tree();
    let mut wrong = Vec::new();
    for ignore in cases {
        let mut expected = sent(client, folder.path(), ignore);
        expected.retain(|file| file != "Dockerfile" && file != ".dockerignore");
        let patterns = Patterns::parse(ignore).unwrap();
        let kept: BTreeSet<String> =
            FILES.iter().filter(|file| !patterns.leaves_out(Path::new(file))).map(|file| (*file).to_owned()).collect();
        if kept != expected {
            wrong.push(format!("{ignore:?}: {kept:?} and not {expected:?}"));
        }
    }
    wrong
}

#[test]
fn a_context_is_what_the_client_would_send() {
    let client = client();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts = CASES.chunks(CASES.len().div_ceil(AT_ONCE));
        let threads: Vec<_> = parts.map(|cases| scope.spawn(|| wrong(&client, cases))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
