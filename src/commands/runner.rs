//! `sidings runner`: a runner that works until it is told to stop. The first signal drains it, the second stops it.

use crate::args::{Capacity, EngineChoice, RunnerArgs};
use crate::exit::{Exit, Refusal};
use crate::folders;
use crate::signals::Signals;
use anyhow::Context;
use secrecy::SecretString;
use sidings_runner::registry::Registries;
use sidings_runner::{Config, EngineKind, LOG_LIMIT_BYTES, Shutdown};
use std::collections::BTreeMap;
use std::future::Future;
use std::num::NonZeroU32;
use std::path::PathBuf;

pub(super) async fn runner(args: RunnerArgs) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen()?;
    let token = registration(args.token, args.token_file.as_ref())?;
    let data = folders::data(args.data.data)?.join("runner");
    folders::make_private(&data)?;
    let config = Config {
        name: args.name.unwrap_or_else(host_name),
        authorities: args.reach.authorities()?,
        registries: Registries { images: args.registry, ..args.reach.registry.registries()? },
        labels: args.stay.labels.into_iter().collect(),
        least_free_bytes: args.stay.least_free.bytes(),
        cleaning: Some(args.stay.cleaning.marks(args.stay.least_free)?),
        ..config(&args.capacity, data, args.controller, token)
    };
    let shutdown = Shutdown::default();
    let works = sidings_runner::run(config, shutdown.clone());
    until_told(works, &mut signals, &shutdown).await?;
    Ok(Exit::Passed)
}

/// What a runner in this process is told, whatever else it may be told.
pub(super) fn config(
    capacity: &Capacity,
    data_dir: PathBuf,
    controller_url: String,
    registration_token: Option<SecretString>,
) -> Config {
    Config {
        data_dir,
        name: host_name(),
        controller_url,
        registration_token,
        slots: slots(capacity.slots),
        labels: BTreeMap::new(),
        engine: engine(capacity.engine),
        warm_networks: None,
        log_limit_bytes: LOG_LIMIT_BYTES,
        least_free_bytes: None,
        cleaning: None,
        registries: Default::default(),
        authorities: None,
        attendant: None,
    }
}

/// Sees a runner to its end: the first signal lets it finish what it holds, the second does not.
pub(super) async fn until_told<T>(
    works: impl Future<Output = anyhow::Result<T>>,
    signals: &mut Signals,
    shutdown: &Shutdown,
) -> anyhow::Result<T> {
    let mut works = std::pin::pin!(works);
    loop {
        tokio::select! {
            ended = &mut works => return ended,
            () = signals.next() => {
                if shutdown.drain.is_cancelled() {
                    shutdown.stop.cancel();
                } else {
                    tracing::info!("draining: running jobs go on, new ones do not start; a second signal stops at once");
                    shutdown.drain.cancel();
                }
            }
        }
    }
}

/// The engine that the flags name.
pub(super) fn engine(choice: EngineChoice) -> EngineKind {
    match choice {
        EngineChoice::Docker => EngineKind::Docker,
        EngineChoice::Dummy => EngineKind::Dummy,
    }
}

/// As many as the flags say, else one for each processor, and two at least: a job that waits for the network leaves its processor idle.
pub(super) fn slots(wanted: Option<NonZeroU32>) -> u32 {
    let processors = || std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
    wanted.map_or_else(|| u32::try_from(processors().max(2)).unwrap_or(2), NonZeroU32::get)
}

/// What this host is called.
pub(super) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn registration(token: Option<SecretString>, file: Option<&PathBuf>) -> anyhow::Result<Option<SecretString>> {
    let Some(file) = file else { return Ok(token) };
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    match text.trim() {
        "" => Err(Refusal::configuration(format!("{} is empty", file.display()))),
        token => Ok(Some(SecretString::from(token.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    #[tokio::test]
    async fn without_a_token_it_is_set_up_wrongly() {
        let dir = tempfile::tempdir().unwrap();
        let cli = Cli::parse_from(["sidings", "runner", "--engine", "dummy", "--data", dir.path().to_str().unwrap()]);
        let Command::Runner(args) = cli.command else { panic!("{cli:?}") };
        let error = runner(args).await.unwrap_err();
        assert!(error.to_string().contains("sidings token create"), "{error:#}");
        assert_eq!(crate::exit::exit_of(&error).code(), 64);
    }
}
