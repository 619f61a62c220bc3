//! The first process of a container that only stays: to keep a network namespace alive, or to keep the place of a step
//! that failed as it is.

use crate::signals::Signals;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions, wait};
use std::io;

/// A holder.
pub(crate) fn run() -> io::Result<u8> {
    until_told(&mut Signals::watch()?)?;
    Ok(0)
}

/// Waits for a request to stop. Reaps what ends up with it meanwhile.
pub(crate) fn until_told(signals: &mut Signals) -> io::Result<()> {
    loop {
        let readable = PollFd::from_borrowed_fd(signals.readable(), PollFlags::IN);
        match poll(&mut [readable], None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        if signals.stops().iter().any(|s| [Signal::TERM, Signal::INT].contains(s)) {
            return Ok(());
        }
    }
}
