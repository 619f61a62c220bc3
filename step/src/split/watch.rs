//! Ends a batch whose tests have been given to somebody else.

use super::desk::Desk;
use rustix::process::{Pid, Signal, kill_process_group};
use sidings_proto::split::desk::{Ask, Told};
use sidings_proto::step::MOUNT;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Somebody who watches while a batch runs.
pub(super) struct Watch {
    stream: UnixStream,
    /// Who is to be killed; nobody once the batch has ended, for its number may be another's then.
    group: Arc<Mutex<Option<Pid>>>,
    dropped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Begins to watch over a process that leads its group.
    pub(super) fn over(lease: u64, process: u32) -> io::Result<Watch> {
        let mut desk = Desk::connect(Path::new(MOUNT))?;
        let stream = desk.stream()?;
        let group = Arc::new(Mutex::new(i32::try_from(process).ok().and_then(Pid::from_raw)));
        let dropped = Arc::new(AtomicBool::new(false));
        let (its_group, was_dropped) = (group.clone(), dropped.clone());
        let thread = std::thread::spawn(move || {
            // An error is the end of the batch, or of the runner.
            if let Ok(Told::Dropped) = desk.ask(&Ask::Watch { lease }) {
                was_dropped.store(true, Ordering::Relaxed);
                kill(&its_group);
            }
        });
        Ok(Watch { stream, group, dropped, thread })
    }

    /// The batch has ended. Whether it was ended from here.
    pub(super) fn end(self) -> bool {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // One that is closed already is what is wanted.
        let _ = self.stream.shutdown(Shutdown::Both);
        let _ = self.thread.join();
        self.dropped.load(Ordering::Relaxed)
    }
}

fn kill(group: &Mutex<Option<Pid>>) {
    if let Some(group) = *group.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}
