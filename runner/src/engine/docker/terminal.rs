//! A person's way into a container: the helper at a terminal of its own, which becomes the shell.
//!
//! The helper says that it is there before anything is shown. Then the terminal gets its size and the helper what it is
//! told in private; so the first prompt is drawn as wide as the terminal is, and no secret is among what the Engine
//! knows of the shell.

use super::upgrade::{Upgraded, upgraded};
use crate::engine::{Entry, Session, TerminalSize};
use anyhow::Context;
use bollard::Docker;
use bollard::exec::CreateExecOptions;
use bollard::query_parameters::ResizeExecOptionsBuilder;
use futures::StreamExt;
use sidings_proto::step::{AT_TERMINAL, BIN_MOUNT};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio_util::io::ReaderStream;

/// For the helper to be there.
const THERE_WITHIN: Duration = Duration::from_secs(60);
/// Nobody types it: the Engine lets go of a terminal when it sees its usual keys, one of which is Ctrl-P, and holds it
/// back until the next.
const LETS_GO: &str = "ctrl-^,ctrl-@,ctrl-^,ctrl-@";
/// Kept of what a helper says that does not become a shell.
const SAID_MAX: usize = 4 * 1024;

pub(super) async fn enter(api: &Docker, container: &str, entry: Entry) -> anyhow::Result<Session> {
    let exec = api.create_exec(container, what_runs(&entry)).await.context("preparing a shell")?.id;
    match attached(&exec).await? {
        Upgraded::Unix(connection) => begun(api, exec, connection, entry).await,
        Upgraded::Tcp(connection) => begun(api, exec, connection, entry).await,
    }
}

fn what_runs(entry: &Entry) -> CreateExecOptions<String> {
    let helper = [format!("{BIN_MOUNT}/sidings"), "enter".to_owned()];
    CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(true),
        detach_keys: Some(LETS_GO.to_owned()),
        env: Some(entry.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        cmd: Some(helper.into_iter().chain(entry.shells.iter().cloned()).collect()),
        ..CreateExecOptions::default()
    }
}

async fn attached(exec: &str) -> anyhow::Result<Upgraded> {
    let body = r#"{"Detach":false,"Tty":true}"#;
    let request = format!(
        "POST /exec/{exec}/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    upgraded("shells", "a shell", &request).await
}

async fn begun<C>(api: &Docker, exec: String, connection: C, entry: Entry) -> anyhow::Result<Session>
where
    C: AsyncRead + AsyncWrite + Send + 'static,
{
    let (mut shown, mut typed) = tokio::io::split(connection);
    let beginning = async {
        until_there(&mut shown).await?;
        resize(api, &exec, entry.size).await;
        typed.write_all(&entry.input.encode()).await.context("telling the helper of a shell what is private")?;
        until_there(&mut shown).await
    };
    tokio::time::timeout(THERE_WITHIN, beginning).await.context("the shell does not begin")??;
    let (size, sizes) = watch::channel(entry.size);
    tokio::spawn(follow_size(api.clone(), exec, sizes));
    let shown = ReaderStream::new(shown).boxed();
    Ok(Session { typed: Box::pin(typed), shown, size })
}

/// A helper that cannot read its spec says so and is gone.
async fn until_there(shown: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<()> {
    let mut said = Vec::new();
    loop {
        match shown.read_u8().await {
            Ok(AT_TERMINAL) => return Ok(()),
            Ok(byte) if said.len() < SAID_MAX => said.push(byte),
            _ => anyhow::bail!("the shell did not begin: {}", String::from_utf8_lossy(&said).trim()),
        }
    }
}

async fn follow_size(api: Docker, exec: String, mut sizes: watch::Receiver<TerminalSize>) {
    while sizes.changed().await.is_ok() {
        let size = *sizes.borrow_and_update();
        resize(&api, &exec, size).await;
    }
}

/// A terminal of the wrong size is still one.
async fn resize(api: &Docker, exec: &str, size: TerminalSize) {
    let options = ResizeExecOptionsBuilder::default().h(size.rows.into()).w(size.columns.into()).build();
    if let Err(error) = api.resize_exec(exec, options).await {
        tracing::debug!(%error, "a terminal could not be resized");
    }
}
