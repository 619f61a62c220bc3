//! What a helper is told on its standard input: over a connection of its own, opened before the container starts. The
//! Engine passes it on and keeps nothing of it.

use anyhow::Context;
use bollard::Docker;
use bollard::container::AttachContainerResults;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::AttachContainerOptionsBuilder;
use sidings_proto::step::StepInput;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// A helper reads it first of all.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

/// Has the Engine keep the container's standard input open until this one connection to it ends.
pub(super) fn expect(body: &mut ContainerCreateBody) {
    body.open_stdin = Some(true);
    body.stdin_once = Some(true);
    body.attach_stdin = Some(true);
}

/// The way in, of a container that is not started yet.
pub(super) async fn attach(api: &Docker, container: &str) -> anyhow::Result<Pin<Box<dyn AsyncWrite + Send>>> {
    let options = AttachContainerOptionsBuilder::default().stdin(true).stream(true).build();
    let AttachContainerResults { input, .. } =
        api.attach_container(container, Some(options)).await.context("attaching to its standard input")?;
    Ok(input)
}

/// Tells the helper, and hangs up.
pub(super) async fn give(mut way: Pin<Box<dyn AsyncWrite + Send>>, input: &StepInput) -> anyhow::Result<()> {
    let text = input.encode();
    let giving = async {
        way.write_all(&text).await?;
        way.flush().await?;
        way.shutdown().await
    };
    let given = tokio::time::timeout(TAKEN_WITHIN, giving).await.context("its standard input was not read")?;
    given.context("writing to its standard input")
}
