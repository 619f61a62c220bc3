//! One new key on three engines: what eight jobs that need it cost beyond the same jobs with the image there, against one
//! build by the engine's own client and one transfer by `docker save` and `docker load`; and what the next commit costs.
//! Every engine has its own network namespace and store; all share this machine's processors.

use crate::report::{Report, median};
use crate::support::{Fleet, Hosts, tree};
use sidings_proto::api::RunView;
use sidings_proto::runner::ImageUse;
use sidings_proto::{RunId, Verdict};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 3;
const JOBS: usize = 8;
const ENGINES: usize = 3;

/// Some seconds of work, and a layer of 60 MB.
const DOCKERFILE: &str = "FROM debian:bookworm-slim\nCOPY marker /\n\
    RUN head -c 60000000 /dev/urandom >/data && for n in 1 2 3; do gzip -9 </data >/packed; done; rm /packed\n";

fn pipeline() -> String {
    let job = |n| format!("  j{n}: {{ steps: [{{ run: 'true' }}] }}\n");
    format!("build: .\njobs:\n{}", (1..=JOBS).map(job).collect::<String>())
}

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let name = format!("bench-{}", RunId::new().0.simple());
    let hosts = Hosts::of(&name, 1..=ENGINES);
    let mut runners = Vec::new();
    for host in 1..=ENGINES {
        runners.push(fleet.runner_on(host, 3, &[]).await);
    }
    let pipeline = pipeline();
    let [mut builds, mut transfers, mut firsts, mut seconds] = [const { Vec::new() }; 4];
    let (mut built, mut again, mut moved, mut waste) = (0, 0, 0, 0);
    for round in 0..ROUNDS {
        let marker = format!("{name} {round}\n");
        let files = [(".sidings.yml", pipeline.as_str()), ("Dockerfile", DOCKERFILE), ("marker", marker.as_str())];
        let work = tree(fleet.path("work"), &files);
        fleet.settle().await;
        let (build, transfer) = floor(&work, &name, round);
        builds.push(build);
        transfers.push(transfer);
        hosts.forget(1);
        hosts.forget(2);
        fleet.settle().await;
        let (wall, images) = run(&fleet, &work, &name).await;
        firsts.push(wall);
        built += images.iter().filter(|image| image.built).count();
        moved += images.iter().map(bytes).sum::<u64>();
        tree(work.clone(), &[("README", marker.as_str())]);
        fleet.settle().await;
        let (wall, images) = run(&fleet, &work, &name).await;
        seconds.push(wall);
        again += images.iter().filter(|image| image.built).count();
        waste += images.iter().map(bytes).sum::<u64>();
    }
    let (build, transfer) = (median(&mut builds), median(&mut transfers));
    let (first, second) = (median(&mut firsts), median(&mut seconds));
    report.at_most(
        &format!("{JOBS} jobs on {ENGINES} engines that need one new key, beyond the same jobs with the image there"),
        (first - second) / (build + transfer),
        1.15,
        "× one build and one transfer",
        &format!(
            "{first:.1} s and {second:.1} s; build {build:.1} s, save and load {transfer:.1} s; {:.0} MB moved a round",
            moved as f64 / 1e6 / ROUNDS as f64
        ),
    );
    report.at_most("builds of a new key", built as f64 / ROUNDS as f64, 1.0, "builds", &format!("{ROUNDS} keys"));
    report.at_most("a second commit without relevant changes", again as f64, 0.0, "builds", "");
    report.at_most("a second commit without relevant changes, moved", waste as f64, 0.0, "bytes", "");
}

fn bytes(image: &ImageUse) -> u64 {
    image.fetched.as_ref().and_then(|fetched| fetched.bytes).unwrap_or(0)
}

/// Seconds to the verdict, and what the jobs did for their image.
async fn run(fleet: &Fleet, work: &Path, name: &str) -> (f64, Vec<ImageUse>) {
    let began = Instant::now();
    let (code, stdout, stderr) = fleet.sidings(work, &["submit", "--project", name, "--json"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let run = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
    let view = fleet.client.until_ended(run).await;
    let took = began.elapsed().as_secs_f64();
    assert_eq!(view.summary.verdict, Some(Verdict::Passed));
    (took, view.jobs.iter().filter_map(|job| job.attempts.last()?.images.first().cloned()).collect())
}

/// What one build on the first engine costs, and bringing what it made to the second one.
fn floor(work: &Path, name: &str, round: usize) -> (f64, f64) {
    let image = format!("sidings-bench/{name}:{round}");
    let label = format!("dev.sidings.project={name}");
    let began = Instant::now();
    let mut build = docker(1);
    // The builder that every client has.
    build.env("DOCKER_BUILDKIT", "0").args(["build", "--quiet", "--no-cache", "--label", &label, "-t", &image, "."]);
    assert!(build.current_dir(work).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    let built = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let mut save = docker(1).args(["save", &image]).stdout(Stdio::piped()).spawn().unwrap();
    let saved = save.stdout.take().unwrap();
    assert!(docker(2).args(["load", "--quiet"]).stdin(saved).stdout(Stdio::null()).status().unwrap().success());
    assert!(save.wait().unwrap().success());
    (built, began.elapsed().as_secs_f64())
}

fn docker(host: usize) -> Command {
    let mut command = Command::new("docker");
    command.args(["--host", &Hosts::engine(host)]);
    command
}
