//! Many keys under a small budget: far more is built than may be kept, on an engine that nothing else uses.

use super::{Fleet, Hosts, SIDINGS, tree};
use serde_json::Value;
use sidings_proto::Verdict;
use sidings_proto::api::RunView;
use std::process::Command;

/// How much of it.
pub(crate) struct Soak {
    /// The engine.
    pub(crate) host: usize,
    /// Runs, one after the other …
    pub(crate) runs: usize,
    /// … of so many jobs, each with an image of its own …
    pub(crate) jobs: usize,
    /// … which has so many megabytes above its base, …
    pub(crate) megabytes: usize,
    /// … where so many megabytes may be kept of all of them.
    pub(crate) budget: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Soaked {
    pub(crate) built: usize,
    /// Jobs that did not pass, or not at once.
    pub(crate) failed: Vec<String>,
    /// What was kept after each run, in bytes.
    pub(crate) kept: Vec<u64>,
    /// What is kept in the end.
    pub(crate) left: u64,
    /// Images that are left.
    pub(crate) images: usize,
}

impl Soak {
    /// A runner builds it all, beside its own clean-up; nothing is too young to go.
    pub(crate) async fn run(&self, fleet: &Fleet, project: &str) -> Soaked {
        let budget = format!("{}MB", self.budget);
        let told = [("SIDINGS_IMAGE_BUDGET", budget.as_str()), ("SIDINGS_IMAGE_GRACE", "0s")];
        let _runner = fleet.runner_on(self.host, 3, &told).await;
        let mut soaked = Soaked::default();
        for run in 0..self.runs {
            let view = self.one(fleet, project, run).await;
            for job in &view.jobs {
                let log = fleet.client.log_if_any(job, 0).await;
                if job.verdict != Some(Verdict::Passed) || job.attempts.len() != 1 {
                    soaked.failed.push(format!("{}: {:?}\n{log}", job.name, job.verdict));
                }
                let images = job.attempts.iter().flat_map(|attempt| &attempt.images);
                soaked.built += images.filter(|image| image.built).count();
            }
            soaked.kept.push(self.kept().0);
        }
        (soaked.left, soaked.images) = self.until_kept().await;
        soaked
    }

    async fn one(&self, fleet: &Fleet, project: &str, run: usize) -> RunView {
        let job =
            |n| format!("  k{n}: {{ build: {{ args: {{ N: {run}-{n} }} }}, steps: [{{ run: 'test -s /noise' }}] }}\n");
        let pipeline = format!("jobs:\n{}", (0..self.jobs).map(job).collect::<String>());
        let dockerfile = format!(
            "FROM debian:bookworm-slim\nARG N\nRUN : $N && head -c {}000000 /dev/urandom >/noise\n",
            self.megabytes
        );
        let files = [(".sidings.yml", pipeline.as_str()), ("Dockerfile", dockerfile.as_str())];
        let work = tree(fleet.path("soak"), &files);
        let (code, stdout, stderr) = fleet.sidings(&work, &["submit", "--project", project, "--json"]);
        assert_eq!(code, 0, "{stdout}{stderr}");
        let id = serde_json::from_str::<RunView>(&stdout).unwrap().summary.id;
        fleet.client.until_ended(id).await
    }

    /// Waits until the runner has cleaned up after the last job; what is kept then, and how many images.
    async fn until_kept(&self) -> (u64, usize) {
        for _ in 0..600 {
            let (bytes, images) = self.kept();
            if bytes <= self.budget * 1_000_000 {
                return (bytes, images);
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        self.kept()
    }

    fn kept(&self) -> (u64, usize) {
        let mut command = Command::new(SIDINGS);
        command.args(["gc", "--dry-run", "--json"]).env("DOCKER_HOST", Hosts::engine(self.host));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let images = ["removed", "stays"].map(|list| report[list].as_array().unwrap().len());
        (report["bytes_before"].as_u64().unwrap(), images.iter().sum())
    }
}
