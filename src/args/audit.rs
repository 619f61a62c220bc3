//! The command about who changed what.

use super::global::Remote;
use super::project::lifetime;
use clap::Args;

/// `sidings audit`.
#[derive(Debug, Args)]
pub(crate) struct ShowAuditArgs {
    /// Only what was changed since so long: `90m`, `12h`, `30d`.
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    pub(crate) since: Option<u64>,
    /// How many lines, the newest ones.
    #[arg(short = 'n', long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) limit: u64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
