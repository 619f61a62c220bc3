//! Notices exit records and the like as they appear, over one watch queue of the kernel for all steps: to close a queue takes the
//! kernel milliseconds, and a user has 128 of them.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The one queue, and the task that reads it.
pub(crate) struct ExitWatch {
    queue: std::io::Result<Arc<Queue>>,
    reading: Option<JoinHandle<()>>,
}

struct Queue {
    watch: AsyncFd<OwnedFd>,
    bells: Mutex<HashMap<i32, Arc<Notify>>>,
}

/// A watched folder.
struct Watched<'a> {
    queue: &'a Queue,
    id: i32,
    bell: Arc<Notify>,
}

impl ExitWatch {
    /// Starts to watch. Where the kernel has no queue to give, no record is ever noticed.
    pub(crate) fn start() -> ExitWatch {
        let queue = Queue::open().map(Arc::new);
        let reading = queue.as_ref().ok().map(|queue| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.read().await })
        });
        ExitWatch { queue, reading }
    }

    /// Completes when one of these files is in the folder, which is watched by one at a time. The helper writes an exit
    /// record when all that the step started is over, which the engine says tens of milliseconds later. A folder that
    /// cannot be watched never completes.
    pub(crate) async fn appears(&self, step_dir: &Path, names: &[&str]) {
        let watched = match &self.queue {
            Ok(queue) => queue.add(step_dir),
            Err(error) => Err(std::io::Error::new(error.kind(), error.to_string())),
        };
        match watched {
            Ok(watched) => {
                // What moved does not matter: the folder is looked at again.
                while names.iter().all(|name| step_dir.join(name).symlink_metadata().is_err()) {
                    watched.bell.notified().await;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a step's folder cannot be watched; the engine says when the step ends");
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for ExitWatch {
    fn drop(&mut self) {
        self.reading.iter().for_each(JoinHandle::abort);
    }
}

impl Queue {
    fn open() -> std::io::Result<Queue> {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, for types that may change their descriptor; this one owns it"
        )]
        let watch = AsyncFd::with_interest(watch, Interest::READABLE)?;
        Ok(Queue { watch, bells: Mutex::default() })
    }

    fn add(&self, step_dir: &Path) -> std::io::Result<Watched<'_>> {
        let id = inotify::add_watch(&self.watch, step_dir, WatchFlags::MOVED_TO)?;
        let bell = self.bells().entry(id).or_default().clone();
        Ok(Watched { queue: self, id, bell })
    }

    /// Rings for what happens, until the queue fails.
    async fn read(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        loop {
            let read = self.watch.async_io(Interest::READABLE, |watch| {
                let mut reader = Reader::new(watch, &mut buffer);
                loop {
                    let event = reader.next()?;
                    self.ring(event.wd(), event.events());
                    if reader.is_buffer_empty() {
                        return Ok(());
                    }
                }
            });
            if let Err(error) = read.await
                && error.raw_os_error() != Some(Errno::INTR.raw_os_error())
            {
                tracing::warn!(%error, "exit records are no longer noticed; the engine says when steps end");
                return;
            }
        }
    }

    fn ring(&self, id: i32, what: ReadFlags) {
        let bells = self.bells();
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            bells.values().for_each(|bell| bell.notify_one());
        } else if let Some(bell) = bells.get(&id) {
            bell.notify_one();
        }
    }

    fn bells(&self) -> MutexGuard<'_, HashMap<i32, Arc<Notify>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.queue.bells().remove(&self.id);
        // A folder that was removed meanwhile took its watch with it.
        let _ = inotify::remove_watch(&self.queue.watch, self.id);
    }
}
