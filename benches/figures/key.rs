//! How long a runner takes to know an environment's key, and so that there is nothing to build: for a checkout of 20,000
//! files that are all copied, with nothing known yet and with every content known from an earlier commit.

use crate::report::{Report, median};
use sidings_environment::{Base, Contents, Order, Place, Reading, Weight};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const FILES: usize = 20_000;
const FOLDERS: usize = 1_000;
const TIMES: usize = 11;
const DOCKERFILE: &str =
    "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y make\nCOPY . /app\nRUN make -C /app\n";
const IGNORE: &str = ".git\n*.md\n**/*.log\n**/node_modules\ndocs/**\n!docs/api.md\nsrc/*/generated\n**/.cache\n";

fn git(root: &Path, args: &[&str]) {
    let user = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"];
    assert!(Command::new("git").current_dir(root).args(user).args(args).status().unwrap().success(), "git {args:?}");
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn checkout(root: &Path) {
    for file in 0..FILES {
        let folder = file % FOLDERS;
        let text = format!("{file}\n").repeat(100 + file % 500);
        write(root, &format!("src/part-{}/folder-{folder}/file-{file}.c", folder % 25), &text);
    }
    write(root, "Dockerfile", DOCKERFILE);
    write(root, ".dockerignore", IGNORE);
    git(root, &["init", "-q"]);
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", "first"]);
}

/// What a runner does before it looks for the image; asking the engine what the base is comes in between.
fn look_up(root: &Path, checked_out: bool, contents: &Contents) -> Weight {
    let place = Place::find(root, ".", "Dockerfile").unwrap();
    let listing = place.listing(checked_out).unwrap();
    let order = Order {
        dockerfile: "Dockerfile".to_owned(),
        text: place.text,
        platform: "linux/amd64".to_owned(),
        ..Order::default()
    };
    let base = Base { id: "sha256:1".to_owned(), ..Base::default() };
    let reading = Reading::new(order).unwrap();
    reading.weigh(&listing, &BTreeMap::from([("debian:bookworm-slim".to_owned(), base)]), contents).unwrap()
}

fn milliseconds(mut deed: impl FnMut()) -> f64 {
    let times = (0..TIMES).map(|_| {
        let start = Instant::now();
        deed();
        start.elapsed().as_secs_f64() * 1e3
    });
    median(&mut times.collect::<Vec<_>>())
}

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    checkout(root);
    let contents = Contents::default();
    let account = look_up(root, true, &contents);
    let warm = milliseconds(|| assert_eq!(look_up(root, true, &contents).key, account.key));
    let cold = milliseconds(|| assert_eq!(look_up(root, true, &Contents::default()).key, account.key));
    let walked = milliseconds(|| assert_eq!(look_up(root, false, &Contents::default()).key, account.key));
    let detail = format!("{FILES} files, all copied, 8 patterns; every content known");
    report.at_most("look-up of a key, nothing changed", warm, 20.0, "ms", &detail);
    let detail = format!("every file read once; a tree that git did not check out {walked:.0} ms");
    report.at_most("look-up of a key, nothing known", cold, 300.0, "ms", &detail);
}
