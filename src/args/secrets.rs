//! `sidings secret`, and the file of secrets for runs on this machine.

use super::global::{ProjectChoice, Remote};
use clap::{Args, Subcommand};
use sidings_proto::Trigger;
use std::path::PathBuf;

/// `sidings secret`.
#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    #[command(subcommand)]
    pub(crate) command: SecretCommand,
}

/// `sidings secret …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Keep a secret, in place of an earlier one of this name; its value comes from stdin, or a file.
    Set(SecretSet),
    /// List secrets, without their values: nothing ever shows those.
    List(SecretList),
    /// Forget a secret.
    Rm(SecretRemove),
}

/// For which projects a secret is kept; one of these.
#[derive(Clone, Debug, Args)]
pub(crate) struct For {
    #[command(flatten)]
    pub(crate) project: ProjectChoice,
    /// For all projects whose names begin with this and a `/`, instead of one.
    #[arg(long, value_name = "NAME", conflicts_with = "project")]
    pub(crate) group: Option<String>,
    /// For every project.
    #[arg(long, conflicts_with_all = ["project", "group"])]
    pub(crate) all_projects: bool,
}

/// `sidings secret set`.
#[derive(Debug, Args)]
#[command(after_help = "\
One line end at the end of a single line is cut off; a value of several lines is kept as it is. The value must have at \
least 6 bytes, so that it can be masked in logs, and at most 64 KiB.")]
pub(crate) struct SecretSet {
    /// What pipelines call it: letters, digits, `_`, `-` and `.`, a letter or `_` first.
    pub(crate) name: String,
    /// Take the value from this file instead of stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
    /// Only for runs of this event; may be repeated [default: all but pull_request]
    #[arg(long = "event", value_parser = event, value_name = "EVENT")]
    pub(crate) events: Vec<Trigger>,
    /// Only for runs of branches with this pattern, such as `main` or `release/*`; may be repeated.
    #[arg(long = "branch", value_name = "PATTERN")]
    pub(crate) branches: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept_for: For,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings secret list`.
#[derive(Debug, Args)]
pub(crate) struct SecretList {
    /// Only those that this project may get, its groups' among them.
    #[arg(long, env = "SIDINGS_PROJECT", value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings secret rm`.
#[derive(Debug, Args)]
pub(crate) struct SecretRemove {
    /// Its name.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) kept_for: For,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// Where secrets come from when the controller is in this process.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SecretsFile {
    /// Secrets for all projects, a `NAME=value` a line; nobody else may be able to read the file.
    #[arg(long, env = "SIDINGS_SECRETS_FILE", value_name = "FILE")]
    pub(crate) secrets_file: Option<PathBuf>,
}

fn event(text: &str) -> Result<Trigger, String> {
    let known = "push, tag, pull_request, manual, schedule or api";
    serde_json::from_value(text.into()).map_err(|_| format!("expected {known}"))
}
