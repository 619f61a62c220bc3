//! What is forgotten by itself, each hour. One that fails keeps no other from it, and is tried again.

use crate::http::App;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(3_600);

/// Goes on until it is told to stop.
pub(crate) async fn go_by(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        let now = app.shell.now();
        told("images that nobody uses", app.images.expire(now).await);
        told("what is in images that nobody uses", app.inventories.expire(now).await);
        told("how tests were split long ago", app.splits.forget(now).await);
        told("old lines of the audit log", app.audit.expire(now).await);
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

fn told(what: &str, forgotten: anyhow::Result<()>) {
    if let Err(error) = forgotten {
        tracing::warn!("{what} could not be forgotten: {error:#}");
    }
}
