//! Commands about jobs whose tests are split.

use super::global::{ProjectChoice, Remote, Trust, secret};
use super::tree::RunArgs;
use clap::{Args, Subcommand};
use secrecy::SecretString;

/// `sidings split`.
#[derive(Debug, Args)]
pub(crate) struct SplitArgs {
    #[command(subcommand)]
    pub(crate) command: SplitCommand,
}

/// What of it.
#[derive(Debug, Subcommand)]
pub(crate) enum SplitCommand {
    /// Show who works on a job's tests, on which batches, and how long it will take.
    #[command(after_help = "Example: sidings split status api@41 unit --follow")]
    Status(SplitStatusArgs),
    /// Show how long each test of a job is thought to take, and why.
    #[command(after_help = "Example: sidings split plan latest unit --explain")]
    Plan(SplitPlanArgs),
    /// Run a batch of a run again, here: the same tests in the same order.
    #[command(after_help = "Example: sidings split repro 7 --of api@41")]
    Repro(SplitReproArgs),
    /// Check, here, that a job's tests can be split: list them, run some at once and in two batches, and compare.
    #[command(after_help = "Example: sidings split doctor unit")]
    Doctor(SplitDoctorArgs),
    /// Run one test again and again, here.
    #[command(after_help = "Example: sidings split grind tests/test_seats.py::test_rush --times 200")]
    Grind(SplitGrindArgs),
}

/// Which split is meant.
#[derive(Debug, Args)]
pub(crate) struct SplitOfRun {
    /// An id, `project@7`, `7` or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// The job whose tests they are, where the run has several.
    #[arg(value_name = "JOB")]
    pub(crate) suite: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings split status`.
#[derive(Debug, Args)]
pub(crate) struct SplitStatusArgs {
    #[command(flatten)]
    pub(crate) of: SplitOfRun,
    /// Show it until every test has its verdict; ends with 1 when it is red.
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) follow: bool,
}

/// `sidings split plan`.
#[derive(Debug, Args)]
pub(crate) struct SplitPlanArgs {
    #[command(flatten)]
    pub(crate) of: SplitOfRun,
    /// Say where each estimate comes from.
    #[arg(long)]
    pub(crate) explain: bool,
}

/// `sidings split repro`.
#[derive(Debug, Args)]
pub(crate) struct SplitReproArgs {
    /// Its number, as `sidings split status` shows it.
    pub(crate) batch: u64,
    /// The run: an id, `project@7`, `7` or `latest`.
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) of: String,
    /// The job whose tests they are, where the run has several.
    #[arg(long, value_name = "JOB")]
    pub(crate) suite: Option<String>,
    /// Print the tests and run none.
    #[arg(long)]
    pub(crate) print: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The controller's address.
    #[arg(long, env = "SIDINGS_SERVER", default_value = "http://127.0.0.1:7117", value_name = "URL")]
    server: String,
    /// An API token.
    #[arg(long, env = "SIDINGS_TOKEN", hide_env_values = true, value_parser = secret)]
    token: Option<SecretString>,
}

impl SplitReproArgs {
    /// Where the batch was. Certificates are the same for that and for the run.
    pub(crate) fn remote(&self) -> Remote {
        let trust = Trust { ca_bundle: self.run.reach.ca_bundle.clone() };
        Remote { server: self.server.clone(), token: self.token.clone(), trust }
    }
}

/// `sidings split grind`.
#[derive(Debug, Args)]
pub(crate) struct SplitGrindArgs {
    /// The test, as its runner calls it.
    #[arg(value_name = "NAME")]
    pub(crate) test: String,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// `sidings split doctor`.
#[derive(Debug, Args)]
pub(crate) struct SplitDoctorArgs {
    /// The job whose tests they are, where the pipeline has several with `tests`.
    #[arg(value_name = "JOB")]
    pub(crate) suite: Option<String>,
    /// How many tests are tried; at least 2.
    #[arg(long, value_name = "NUMBER", default_value_t = 6, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub(crate) sample: u32,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}
