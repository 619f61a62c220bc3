//! A holder: the first process of a container that only keeps a network namespace alive.

use crate::signals::Signals;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions, wait};
use std::io;

/// Waits for a request to stop. Reaps what ends up with it meanwhile.
pub(crate) fn run() -> io::Result<u8> {
    let mut signals = Signals::watch()?;
    loop {
        let readable = PollFd::from_borrowed_fd(signals.readable(), PollFlags::IN);
        match poll(&mut [readable], None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        if signals.stops().iter().any(|s| [Signal::TERM, Signal::INT].contains(s)) {
            return Ok(0);
        }
    }
}
