//! Connections to the Engine that become something else than HTTP. bollard opens some, but not all that are needed here,
//! and takes what comes over them for framed, which a terminal is not.

use anyhow::{Context, bail};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// The Engine's answer has a few short lines.
const HEAD_MAX: usize = 8 * 1024;

/// A connection that the Engine agreed to use otherwise; the head of its answer is read.
pub(super) enum Upgraded {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// Sends a request for `what`, which `needed_for` needs.
pub(super) async fn upgraded(needed_for: &str, what: &str, request: &str) -> anyhow::Result<Upgraded> {
    match connected(needed_for).await? {
        Upgraded::Unix(connection) => Ok(Upgraded::Unix(agreed(connection, what, request).await?)),
        Upgraded::Tcp(connection) => Ok(Upgraded::Tcp(agreed(connection, what, request).await?)),
    }
}

/// A connection over which nothing was said yet.
pub(super) async fn connected(needed_for: &str) -> anyhow::Result<Upgraded> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| DEFAULT_HOST.to_owned());
    if let Some(path) = host.strip_prefix("unix://") {
        let connection = UnixStream::connect(path).await.with_context(|| format!("connecting to {path}"))?;
        Ok(Upgraded::Unix(connection))
    } else if let Some(address) = host.strip_prefix("tcp://").filter(|_| !wants_tls()) {
        let connection = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        Ok(Upgraded::Tcp(connection))
    } else {
        bail!("{needed_for} need an engine on this machine's socket, or without TLS; this one is at {host}");
    }
}

fn wants_tls() -> bool {
    std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty())
}

async fn agreed<C: AsyncRead + AsyncWrite + Unpin>(mut connection: C, what: &str, request: &str) -> anyhow::Result<C> {
    connection.write_all(request.as_bytes()).await.with_context(|| format!("asking the engine for {what}"))?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(head.len() < HEAD_MAX, "the engine's answer about {what} has no end");
        let byte = connection.read_u8().await;
        head.push(byte.with_context(|| format!("reading the engine's answer about {what}"))?);
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.lines().next().unwrap_or_default();
    anyhow::ensure!(status.contains(" 101 "), "the engine refuses {what}: {status}");
    Ok(connection)
}
