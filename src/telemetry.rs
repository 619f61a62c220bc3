//! The program's own log: set up once, on stderr. Job output and the views of `run` never go through it.

use crate::args::{Global, LogFormat};
use sidings_runner::engine::docker::said::tells_of_answers;
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Starts the log. A command that serves says what an operator would notice; others only what is wrong.
pub(crate) fn start(global: &Global, serves: bool) {
    let filter = filter(global.verbose, serves).and(filter_fn(|about| !tells_of_jobs(about)));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match global.log_format {
        LogFormat::Json => lines.json().boxed(),
        LogFormat::Text => lines.with_ansi(colours()).with_target(global.verbose > 0).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

/// The Engine's client logs what it is answered, in which the output of builds is not masked: however much somebody
/// wants to see, that is not shown.
fn tells_of_jobs(about: &Metadata<'_>) -> bool {
    tells_of_answers(about.target()) && *about.level() > Level::INFO
}

fn filter(verbose: u8, serves: bool) -> EnvFilter {
    if let Ok(filter) = EnvFilter::try_from_env("SIDINGS_LOG") {
        return filter;
    }
    let ours = match (verbose, serves) {
        (0, false) => return EnvFilter::new("error,sidings=warn"),
        (0, true) | (1, false) => "info",
        (1, true) | (2, false) => "debug",
        (_, _) => "trace",
    };
    let crates = ["sidings", "sidings_controller", "sidings_runner", "sidings_git", "sidings_pipeline"];
    let directives: Vec<String> = crates.iter().map(|name| format!("{name}={ours}")).collect();
    EnvFilter::new(format!("warn,{}", directives.join(",")))
}

fn colours() -> bool {
    match anstream::ColorChoice::global() {
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => true,
        anstream::ColorChoice::Never => false,
        anstream::ColorChoice::Auto => {
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}
