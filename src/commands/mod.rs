//! One file for each command: it asks the rooms that know, prints, and says how the program ends.

mod approve;
mod artifacts;
mod audit;
mod cancel;
mod completions;
mod controller;
mod doctor;
mod gc;
mod hook;
mod image;
mod import;
mod init;
mod lint;
mod lock;
mod logs;
mod man;
mod open;
mod output;
mod policy;
mod project;
mod queue;
mod retry;
mod run;
mod runner;
mod runners;
mod runs;
mod schedules;
mod schema;
mod secret;
mod show;
mod split;
mod submit;
mod tests_split;
mod tests_told;
mod token;
mod up;
mod watch;
mod webhook;

use crate::args::{Cli, Command};
use crate::client;
use crate::exit::{Exit, Refusal, exit_of};
use crate::render::style::{BAD, paint};
use std::io;

/// Does the command. What goes wrong is told here, once.
pub(crate) fn run(cli: Cli) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return told(&anyhow::Error::new(error).context("starting")),
    };
    let exit = runtime.block_on(one(cli.command)).unwrap_or_else(|error| told(&error));
    runtime.shutdown_background();
    exit
}

async fn one(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(args).await,
        Command::Lint(args) => lint::lint(args).await,
        Command::Lock(args) => lock::lock(args).await,
        Command::Init(args) => init::init(&args),
        Command::Import(args) => import::import(&args),
        Command::Image(args) => image::image(args).await,
        Command::Schema => schema::schema(),
        Command::Doctor(args) => doctor::doctor(args).await,
        Command::Gc(args) => gc::gc(args).await,
        Command::Up(args) => up::up(args).await,
        Command::Controller(args) => controller::controller(args).await,
        Command::Runner(args) => runner::runner(args).await,
        Command::Submit(args) => submit::submit(args).await,
        Command::Runs(args) => runs::runs(args).await,
        Command::Show(args) => show::show(args).await,
        Command::Open(args) => open::open(args).await,
        Command::Watch(args) => watch::watch(args).await,
        Command::Logs(args) => logs::logs(args).await,
        Command::Split(args) => split::split(args).await,
        Command::Tests(args) => tests_told::tests(args).await,
        Command::Artifacts(args) => artifacts::artifacts(args).await,
        Command::Cancel(args) => cancel::cancel(args).await,
        Command::Approve(args) => approve::approve(args).await,
        Command::Retry(args) => retry::retry(args).await,
        Command::Project(args) => project::project(args).await,
        Command::Queue(args) => queue::queue(args).await,
        Command::Runners(args) => runners::runners(args).await,
        Command::Schedules(args) => schedules::schedules(args).await,
        Command::Token(args) => token::token(args).await,
        Command::Audit(args) => audit::audit(args).await,
        Command::Secret(args) => secret::secret(args).await,
        Command::Webhook(args) => webhook::webhook(args).await,
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => man::man(&args),
        Command::Hook(args) => Ok(hook::hook(args).await),
    }
}

fn told(error: &anyhow::Error) -> Exit {
    if reader_is_gone(error) {
        return Exit::Interrupted;
    }
    let text = if says_all(error) { error.to_string() } else { format!("{error:#}") };
    anstream::eprintln!("{} {text}", paint(BAD, "error:"));
    exit_of(error)
}

/// Whether the first sentence is all that helps: then its causes stay out of the way.
fn says_all(error: &anyhow::Error) -> bool {
    let unreachable = |error: &client::Error| matches!(error, client::Error::Unreachable { .. });
    error.is::<Refusal>() || error.downcast_ref::<client::Error>().is_some_and(unreachable)
}

/// `sidings … | head` is no failure of ours.
fn reader_is_gone(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(broken)
}
