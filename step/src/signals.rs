//! Signals as something that can be polled, beside pipes.

use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// The signals that the helper hears of. As process 1 it gets no others, SIGKILL aside.
pub(crate) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// From now on no signal is lost and none ends this process.
    pub(crate) fn watch() -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        let watched = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD];
        Ok(Signals(SignalDelivery::with_pipe(read, write, SignalOnly, watched)?))
    }

    /// Readable when a signal arrived.
    pub(crate) fn readable(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }

    /// The requests to stop that arrived since the last call. Never blocks.
    pub(crate) fn stops(&mut self) -> Vec<Signal> {
        self.0.pending().filter_map(stop).collect()
    }
}

/// The signal, when it asks this process to stop; a child's end does not.
fn stop(number: i32) -> Option<Signal> {
    match number {
        SIGTERM => Some(Signal::TERM),
        SIGINT => Some(Signal::INT),
        SIGHUP => Some(Signal::HUP),
        SIGQUIT => Some(Signal::QUIT),
        _ => None,
    }
}
