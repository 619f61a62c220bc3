//! The one binary of Sidings: it reads its arguments, does one command, and ends with a documented exit code.

mod args;
mod browser;
mod client;
mod commands;
mod exit;
mod folders;
mod follow;
mod near;
mod reference;
mod render;
mod secrets_file;
mod signals;
mod snapshot;
mod telemetry;
mod watch;
mod worktree;

use clap::FromArgMatches;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::Cli::from_arg_matches(&args::command().get_matches()).unwrap_or_else(|error| error.exit());
    cli.global.color.into_choice().write_global();
    telemetry::start(&cli.global, cli.command.serves());
    commands::run(cli).into()
}
