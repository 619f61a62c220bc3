//! Flags that many commands share.

use clap::{ArgAction, Args, ValueEnum};
use secrecy::SecretString;
use std::path::PathBuf;

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Colours; `auto` means on terminals, unless NO_COLOR is set.
    #[arg(long, global = true, help_heading = "Everywhere", value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Log more, on stderr (SIDINGS_LOG takes a filter such as `info,sidings_runner=debug`).
    #[arg(short, long, global = true, help_heading = "Everywhere", action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How the program's own log is written.
    #[arg(long, global = true, help_heading = "Everywhere", value_enum, default_value_t = LogFormat::Text, env = "SIDINGS_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// The same for the streams that strip colours.
    pub(crate) fn into_choice(self) -> anstream::ColorChoice {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }
}

/// How the program's own log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Where the controller is and what opens it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Remote {
    /// The controller's address.
    #[arg(long, env = "SIDINGS_SERVER", default_value = "http://127.0.0.1:7117", value_name = "URL")]
    pub(crate) server: String,
    /// An API token; `sidings up` prints one at its first start.
    #[arg(long, env = "SIDINGS_TOKEN", hide_env_values = true, value_parser = secret)]
    pub(crate) token: Option<SecretString>,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// Whom to trust beside the machine's own authorities.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Trust {
    /// Certificates in PEM that are trusted for the controller, beside the machine's own.
    #[arg(long, env = "SIDINGS_CA_BUNDLE", value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,
}

/// Which project is meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ProjectChoice {
    /// The project; else it is named after this directory's git remote, or after the directory.
    #[arg(long, env = "SIDINGS_PROJECT", value_name = "NAME")]
    pub(crate) project: Option<String>,
}

/// Reads a secret so that no debug output shows it.
pub(crate) fn secret(text: &str) -> Result<SecretString, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text => Ok(SecretString::from(text.to_owned())),
    }
}
