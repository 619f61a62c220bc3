//! Containers by their ids: started, awaited, listed, removed. One that does not start is removed again.

use super::{Shared, input, labels, layer, status, step};
use crate::engine::{Layer, StepContainer};
use anyhow::Context;
use bollard::errors::Error as BollardError;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{RemoveContainerOptionsBuilder, WaitContainerOptionsBuilder};
use futures::{StreamExt, TryStreamExt};
use sidings_proto::step::StepInput;
use std::sync::atomic::Ordering;

/// Containers removed at once: a removal is mostly the kernel's work.
const REMOVALS_AT_ONCE: usize = 4;

/// A container as a listing shows it.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) life: Option<String>,
}

impl Shared {
    pub(super) async fn start_step(&self, step: &StepContainer) -> anyhow::Result<String> {
        let mut body = step::body(step, &self.config, &self.life, &self.ready()?.helper_dir);
        if step.input.is_some() {
            input::expect(&mut body);
        }
        let started = self.run(body, step.layer.as_ref(), step.input.as_ref()).await;
        let started = if step.layer.is_some() { started.map_err(layer::refusal) } else { started };
        started.with_context(|| format!("starting the container of step {}", step.step))
    }

    /// Creates and starts a container. An Engine that may not raise limits itself is asked once more, without.
    pub(super) async fn run(
        &self,
        mut body: ContainerCreateBody,
        layer: Option<&Layer>,
        input: Option<&StepInput>,
    ) -> anyhow::Result<String> {
        let _turn = self.starts.acquire().await?;
        if self.open_files_are_fixed.load(Ordering::Relaxed) {
            step::leave_open_files(&mut body);
        }
        match self.run_once(body.clone(), input).await {
            Err(error) if format!("{error:#}").contains("setting rlimit") && step::leave_open_files(&mut body) => {
                // Several containers may find it out at once; it is said once.
                if !self.open_files_are_fixed.swap(true, Ordering::Relaxed) {
                    tracing::info!("this engine may not change the limit of open files; containers have its own");
                }
                layer.map(layer::anew).transpose()?;
                self.run_once(body, input).await
            }
            outcome => outcome,
        }
    }

    /// Creates and starts a container; one that does not start is removed.
    async fn run_once(&self, body: ContainerCreateBody, input: Option<&StepInput>) -> anyhow::Result<String> {
        let container = self.api.create_container(None, body).await.context("creating it")?.id;
        if let Err(error) = self.start_created(&container, input).await {
            let _ = self.remove(&container).await;
            return Err(error);
        }
        Ok(container)
    }

    async fn start_created(&self, container: &str, input: Option<&StepInput>) -> anyhow::Result<()> {
        let told = match input {
            Some(input) => Some((input::attach(&self.api, container).await?, input)),
            None => None,
        };
        self.api.start_container(container, None).await.context("starting it")?;
        match told {
            Some((way, input)) => input::give(way, input).await,
            None => Ok(()),
        }
    }

    pub(super) async fn wait(&self, container: &str) -> anyhow::Result<Option<i64>> {
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let mut answers = self.api.wait_container(container, Some(options)).boxed();
        match answers.next().await {
            Some(Ok(answer)) => Ok(Some(answer.status_code)),
            Some(Err(BollardError::DockerContainerWaitError { code, .. })) => Ok(Some(code)),
            Some(Err(error)) if status(&error) == Some(404) => Ok(None),
            Some(Err(error)) => Err(error).context("waiting for a container"),
            None => anyhow::bail!("the Engine closed the connection while a container was awaited"),
        }
    }

    pub(super) async fn list(&self, labels: &[String]) -> anyhow::Result<Vec<Found>> {
        let found = self.api.list_containers(Some(labels::filter(labels))).await.context("listing containers")?;
        let life = |labels: Option<std::collections::HashMap<String, String>>| labels?.remove(labels::LIFE);
        Ok(found.into_iter().filter_map(|c| Some(Found { id: c.id?, life: life(c.labels) })).collect())
    }

    pub(super) async fn remove_all(&self, containers: Vec<String>) -> anyhow::Result<()> {
        futures::stream::iter(containers)
            .map(Ok)
            .try_for_each_concurrent(REMOVALS_AT_ONCE, |id| async move { self.remove(&id).await })
            .await
    }

    /// Kills and removes a container with its anonymous volumes. One that is gone, or going, is no error.
    pub(super) async fn remove(&self, container: &str) -> anyhow::Result<()> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self.api.remove_container(container, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(error).context("removing a container"),
        }
    }
}
