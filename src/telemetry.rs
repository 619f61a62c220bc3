//! The program's own log: set up once, on stderr. Job output and the views of `run` never go through it. While a tree
//! is drawn on the terminal its lines are handed to who draws, so that neither breaks the other.

use crate::args::{Global, LogFormat};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing_subscriber::EnvFilter;

static DRAWING: Mutex<Option<UnboundedSender<String>>> = Mutex::new(None);

/// Starts the log. A command that serves says what an operator would notice; others only what is wrong.
pub(crate) fn start(global: &Global, serves: bool) {
    let builder = tracing_subscriber::fmt().with_writer(|| Out).with_env_filter(filter(global.verbose, serves));
    match global.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(colours()).with_target(global.verbose > 0).init(),
    }
}

/// The log's lines, as long as this lives.
#[derive(Debug)]
pub(crate) struct Diverted {
    lines: UnboundedReceiver<String>,
}

/// Hands the log's lines over, instead of writing them to the terminal.
pub(crate) fn divert() -> Diverted {
    let (drawing, lines) = unbounded_channel();
    *lock() = Some(drawing);
    Diverted { lines }
}

impl Diverted {
    /// The next line.
    pub(crate) async fn next(&mut self) -> Option<String> {
        self.lines.recv().await
    }
}

impl Drop for Diverted {
    fn drop(&mut self) {
        *lock() = None;
        while let Ok(line) = self.lines.try_recv() {
            eprint!("{line}");
        }
    }
}

/// Where an event goes, each by one write.
struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &*lock() {
            Some(drawing) if drawing.send(String::from_utf8_lossy(bytes).into_owned()).is_ok() => Ok(bytes.len()),
            Some(_) | None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn lock() -> MutexGuard<'static, Option<UnboundedSender<String>>> {
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_go_to_who_draws_and_nowhere_else_meanwhile() {
        let mut diverted = divert();
        Out.write_all(b"WARN the disk is full\n").unwrap();
        assert_eq!(diverted.next().await.as_deref(), Some("WARN the disk is full\n"));
        drop(diverted);
        assert!(lock().is_none());
    }
}
