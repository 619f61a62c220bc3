//! Commands about the fleet.

use super::global::Remote;
use clap::{Args, Subcommand};

/// `sidings runners`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunnersArgs {
    #[command(subcommand)]
    pub(crate) command: Option<RunnersCommand>,
    #[command(flatten)]
    pub(crate) list: ListRunners,
}

/// What is done to a runner.
#[derive(Debug, Subcommand)]
pub(crate) enum RunnersCommand {
    /// Take a runner out: it finishes what it has and gets nothing new, over restarts too, until `resume`.
    Drain(DrainRunner),
    /// Let a runner in again that was taken out.
    Resume(ResumeRunner),
}

/// All of them.
#[derive(Debug, Args)]
pub(crate) struct ListRunners {
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sidings queue`.
#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sidings runners drain`.
#[derive(Debug, Args)]
pub(crate) struct DrainRunner {
    /// What `sidings runners` calls it; several of one name are all meant.
    pub(crate) name: String,
    /// Come back only when it has finished what it had. Ctrl-C leaves it drained.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings runners resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeRunner {
    /// What `sidings runners` calls it; several of one name are all meant.
    pub(crate) name: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
