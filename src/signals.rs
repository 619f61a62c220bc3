//! Ctrl-C and SIGTERM, as things to wait for.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// From its making on, the signals do not end the process.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> anyhow::Result<Signals> {
        let on = |kind| signal(kind).context("listening for signals");
        Ok(Signals { interrupt: on(SignalKind::interrupt())?, terminate: on(SignalKind::terminate())? })
    }

    /// Waits for the next of either.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
