//! An engine without containers: it keeps the contract and obeys a few words of the script.
//!
//! | a line of the script | what happens |
//! | --- | --- |
//! | `true`, `:` | nothing |
//! | `false`, `exit N` | the step ends with this code |
//! | `echo TEXT`, `env NAME` | the text, or a variable's value, is printed |
//! | `fill BYTES` | that many bytes are printed |
//! | `sleep SECONDS` | time passes; a TERM ends it |
//! | `deaf` | a TERM is ignored from here on, until the grace time is over |
//! | `forge` | an exit record with code 0 is left while the step goes on |
//! | `litter` | a folder is left in the place of the exit record, and the step ends |
//! | `garble` | bytes that are no frame are left in the log |
//! | `vanish` | the step ends without an exit record |
//! | `ready`, `unready TEXT` | a service says that it is ready, or why it is not going to be |
//! | `lie` | the step ends with code 0 and a record that does not fit its log |
//! | `printf '%s\n' '…'` | printed, so that `commands:` look as they do elsewhere |
//!
//! Anything else is not found: code 127. A step that is held after its failure is there until it is killed, and a shell
//! in it shows what is typed, except `exit`, which ends it. Every image reference is there but those that start with `missing/`, and those
//! that start with `sidings/` are there once they were built. Nothing is flushed to the disk: it is for tests and benches.

mod program;
mod shell;
mod spool;

use super::{
    Build, ContainerId, Engine, EngineFacts, Entry, ImageError, ImageFacts, Network, Removed, Session, Signal,
    StepContainer, Storage,
};
use crate::clean::{Stock, StoredImage};
use crate::setup_log::SetupLog;
use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use program::Program;
use sidings_proto::AttemptId;
use sidings_proto::step::{SPEC_FILE, StepSpec};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

/// An engine without containers.
#[derive(Debug, Default)]
pub struct Dummy {
    steps: Mutex<BTreeMap<String, Running>>,
    built: Mutex<BTreeMap<String, ImageFacts>>,
    made: AtomicU64,
}

#[derive(Debug)]
struct Running {
    attempt: AttemptId,
    code: watch::Receiver<Option<i64>>,
    terminate: CancellationToken,
    task: AbortHandle,
}

impl Dummy {
    fn steps(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }
}

fn image(reference: &str, labels: BTreeMap<String, String>) -> ImageFacts {
    let id = format!("sha256:{}", blake3::hash(reference.as_bytes()).to_hex());
    ImageFacts { id, labels, command: vec!["true".to_owned()], ..ImageFacts::default() }
}

#[async_trait]
impl Storage for Dummy {
    async fn root(&self) -> anyhow::Result<Option<PathBuf>> {
        Ok(None)
    }

    async fn stock(&self) -> anyhow::Result<Option<Stock>> {
        Ok(None)
    }

    async fn remove_image(&self, image: &StoredImage) -> anyhow::Result<Removed> {
        Ok(Removed::Stays(format!("{} has no layers: this engine has no containers", image.id)))
    }

    async fn prune_cache(&self, _unused_for: Duration) -> anyhow::Result<u64> {
        Ok(0)
    }
}

#[async_trait]
impl Engine for Dummy {
    async fn prepare(&self) -> anyhow::Result<EngineFacts> {
        let [os, arch] = [std::env::consts::OS, std::env::consts::ARCH].map(str::to_owned);
        let arch = if arch == "x86_64" { "amd64".to_owned() } else { arch };
        Ok(EngineFacts {
            version: "dummy".to_owned(),
            os,
            arch,
            buildkit: true,
            mounts_in_builds: true,
            ..EngineFacts::default()
        })
    }

    async fn sweep(&self) -> anyhow::Result<usize> {
        Ok(0)
    }

    async fn inspect_image(&self, reference: &str) -> anyhow::Result<Option<ImageFacts>> {
        let built = self.built.lock().unwrap_or_else(PoisonError::into_inner).get(reference).cloned();
        let unknown = reference.starts_with("missing/") || reference.starts_with("sidings/");
        Ok(built.or_else(|| (!unknown).then(|| image(reference, BTreeMap::new()))))
    }

    async fn pull_image(&self, reference: &str, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        log.output(format!("pulling {reference}\n").as_bytes());
        match self.inspect_image(reference).await.map_err(ImageError::Engine)? {
            Some(facts) => Ok(facts),
            None => Err(ImageError::User(format!("there is no image {reference}"))),
        }
    }

    async fn registry_digest(&self, reference: &str) -> anyhow::Result<String> {
        anyhow::bail!("{reference} has no digest: this engine has no containers")
    }

    async fn build_image(&self, build: Build, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        log.output(format!("building {}\n", build.dockerfile).as_bytes());
        let facts = image(&build.tag, build.labels);
        self.built.lock().unwrap_or_else(PoisonError::into_inner).insert(build.tag, facts.clone());
        Ok(facts)
    }

    async fn save_image(&self, image: &str, _into: mpsc::Sender<Bytes>) -> anyhow::Result<()> {
        anyhow::bail!("{image} has no layers: this engine has no containers")
    }

    async fn load_image(&self, _tar: mpsc::Receiver<io::Result<Bytes>>) -> anyhow::Result<()> {
        anyhow::bail!("this engine has no containers, and no layers of images")
    }

    async fn layers_of(&self, _label: &str) -> anyhow::Result<Vec<Vec<String>>> {
        Ok(Vec::new())
    }

    async fn tag_image(&self, image: &str, name: &str) -> anyhow::Result<()> {
        let facts = self.inspect_image(image).await?.context("there is no such image")?;
        self.built.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), facts);
        Ok(())
    }

    async fn push_image(&self, image: &str, name: &str) -> anyhow::Result<String> {
        anyhow::bail!("{image} cannot be pushed as {name}: this engine has no containers")
    }

    async fn take_network(&self, _attempt: AttemptId) -> anyhow::Result<Network> {
        Ok(Network(format!("network-{}", self.next())))
    }

    async fn connect(&self, _attempt: AttemptId, _network: &Network, _name: Option<&str>) -> anyhow::Result<IpAddr> {
        Ok(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    async fn start(&self, step: StepContainer) -> anyhow::Result<ContainerId> {
        let spec = std::fs::read(step.step_dir.join(SPEC_FILE)).context("read the step's spec")?;
        let spec: StepSpec = serde_json::from_slice(&spec).context("read the step's spec")?;
        let id = format!("step-{}", self.next());
        let (code, terminate) = (watch::channel(None), CancellationToken::new());
        let attempt = step.attempt;
        let program = Program::new(spec, step, terminate.clone())?;
        let task = tokio::spawn(async move {
            // Nobody may wait any more: the attempt was torn down.
            let _ = code.0.send(Some(program.run().await));
        });
        let running = Running { attempt, code: code.1, terminate, task: task.abort_handle() };
        self.steps().insert(id.clone(), running);
        Ok(ContainerId(id))
    }

    async fn wait(&self, container: &ContainerId) -> anyhow::Result<Option<i64>> {
        let code = self.steps().get(&container.0).map(|running| running.code.clone());
        let Some(mut code) = code else { return Ok(None) };
        match code.wait_for(Option::is_some).await {
            Ok(code) => Ok(*code),
            // The task was aborted: as a container that was killed.
            Err(_) => Ok(Some(137)),
        }
    }

    async fn signal(&self, container: &ContainerId, signal: Signal) -> anyhow::Result<()> {
        if let Some(running) = self.steps().get(&container.0) {
            match signal {
                Signal::Terminate => running.terminate.cancel(),
                Signal::Kill => running.task.abort(),
            }
        }
        Ok(())
    }

    async fn enter(&self, container: &ContainerId, entry: Entry) -> anyhow::Result<Session> {
        let code = self.steps().get(&container.0).map(|running| running.code.clone());
        let runs = code.is_some_and(|code| code.borrow().is_none() && code.has_changed().is_ok());
        anyhow::ensure!(runs, "no such container runs");
        Ok(shell::session(&entry))
    }

    async fn teardown(&self, attempt: AttemptId) -> anyhow::Result<()> {
        self.steps().retain(|_, running| {
            if running.attempt == attempt {
                running.task.abort();
            }
            running.attempt != attempt
        });
        Ok(())
    }

    async fn close(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
