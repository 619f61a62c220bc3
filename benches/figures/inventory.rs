//! What listing all that is in an image of 500 MB takes, by the command that people use, beside reading the same file
//! for its hash alone.

use crate::memory::peak_mb;
use crate::report::{Report, median};
use crate::support::{SIDINGS, tree};
use sidings_proto::RunId;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TIMES: usize = 5;
const PACKAGES: usize = 1_500;
/// Kilobytes of each file that belongs to no package, and their number: with Debian's some 500 MB.
const KILOBYTES: usize = 20;
const FILES: usize = 20_500;

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().unwrap();
    let saved = saved(folder.path());
    let size = std::fs::metadata(&saved).unwrap().len() as f64 / 1e6;
    let (mut floor, mut listed, mut peak) = (Vec::new(), Vec::new(), 0.0_f64);
    for _ in 0..TIMES {
        floor.push(took(Command::new("sha256sum").arg(&saved)).0);
        let mut list = Command::new(SIDINGS);
        let (seconds, most) = took(list.args(["image", "show", "--json"]).arg(&saved));
        listed.push(seconds);
        peak = peak.max(most);
    }
    let (floor, listed) = (median(&mut floor), median(&mut listed));
    let what = format!("inventory of an image of {size:.0} MB");
    let detail = format!(
        "{FILES} files, {PACKAGES} packages of Node.js and Debian's; `sha256sum` of the same file {floor:.2} s"
    );
    report.at_most(&what, listed, 5.0, "s", &detail);
    report.at_most(&format!("{what}, memory"), peak, 128.0, "MB", "the most that was resident");
}

/// An image with many files and packages, as `docker save` writes it.
fn saved(folder: &Path) -> std::path::PathBuf {
    let mut files = vec![("Dockerfile".to_owned(), "FROM debian:bookworm-slim\nCOPY app /app\n".to_owned())];
    for package in 0..PACKAGES {
        let text = format!("{{ \"name\": \"p{package}\", \"version\": \"1.{package}.0\", \"license\": \"MIT\" }}\n");
        files.push((format!("app/node_modules/p{package}/package.json"), text));
    }
    for file in 0..FILES {
        let mut text = String::with_capacity(KILOBYTES * 1000);
        while text.len() < KILOBYTES * 1000 {
            writeln!(text, "{file} {}", text.len()).unwrap();
        }
        files.push((format!("app/data/{}/{file}", file % 200), text));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let context = tree(folder.join("context"), &files);
    let image = format!("sidings-bench/{}", RunId::new().0.simple());
    let saved = folder.join("image.tar");
    docker(&["build", "--quiet", "--tag", &image, context.to_str().unwrap()]);
    docker(&["save", "--output", saved.to_str().unwrap(), &image]);
    docker(&["rmi", &image]);
    saved
}

fn docker(args: &[&str]) {
    let mut command = Command::new("docker");
    command.args(args).env("DOCKER_BUILDKIT", "0").stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success(), "docker {args:?}");
}

/// Seconds, and the most megabytes that it was seen to have resident.
fn took(command: &mut Command) -> (f64, f64) {
    let began = Instant::now();
    let mut process = command.stdout(Stdio::null()).spawn().unwrap();
    let mut most = 0.0_f64;
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            assert!(status.success());
            return (began.elapsed().as_secs_f64(), most);
        }
        most = most.max(peak_mb(process.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(5));
    }
}
