//! A fleet of real processes of this build: one controller and any number of runners, each in its own data folder,
//! on loopback, killed when the test ends.

mod browser;
mod client;
mod engines;
mod process;
mod registry;
mod soak;
mod terminal;
mod tree;

pub(crate) use browser::Browser;
pub(crate) use client::{Client, job_of};
pub(crate) use engines::{Hosts, docker, host_address};
pub(crate) use process::Process;
pub(crate) use registry::Registry;
pub(crate) use soak::Soak;
pub(crate) use terminal::Terminal;
pub(crate) use tree::{copy_example, git, tree};

use sidings_proto::AttemptId;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The program under test.
pub(crate) const SIDINGS: &str = env!("CARGO_BIN_EXE_sidings");
pub(crate) const TOKEN: &str = "sat_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A controller, and what runners need to join it.
pub(crate) struct Fleet {
    dir: TempDir,
    listen: String,
    controller: Option<Process>,
    filter: &'static str,
    /// What the controller is told beside the usual, as variables.
    told: Vec<(&'static str, String)>,
    pub(crate) client: Client,
}

impl Fleet {
    /// Starts a controller on a free port.
    pub(crate) async fn start() -> Fleet {
        Fleet::start_as("", Vec::new()).await
    }

    /// The same, with controller and runners that log what passes this filter.
    pub(crate) async fn start_logging(filter: &'static str) -> Fleet {
        Fleet::start_as(filter, Vec::new()).await
    }

    /// The same, with a controller that is told this, as variables.
    pub(crate) async fn start_told(told: Vec<(&'static str, String)>) -> Fleet {
        Fleet::start_as("", told).await
    }

    async fn start_as(filter: &'static str, told: Vec<(&'static str, String)>) -> Fleet {
        need_engine();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let client = Client::new(format!("http://{listen}"), TOKEN);
        let mut fleet = Fleet { dir: TempDir::new().unwrap(), listen, controller: None, client, filter, told };
        fleet.start_controller().await;
        fleet
    }

    /// Starts the controller, again on the same port and data.
    pub(crate) async fn start_controller(&mut self) {
        let data = self.dir.path().join("controller");
        let mut command = std::process::Command::new(SIDINGS);
        command.args(["controller", "--listen", &self.listen, "--data"]).arg(data).env("SIDINGS_API_TOKEN", TOKEN);
        command.envs(self.told.iter().map(|(name, value)| (name, value)));
        self.log_by(&mut command);
        self.controller = Some(Process::spawn("controller", command, self.dir.path()));
        self.client.until_healthy().await;
    }

    /// `kill -9` of the controller.
    pub(crate) fn kill_controller(&mut self) {
        self.controller.take().expect("the controller runs").kill();
    }

    pub(crate) fn controller_pid(&self) -> u32 {
        self.controller.as_ref().expect("the controller runs").pid()
    }

    /// Starts a runner, or a further life of the one with that name.
    pub(crate) async fn runner(&self, name: &str, slots: u32) -> Runner {
        self.start_runner(name, slots).await
    }

    /// Starts a runner and waits until it has said hello.
    pub(crate) async fn warm_runner(&self, name: &str, slots: u32) -> Runner {
        let runner = self.start_runner(name, slots).await;
        self.client.until_runner_is_up(name).await;
        runner
    }

    /// Gives an engine the time to put warm networks back.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    }

    /// Starts a runner with these variables and waits until it has said hello.
    pub(crate) async fn runner_told(&self, name: &str, told: &[(&str, &str)]) -> Runner {
        let runner = self.spawn_runner(name, 2, told).await;
        self.client.until_runner_is_up(name).await;
        runner
    }

    /// Starts a runner whose builds trust what this machine does, for images that fetch packages over https.
    pub(crate) async fn fetching_runner(&self, name: &str, slots: u32) -> Runner {
        self.spawn_runner(name, slots, &[("SIDINGS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")]).await
    }

    /// Starts a runner of so many slots on a further engine of this machine, with these variables.
    pub(crate) async fn runner_on(&self, host: usize, slots: u32, told: &[(&str, &str)]) -> Runner {
        let (name, engine) = (format!("on-{host}"), Hosts::engine(host));
        let told: Vec<_> = [("DOCKER_HOST", engine.as_str())].into_iter().chain(told.iter().copied()).collect();
        let runner = self.spawn_runner(&name, slots, &told).await;
        self.client.until_runner_is_up(&name).await;
        runner
    }

    async fn start_runner(&self, name: &str, slots: u32) -> Runner {
        self.spawn_runner(name, slots, &[]).await
    }

    async fn spawn_runner(&self, name: &str, slots: u32, told: &[(&str, &str)]) -> Runner {
        let data = self.dir.path().join(format!("runner-{name}"));
        let mut command = std::process::Command::new(SIDINGS);
        command
            .args(["runner", "--name", name, "--slots", &slots.to_string()])
            .args(["--controller", self.client.url(), "--data"])
            .arg(&data)
            // However full this machine's disk is.
            .env("SIDINGS_LEAST_FREE", "0")
            .envs(told.iter().copied());
        self.log_by(&mut command);
        if !data.join("runner/identity.json").exists() {
            command.env("SIDINGS_REGISTRATION_TOKEN", self.client.registration_token().await);
        }
        let process = Process::spawn(name, command, self.dir.path());
        Runner { process, data: data.join("runner") }
    }

    fn log_by(&self, command: &mut std::process::Command) {
        if !self.filter.is_empty() {
            command.env("SIDINGS_LOG", self.filter);
        }
    }

    /// Runs the command line against this controller and gives (exit code, stdout, stderr).
    pub(crate) fn sidings(&self, cwd: &Path, args: &[&str]) -> (i32, String, String) {
        let mut command = std::process::Command::new(SIDINGS);
        command.args(args).current_dir(cwd).env("SIDINGS_SERVER", self.client.url()).env("SIDINGS_TOKEN", TOKEN);
        run(command)
    }

    /// A folder of this test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// A runner's process and its data folder.
pub(crate) struct Runner {
    pub(crate) process: Process,
    pub(crate) data: PathBuf,
}

impl Runner {
    /// The workspace of an attempt: a plain folder, so a test can talk to a running step through it.
    pub(crate) fn workspace(&self, attempt: AttemptId) -> PathBuf {
        self.data.join("attempts").join(format!("{}-{}", attempt.job, attempt.fence)).join("workspace")
    }

    /// Waits until nothing of this runner's attempts is left, no container and no folder: a verdict does not wait for
    /// the tidying.
    pub(crate) async fn until_tidy(&self) {
        for _ in 0..600 {
            if self.step_containers().is_empty() && self.folders().is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("containers are left: {:?}, and folders: {:?}", self.step_containers(), self.folders());
    }

    fn folders(&self) -> Vec<PathBuf> {
        let Ok(attempts) = std::fs::read_dir(self.data.join("attempts")) else { return Vec::new() };
        attempts.map_while(Result::ok).map(|folder| folder.path()).collect()
    }

    /// A filter for all that the engine has of this runner.
    pub(crate) fn label(&self) -> String {
        let identity = std::fs::read_to_string(self.data.join("identity.json")).unwrap();
        let identity: serde_json::Value = serde_json::from_str(&identity).unwrap();
        format!("label=dev.sidings.runner={}", identity["runner"].as_str().unwrap())
    }

    /// This runner's containers that belong to an attempt, with what the engine says of them.
    pub(crate) fn step_containers(&self) -> Vec<String> {
        let mut command = std::process::Command::new("docker");
        command.args(["ps", "-a", "--filter", &self.label(), "--filter", "label=dev.sidings.attempt"]);
        command.args(["--format", "{{.ID}} {{.Status}}"]);
        run(command).1.lines().map(str::to_owned).collect()
    }
}

/// Runs a command to its end, with no terminal and no colours.
pub(crate) fn run(mut command: std::process::Command) -> (i32, String, String) {
    let out = command.env("NO_COLOR", "1").stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code().unwrap_or(-1), text(&out.stdout), text(&out.stderr))
}

fn need_engine() {
    let mut command = std::process::Command::new("docker");
    command.args(["image", "inspect", "--format", "{{.Id}}", "debian:bookworm-slim"]);
    let (code, _, stderr) = run(command);
    assert!(code == 0, "these tests need a Docker Engine and the base image (./scripts/test starts them): {stderr}");
}
