//! `sidings image`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `sidings image`.
#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    #[command(subcommand)]
    pub(crate) command: ImageCommand,
}

/// `sidings image …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Print the key of the image that a Dockerfile makes: as long as it stays the same, nothing is built.
    Key(KeyArgs),
}

/// `sidings image key`.
#[derive(Debug, Args)]
#[command(after_help = "\
Files that git does not ignore are taken as they are now, committed or not. No engine is needed; what the base images \
are is asked of the local one, and told when it is not known.")]
pub(crate) struct KeyArgs {
    /// A folder with a Dockerfile; without one the image that this directory's pipeline runs in.
    #[arg(conflicts_with = "env")]
    pub(crate) folder: Option<PathBuf>,
    /// An image of the pipeline, by its name under `images`.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Which pipeline, where the project has several.
    #[arg(long, value_name = "NAME", conflicts_with = "folder")]
    pub(crate) pipeline: Option<String>,
    /// List all that the key is made of, and what no commit pins.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Compare two commits: which of these differ.
    #[arg(long, num_args = 2, value_names = ["REV1", "REV2"], conflicts_with = "explain")]
    pub(crate) diff: Option<Vec<String>>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
