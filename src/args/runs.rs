//! Commands about runs on a controller.

use super::choice::Wanted;
use super::global::{ProjectChoice, Remote};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, value_parser};
use sidings_proto::api::RunStage;
use std::path::PathBuf;

/// `sidings submit`.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// A repository, instead of this tree: https://…, ssh://… or file:///…
    #[arg(long, value_name = "URL", requires = "what")]
    pub(crate) repo: Option<String>,
    /// The commit of --repo to run, 40 hex digits.
    #[arg(long, value_name = "SHA", requires = "repo", group = "what")]
    pub(crate) commit: Option<String>,
    /// The branch or tag of --repo to run.
    #[arg(long = "ref", value_name = "REF", requires = "repo", group = "what")]
    pub(crate) reference: Option<String>,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Follow the run to its end; the exit code is then the run's.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// With --follow: lines as they come, also on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Print the run as JSON; progress goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// How many, 500 at most.
    #[arg(short = 'n', long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=500), value_name = "NUMBER")]
    pub(crate) limit: u32,
    /// Only this project's.
    #[arg(long, env = "SIDINGS_PROJECT", value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Only of this branch, or of refs/…
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    /// Only of commits whose author begins so.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,
    /// Only those in this state
    #[arg(long, value_name = "STATE", value_parser = stages())]
    pub(crate) state: Option<RunStage>,
    /// Only those of which a job ran in the image whose key begins so.
    #[arg(long, value_name = "KEY", value_parser = super::image::image_key)]
    pub(crate) image: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// A word for where runs are.
fn stages() -> impl TypedValueParser<Value = RunStage> {
    let known = PossibleValuesParser::new(RunStage::ALL.map(RunStage::as_str));
    known.try_map(|word| RunStage::named(&word).ok_or("there is no such state"))
}

/// `sidings show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// An id, `project@7`, `7` or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings open`.
#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// An id, `project@7`, `7` or `latest`; all runs when none.
    pub(crate) run: Option<String>,
    /// Only print the address.
    #[arg(long)]
    pub(crate) print: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The run to look at first: an id, `project@7`, `7` or `latest`; the newest when none.
    pub(crate) run: Option<String>,
    /// Only this project's runs.
    #[arg(long, env = "SIDINGS_PROJECT", value_name = "NAME")]
    pub(crate) project: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// A run (an id, `project@7`, `7` or `latest`), or a job's id.
    #[arg(default_value = "latest", value_name = "RUN|JOB-ID")]
    pub(crate) subject: String,
    /// Only this job of the run; left out when a job's id was given.
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    /// Only this step or service, by its name or number; `setup` is what came before the first.
    #[arg(value_name = "STEP")]
    pub(crate) step: Option<String>,
    /// Go on until the end.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Put each line's time before it.
    #[arg(long)]
    pub(crate) timestamps: bool,
    /// An earlier attempt of the job, by its number.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) attempt: Option<u64>,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings tests`.
#[derive(Debug, Args)]
pub(crate) struct TestsArgs {
    /// An id, `project@7`, `7` or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Only this job's.
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    /// Only those that failed, all of them.
    #[arg(long)]
    pub(crate) failed: bool,
    /// Only the slowest of each job, so many of them.
    #[arg(long, value_name = "NUMBER", conflicts_with = "failed", value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) slowest: Option<u32>,
    /// What became of this test in the project's last runs: its name, or `suite::name`.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["run", "job", "failed", "slowest"])]
    pub(crate) history: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings artifacts`.
#[derive(Debug, Args)]
pub(crate) struct ArtifactsArgs {
    /// An id, `project@7`, `7` or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Only this job's, by its name.
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    /// Download them into this folder, which is new or empty: those of one job as they are, those of a run in a
    /// folder for each job.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, conflicts_with = "output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// An id, `project@7`, `7` or `latest`.
    pub(crate) run: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings approve`.
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// An id, `project@7`, `7` or `latest`.
    pub(crate) run: String,
    /// The job, by its name.
    pub(crate) job: String,
    /// Print the run as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings retry`.
#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    /// An id, `project@7`, `7` or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Do not run jobs again that passed.
    #[arg(long)]
    pub(crate) failed: bool,
    /// Take the images that the earlier run took, by their digests.
    #[arg(long)]
    pub(crate) exact: bool,
    /// Follow the new run to its end; the exit code is then the run's.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// With --follow: lines as they come, also on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Print the new run as JSON; progress goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
