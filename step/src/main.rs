//! The static program that is the first process of every step's container: it starts the step's program as the
//! image's user, writes its output as framed, bounded, ordered records, forwards signals, reaps orphans, and leaves an
//! exit record behind. It needs nothing of the image, the network or the engine.
//!
//! `init [--dir FOLDER]` runs a step or a service, `probe` finds out whether a service is ready, `hold` keeps a network
//! namespace alive, `enter SHELL…` is how a person comes into a step's container, `split work` works off tests that a job
//! shares with its copies, `split list RUNNER` and `split run RUNNER` ask a test runner in its own way, `--version` says
//! what this is.

use std::path::Path;
use std::process::ExitCode;

mod account;
mod enter;
mod hold;
mod init;
mod input;
mod launch;
mod ownership;
mod probe;
mod record;
mod signals;
mod split;
mod spool;
mod supervise;
mod tail;

/// The arguments make no sense.
const EXIT_USAGE: u8 = 64;
/// The helper itself failed; there is no exit record, so nobody takes the step for passed.
const EXIT_FAILED: u8 = 125;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["init"] => init::run(Path::new(sidings_proto::step::MOUNT)),
        ["init", "--dir", dir] => init::run(Path::new(dir)),
        ["probe", "--dir", dir] => probe::run(Path::new(dir)),
        ["enter", shells @ ..] => enter::run(Path::new(sidings_proto::step::MOUNT), shells),
        ["hold"] => hold::run(),
        ["split", "work"] => split::work(),
        ["split", "list", runner, rest @ ..] => split::presets::list(runner, rest),
        ["split", "run", runner, rest @ ..] => split::presets::run(runner, rest),
        ["--version"] => {
            println!("sidings-step {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!(
                "usage: sidings init [--dir FOLDER] | probe --dir FOLDER | enter SHELL… | hold | split work | \
                 split list RUNNER [-- ARGUMENT…] | split run RUNNER [-- ARGUMENT…] | --version"
            );
            return ExitCode::from(EXIT_USAGE);
        }
    };
    outcome.map_or_else(
        |error| {
            eprintln!("sidings: {error}");
            ExitCode::from(EXIT_FAILED)
        },
        ExitCode::from,
    )
}
