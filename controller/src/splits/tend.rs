//! What happens to queues by themselves: their time passes, their workers' attempts end, their runs end, and others
//! wait for their runners.
//!
//! It looks at the world again and again, so nothing has to be told to it, and nothing that was lost stays undone.

use super::Splits;
use super::one::{Held, One};
use crate::core::Crowding;
use sidings_split::Event;
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
            let now = self.shell.now();
            let Ok(crowding) = self.shell.look(move |core| core.crowding(now)).await else { return Ok(()) };
            for one in all {
                if let Err(error) = self.look_after_among(&one, &crowding).await {
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

    async fn look_after_among(&self, one: &One, crowding: &Crowding) -> anyhow::Result<()> {
        self.look_after(one).await?;
        self.make_room(one, crowding.needed.get(&(one.key.run, one.key.suite.clone())).copied()).await
    }

    /// Asks for as many runners as others need, those included that are on their way back; takes back what was asked for
    /// and is needed no longer.
    async fn make_room(&self, one: &One, needed: Option<u32>) -> anyhow::Result<()> {
        let mut held = one.held().await?;
        let Some(owed) = held.owes() else { return Ok(()) };
        let leaving = self.workers(&one.key).into_iter().filter(|worker| held.has_yielded(*worker)).count();
        let wanted = needed.unwrap_or(0).saturating_sub(u32::try_from(leaving).unwrap_or(u32::MAX));
        let (now, is_too_much) = (self.shell.now(), owed > wanted);
        if is_too_much || needed.is_none() {
            held.handle(one, now, Event::Contended(false)).await?;
        }
        if needed.is_some() {
            held.handle(one, now, Event::Contended(true)).await?;
        }
        for _ in if is_too_much { 0 } else { owed }..wanted {
            held.handle(one, now, Event::YieldAsked).await?;
        }
        if held.owes() != Some(owed) {
            self.shell.changes().tell(one.key.run);
        }
        Ok(())
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
        let there = self.workers(&one.key);
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
