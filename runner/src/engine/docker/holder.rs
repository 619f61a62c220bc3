//! Network namespaces, each kept alive by a container that does nothing else. Making one costs three times a start in
//! one that exists, so a few are kept ready; each is used by one attempt and then removed.
//!
//! All hang on one bridge per runner, on which containers reach the outside but not one another.

use super::{Shared, helper, labels, status};
use anyhow::Context;
use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use sidings_proto::RunnerId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A holder needs one process.
const PIDS: i64 = 8;
/// The pool is filled when nothing else has been started for a moment, or after this time in any case.
const PATIENCE: Duration = Duration::from_secs(3);
const MEMORY: i64 = 32 * 1024 * 1024;
const NOBODY: &str = "65534:65534";

/// The holders that no attempt has yet.
#[derive(Default)]
pub(super) struct Pool {
    warm: Mutex<VecDeque<String>>,
    taken: Notify,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Pool {
    /// Waits until nothing more is added.
    pub(super) async fn stopped(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            let _ = keeper.await;
        }
    }

    fn pop(&self) -> Option<String> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn push(&self, holder: String) {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner).push_back(holder);
    }

    fn len(&self) -> usize {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Fills the pool, now and whenever one was taken, until the engine is closed.
pub(super) fn keep_warm(shared: Arc<Shared>) {
    let pool = Arc::clone(&shared);
    let keeper = tokio::spawn(async move {
        loop {
            fill(&shared).await;
            tokio::select! {
                () = shared.closed.cancelled() => return,
                () = shared.pool.taken.notified() => {}
            }
        }
    });
    *pool.pool.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(keeper);
}

async fn fill(shared: &Shared) {
    while shared.pool.len() < shared.config.warm_networks && !shared.closed.is_cancelled() {
        // A burst of jobs needs the processor for its steps first.
        let mut busy = shared.busy.subscribe();
        tokio::select! {
            () = shared.closed.cancelled() => return,
            _ = tokio::time::timeout(PATIENCE, busy.wait_for(|starting| *starting == 0)) => {}
        }
        match make(shared).await {
            Ok(holder) => shared.pool.push(holder),
            Err(error) => {
                // Whoever needs one makes it, and meets the same trouble where it can be reported.
                tracing::warn!(error = format!("{error:#}"), "could not make a network in advance");
                return;
            }
        }
    }
}

/// A holder for an attempt: a warm one that still runs, else a new one.
pub(super) async fn take(shared: &Shared) -> anyhow::Result<String> {
    while let Some(holder) = shared.pool.pop() {
        shared.pool.taken.notify_one();
        if runs(shared, &holder).await {
            return Ok(holder);
        }
        // The Engine was restarted, or somebody tidied up.
        shared.remove(&holder).await?;
    }
    make(shared).await.context("making a network")
}

async fn runs(shared: &Shared, holder: &str) -> bool {
    let found = shared.api.inspect_container(holder, None).await;
    found.ok().and_then(|found| found.state?.running).unwrap_or(false)
}

async fn make(shared: &Shared) -> anyhow::Result<String> {
    let ready = shared.ready()?;
    let host_config = HostConfig {
        network_mode: Some(ready.bridge.clone()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        readonly_rootfs: Some(true),
        pids_limit: Some(PIDS),
        memory: Some(MEMORY),
        memory_swap: Some(MEMORY),
        log_config: Some(no_log()),
        ..HostConfig::default()
    };
    let body = ContainerCreateBody {
        image: Some(ready.holder_image.clone()),
        entrypoint: Some(vec![helper::IN_HOLDER.to_owned(), "hold".to_owned()]),
        user: Some(NOBODY.to_owned()),
        labels: Some(labels::shared(shared.config.runner, &shared.life, "holder")),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    };
    shared.run(body, None, None).await
}

/// What a container writes is never kept by the Engine.
pub(super) fn no_log() -> HostConfigLogConfig {
    HostConfigLogConfig { typ: Some("none".to_owned()), config: None }
}

/// The runner's bridge, by its id: the Engine lets names occur twice.
pub(super) async fn bridge(api: &Docker, runner: RunnerId) -> anyhow::Result<String> {
    // The last part of the id is the random one; the first is a time.
    let name = format!("sidings-{}", &runner.0.simple().to_string()[20..]);
    let filters = HashMap::from([("name", vec![name.clone()]), ("label", labels::of_runner(runner))]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let found = api.list_networks(Some(options)).await.context("listing networks")?;
    if let Some(id) = found.into_iter().find(|found| found.name.as_ref() == Some(&name)).and_then(|found| found.id) {
        return Ok(id);
    }
    let apart = HashMap::from([("com.docker.network.bridge.enable_icc".to_owned(), "false".to_owned())]);
    let request = NetworkCreateRequest {
        name,
        driver: Some("bridge".to_owned()),
        options: Some(apart),
        labels: Some(HashMap::from([(labels::RUNNER.to_owned(), runner.to_string())])),
        ..NetworkCreateRequest::default()
    };
    Ok(api.create_network(request).await.context("creating a network")?.id)
}

/// Removes the bridge. One that is gone, or still used by another life of this runner, is no error.
pub(super) async fn remove_bridge(api: &Docker, bridge: &str) -> anyhow::Result<()> {
    match api.remove_network(bridge).await {
        Ok(()) => Ok(()),
        Err(error) if matches!(status(&error), Some(403 | 404 | 409)) => Ok(()),
        Err(error) => Err(error).context("removing the runner's network"),
    }
}
