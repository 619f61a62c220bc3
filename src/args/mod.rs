//! The command line as clap reads it. The doc comments are the help texts; nothing here does anything.

mod audit;
mod choice;
mod cleaning;
mod examples;
mod global;
mod image;
mod lock;
mod project;
mod reach;
mod runners;
mod runs;
mod secrets;
mod serve;
mod split;
mod tree;
mod webhook;

pub(crate) use audit::ShowAuditArgs;
pub(crate) use examples::command;
pub(crate) use global::{Global, LogFormat, ProjectChoice, Remote, Trust};
pub(crate) use image::{
    AuditArgs, DiffImagesArgs, FailOn, FindPackageArgs, ImageArgs, ImageCommand, KeyArgs, ListImagesArgs, SbomArgs,
    SbomFormat, ShowImageArgs, TraceArgs, image_key,
};
pub(crate) use lock::LockArgs;
pub(crate) use project::{
    HookArgs, HookCommand, ProjectAdd, ProjectArgs, ProjectCommand, TokenArgs, TokenCommand, TokenCreate,
};
pub(crate) use reach::RegistryAccess;
pub(crate) use runners::{DrainRunner, QueueArgs, ResumeRunner, RunnersArgs, RunnersCommand};
pub(crate) use runs::{
    ApproveArgs, ArtifactsArgs, CancelArgs, LogsArgs, OpenArgs, RetryArgs, RunsArgs, ShowArgs, SubmitArgs, TestsArgs,
    WatchArgs,
};
pub(crate) use secrets::{For, SecretArgs, SecretCommand, SecretRemove, SecretSet};
pub(crate) use serve::{
    Capacity, ControllerArgs, DataFolder, EngineChoice, LeastFree, Listen, RunnerArgs, StoreChoice, UpArgs,
};
pub(crate) use split::{
    SplitArgs, SplitCommand, SplitDoctorArgs, SplitGrindArgs, SplitOfRun, SplitPlanArgs, SplitReproArgs,
    SplitStatusArgs,
};
pub(crate) use tree::{
    CompletionsArgs, DoctorArgs, GcArgs, ImportArgs, ImportOrigin, InitArgs, LintArgs, ManArgs, RunArgs,
};
pub(crate) use webhook::{FormatChoice, WebhookAdd, WebhookArgs, WebhookCommand, WebhookTest};

use clap::{Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
    0  passed; what was asked is done
    1  failed: the run that was followed, or a check of `doctor`
    2  the command line is wrong, or names something that is not there
    3  the run that was followed was cancelled
   64  the pipeline, a setting or a token is wrong
   69  the controller or the container engine cannot be reached
   70  Sidings itself failed
  130  interrupted (Ctrl-C)";

/// Builds a project's commits in images made from the project's own Dockerfile, in parallel isolated containers.
#[derive(Debug, Parser)]
#[command(name = "sidings", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run this directory's pipeline here, on the local engine, uncommitted changes included; needs no server.
    Run(RunArgs),
    /// Check a pipeline file and show everything that is wrong with it.
    Lint(LintArgs),
    /// Write down which images this directory's pipelines mean, with their digests: `.sidings.lock`.
    Lock(LockArgs),
    /// Write a first `.sidings.yml` (and a Dockerfile, when there is none) for this directory.
    Init(InitArgs),
    /// Make a `.sidings.yml` of another CI's pipeline: GitLab, GitHub Actions, Woodpecker.
    Import(ImportArgs),
    /// Look at the images that jobs run in.
    Image(ImageArgs),
    /// Print a JSON Schema of `.sidings.yml`, for editors.
    Schema,
    /// Check that this machine can do its part, and say what to do where it cannot.
    Doctor(DoctorArgs),
    /// Clean up this machine's engine: images and build cache that nobody used for long.
    Gc(GcArgs),
    /// Start a controller and a runner in one process.
    Up(UpArgs),
    /// Start a controller: it accepts runs, decides who does what, and remembers.
    Controller(ControllerArgs),
    /// Start a runner: it leases jobs from a controller and carries them out on the local engine.
    Runner(RunnerArgs),
    /// Send this tree, or a commit of a repository, to a controller to be run.
    Submit(SubmitArgs),
    /// List runs, newest first.
    Runs(RunsArgs),
    /// Show a run: its jobs, steps, images and what failed.
    Show(ShowArgs),
    /// Open the page of a run, or of all runs, in the browser.
    Open(OpenArgs),
    /// Watch runs, their jobs and logs on the whole terminal.
    Watch(WatchArgs),
    /// Show the log of a run, a job or a step.
    Logs(LogsArgs),
    /// Look into jobs whose tests are split: who works, why so long, a batch or a test again.
    Split(SplitArgs),
    /// Show the tests of a run, what failed first, or one test from run to run.
    Tests(TestsArgs),
    /// List what a run's jobs left behind, or download it.
    Artifacts(ArtifactsArgs),
    /// Cancel a run.
    Cancel(CancelArgs),
    /// Agree that a job runs which waits for that.
    Approve(ApproveArgs),
    /// Run the same commit again, as a new run.
    Retry(RetryArgs),
    /// Make projects known to the controller, and list them.
    Project(ProjectArgs),
    /// Show which jobs wait, for what, and when they start.
    Queue(QueueArgs),
    /// List the controller's runners, take one out, let it in again.
    Runners(RunnersArgs),
    /// List when projects want runs without being asked.
    Schedules(SchedulesArgs),
    /// Make, list and revoke tokens.
    Token(TokenArgs),
    /// Show who changed what: tokens, secrets, projects, runners, runs.
    Audit(ShowAuditArgs),
    /// Keep, list and forget secrets, which jobs ask for by name.
    Secret(SecretArgs),
    /// Tell receivers of events by HTTP, and see what became of it.
    Webhook(WebhookArgs),
    /// Print a script that completes commands and flags in your shell.
    Completions(CompletionsArgs),
    /// Write a manual page for each command.
    Man(ManArgs),
    /// What a repository's hooks call.
    #[command(hide = true)]
    Hook(HookArgs),
}

/// `sidings schedules`.
#[derive(Debug, clap::Args)]
pub(crate) struct SchedulesArgs {
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Command {
    /// Whether the command stays and serves, so that its log is what people read.
    pub(crate) fn serves(&self) -> bool {
        matches!(self, Command::Up(_) | Command::Controller(_) | Command::Runner(_))
    }
}

#[cfg(test)]
mod json_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod tests;
