//! What happens to queues by themselves: their time passes, their workers' attempts end, their runs end.
//!
//! It looks at the world again and again, so nothing has to be told to it, and nothing that was lost stays undone.

use super::one::{Held, One};
use super::{Splits, key_of, worker_id};
use sidings_split::Event;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Between two looks at queues that go on.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Splits {
    /// Goes on until the controller closes. A queue that cannot be saved is tried again.
    pub(crate) async fn tend(self: Arc<Self>) -> anyhow::Result<()> {
        for key in self.store.open_splits().await? {
            self.one(&key);
        }
        loop {
            let all = self.all();
            if all.is_empty() {
                tokio::select! {
                    () = self.new.notified() => continue,
                    () = self.closing.cancelled() => return Ok(()),
                }
            }
            for one in all {
                if let Err(error) = self.look_after(&one).await {
                    tracing::error!(error = format!("{error:#}"), "a split job could not be looked after");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.closing.cancelled() => return Ok(()),
            }
        }
    }

    fn all(&self) -> Vec<Arc<One>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) async fn look_after(&self, one: &One) -> anyhow::Result<()> {
        let mut held = one.held().await?;
        if !self.shell.live().has_run(one.key.run) {
            let reason = "the run ended before every test had run".to_owned();
            held.handle(one, self.shell.now(), Event::GiveUp { reason }).await?;
            drop(held);
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&one.key);
            return Ok(());
        }
        let live = self.shell.live().attempts_of(one.key.run);
        let ours = live.into_iter().filter(|(_, job)| key_of(job).as_ref() == Some(&one.key));
        let there: BTreeSet<_> = ours.map(|(attempt, job)| worker_id(job.index, attempt.fence)).collect();
        for worker in held.workers().into_iter().filter(|worker| !there.contains(worker)) {
            held.handle(one, self.shell.now(), Event::Lost { worker }).await?;
        }
        let now = self.shell.now();
        if held.next_wakeup().is_some_and(|due| due <= now) && matches!(*held, Held::Open(_)) {
            held.handle(one, now, Event::Tick).await?;
        }
        Ok(())
    }
}
