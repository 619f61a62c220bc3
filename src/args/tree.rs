//! Commands about the directory they are started in.

use super::global::{ProjectChoice, Remote};
use super::serve::{Capacity, LeastFree};
use clap::Args;
use std::path::PathBuf;

/// `sidings run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Files that git does not ignore are taken as they are now, committed or not. Ctrl-C cancels the run in order; a second \
one ends at once. The whole logs of the last run stay in $XDG_CACHE_HOME/sidings/logs/<project>.")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) capacity: Capacity,
    /// Lines as they come, also on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Print the run as JSON on stdout at the end; progress goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
}

/// `sidings lint`.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// The pipeline file, or the directory it is in.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sidings init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The project's directory.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

/// `sidings doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) least_free: LeastFree,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Your shell.
    pub(crate) shell: clap_complete::Shell,
}
