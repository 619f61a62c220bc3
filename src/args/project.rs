//! Commands about projects and tokens, and what a repository's hook calls.

use super::global::Remote;
use clap::{Args, Subcommand, ValueEnum};
use sidings_proto::{TokenId, api};
use std::path::PathBuf;

/// `sidings project`.
#[derive(Debug, Args)]
pub(crate) struct ProjectArgs {
    #[command(subcommand)]
    pub(crate) command: ProjectCommand,
}

/// `sidings project …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Make a project known. A local bare repository gets a hook, so that a push makes a run.
    Add(ProjectAdd),
    /// List the projects.
    List(Listing),
}

/// Where to list from, and how.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings project add`.
#[derive(Debug, Args)]
pub(crate) struct ProjectAdd {
    /// Lower-case letters, digits, `-`, `_`, `.` and `/`.
    pub(crate) name: String,
    /// The repository: a folder on this machine, or https://…, ssh://… or file:///…
    #[arg(long, value_name = "PATH|URL")]
    pub(crate) repo: String,
    /// The default branch [default: what the repository's HEAD names, else main]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) default_branch: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// `sidings token …`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; it is printed this once.
    Create(TokenCreate),
    /// List the tokens, without their secrets.
    List(Listing),
    /// Make a token worthless, at once.
    Revoke(TokenRevoke),
}

/// `sidings token create`.
#[derive(Debug, Args)]
pub(crate) struct TokenCreate {
    /// What people call it.
    pub(crate) name: String,
    /// What it opens.
    #[arg(long, value_enum, default_value_t = KindChoice::Api)]
    pub(crate) kind: KindChoice,
    /// What its holder may do, through the API and the page; everything unless told. For --kind api.
    #[arg(long, value_enum)]
    pub(crate) role: Option<RoleChoice>,
    /// The project whose pushes it may report; for --kind push.
    #[arg(long, required_if_eq("kind", "push"), value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Gone after this time, such as `90m`, `12h` or `30d`.
    #[arg(long, value_parser = lifetime, value_name = "TIME")]
    pub(crate) expires_in: Option<u64>,
    /// Gone after its first use; for --kind registration.
    #[arg(long)]
    pub(crate) single_use: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings token revoke`.
#[derive(Debug, Args)]
pub(crate) struct TokenRevoke {
    /// The token's id, as `sidings token list` shows it.
    #[arg(value_parser = token_id)]
    pub(crate) id: TokenId,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindChoice {
    /// The API, whole.
    Api,
    /// Only pushes of one project: what a repository's hook holds.
    Push,
    /// The enrolment of runners.
    Registration,
}

/// What the holder of an API token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleChoice {
    /// Reads runs, logs, tests, runners.
    Viewer,
    /// Also starts, cancels, retries and approves runs.
    Maintainer,
    /// Everything: also projects, tokens, secrets.
    Admin,
}

impl From<RoleChoice> for sidings_proto::Role {
    fn from(role: RoleChoice) -> sidings_proto::Role {
        match role {
            RoleChoice::Viewer => sidings_proto::Role::Viewer,
            RoleChoice::Maintainer => sidings_proto::Role::Maintainer,
            RoleChoice::Admin => sidings_proto::Role::Admin,
        }
    }
}

impl From<KindChoice> for api::TokenKind {
    fn from(kind: KindChoice) -> api::TokenKind {
        match kind {
            KindChoice::Api => api::TokenKind::Api,
            KindChoice::Push => api::TokenKind::Push,
            KindChoice::Registration => api::TokenKind::Registration,
        }
    }
}

/// `sidings hook`.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    pub(crate) command: HookCommand,
}

/// `sidings hook …`.
#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Report pushed refs, as git gives them on stdin; never fails.
    PostReceive {
        /// The repository's folder.
        #[arg(long, env = "GIT_DIR", default_value = ".")]
        repo: PathBuf,
    },
}

/// Tokens have names as well, which need not be different: only an id is sure to mean one.
fn token_id(text: &str) -> Result<TokenId, String> {
    text.parse().map_err(|_| "expected an id, as `sidings token list` shows it first".to_owned())
}

pub(super) fn lifetime(text: &str) -> Result<u64, String> {
    let wrong = || "expected a number and a unit, as in `90m`, `12h` or `30d`".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit: u64 = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).filter(|ms| *ms > 0).ok_or_else(wrong)
}
