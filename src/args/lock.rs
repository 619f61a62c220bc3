//! `sidings lock`.

use super::reach::RegistryAccess;
use clap::Args;
use std::path::PathBuf;

/// `sidings lock`.
#[derive(Debug, Args)]
#[command(after_help = "\
Digests that are in the file stay as they are until --update asks for them. The local engine asks the registries, with \
the credentials of Docker's config.json unless --registry-auth names others.

Exit codes: 0 the lock file is whole; 1 something could not be locked (the rest is), or --check found something; \
64 a pipeline or the lock file is wrong; 69 there is no engine to ask.")]
pub(crate) struct LockArgs {
    /// The project's directory.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Take what the registries have now: for these references, or for all where none is named.
    #[arg(long, num_args = 0.., value_name = "NAME")]
    pub(crate) update: Option<Vec<String>>,
    /// Write nothing and ask no registry: say what the file lacks, and what nothing needs any more.
    #[arg(long, conflicts_with = "update")]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) registry: RegistryAccess,
}
