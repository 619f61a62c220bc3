//! The exit record: only it makes a step pass.

use super::beneath::{Hostile, open};
use rustix::fs::inotify;
use rustix::io::Errno;
use sidings_proto::step::{EXIT_FILE, ExitRecord};
use std::io::Read;
use std::path::Path;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const RECORD_MAX: u64 = 64 * 1024;

/// Completes when an exit record is there. The helper writes it when all that the step started is over, which the
/// engine says tens of milliseconds later. Where the kernel has no watch to give, this never completes.
pub(crate) async fn exit_record_appears(step_dir: &Path) {
    if let Err(error) = appears(step_dir).await {
        tracing::debug!(%error, "a step's folder cannot be watched; the engine says when the step ends");
        std::future::pending::<()>().await;
    }
}

async fn appears(step_dir: &Path) -> std::io::Result<()> {
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, step_dir, inotify::WatchFlags::MOVED_TO)?;
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for types that may change their descriptor; this one owns it"
    )]
    let watch = AsyncFd::with_interest(watch, Interest::READABLE)?;
    while step_dir.join(EXIT_FILE).symlink_metadata().is_err() {
        let mut ready = watch.readable().await?;
        // What moved does not matter: the folder is looked at again.
        let mut events = [0; 4096];
        match rustix::io::read(watch.get_ref(), &mut events) {
            Ok(_) => {}
            Err(Errno::AGAIN) => ready.clear_ready(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads the exit record in a step's folder. `None`: there is none.
pub(crate) fn read_exit_record(step_dir: &Path) -> Result<Option<ExitRecord>, Hostile> {
    let Some(file) = open(step_dir, EXIT_FILE)? else { return Ok(None) };
    let mut text = Vec::new();
    file.take(RECORD_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > RECORD_MAX {
        return Err(Hostile::strange(format!("it is longer than {RECORD_MAX} bytes")));
    }
    match serde_json::from_slice(&text) {
        Ok(record) => Ok(Some(record)),
        Err(_) => Err(Hostile::strange("it is not an exit record")),
    }
}
