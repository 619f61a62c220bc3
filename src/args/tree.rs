//! Commands about the directory they are started in.

use super::choice::Wanted;
use super::cleaning::Cleaning;
use super::global::{ProjectChoice, Remote};
use super::reach::{Reach, RegistryAccess};
use super::secrets::SecretsFile;
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
    pub(crate) wanted: Wanted,
    /// Run again whenever a file changes, until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Open a shell in the container of a step that fails, before it is removed.
    #[arg(long, conflicts_with_all = ["watch", "json"])]
    pub(crate) shell: bool,
    #[command(flatten)]
    pub(crate) capacity: Capacity,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Lines as they come, also on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Print the run as JSON on stdout at the end; progress goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) secrets: SecretsFile,
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

/// `sidings import`.
#[derive(Debug, Args)]
#[command(after_help = "\
What could not be carried over, or means something else here, is listed on stderr and stands in the file as a comment.")]
pub(crate) struct ImportArgs {
    /// The other CI's file; `-` is the standard input. If it is the only one here, it need not be named.
    pub(crate) file: Option<PathBuf>,
    /// Whose language it is in, where its name and its keys do not tell.
    #[arg(long, value_name = "CI")]
    pub(crate) from: Option<ImportOrigin>,
    /// Where the pipeline goes; `-` is the standard output. A file that is there stays as it is.
    #[arg(long, short, default_value = sidings_pipeline::FILE)]
    pub(crate) output: PathBuf,
}

/// Whose pipeline is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ImportOrigin {
    /// `.gitlab-ci.yml`.
    Gitlab,
    /// A workflow of GitHub Actions.
    Github,
    /// `.woodpecker.yml`.
    Woodpecker,
}

impl ImportOrigin {
    pub(crate) fn origin(self) -> sidings_import::Origin {
        match self {
            ImportOrigin::Gitlab => sidings_import::Origin::Gitlab,
            ImportOrigin::Github => sidings_import::Origin::Github,
            ImportOrigin::Woodpecker => sidings_import::Origin::Woodpecker,
        }
    }
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
    pub(crate) registry: RegistryAccess,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings gc`.
#[derive(Debug, Args)]
#[command(after_help = "\
What a container is made from, what was used a short while ago and what Sidings did not make stays. The build cache goes \
first, as far as no image has it; then the images that were not used for the longest time.")]
pub(crate) struct GcArgs {
    /// Say what would go, and remove nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove all that may go, however much is free.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) cleaning: Cleaning,
    #[command(flatten)]
    pub(crate) least_free: LeastFree,
}

/// `sidings completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Your shell.
    pub(crate) shell: clap_complete::Shell,
}

/// `sidings man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder for the pages, such as ~/.local/share/man/man1; made where it is missing.
    pub(crate) folder: PathBuf,
}
