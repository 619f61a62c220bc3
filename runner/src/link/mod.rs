//! Speaks with the controller: leases work, beats, reports, and goes away in order.
//!
//! One lease request is open whenever a slot is free; a request whose answer was lost is repeated under its id. Each
//! attempt is carried out and reported by tasks of its own; the link does not look into what they do.

mod back_off;
mod beat;
mod client;
mod depot;
mod fleet;
mod held;
mod hello;
mod sender;
mod split;

use crate::Shutdown;
use crate::attempt::Telling;
use crate::disk::Room;
use crate::image::Fleet;
use crate::job::{Carried, Channel, Folder, Tools, carry_out};
use anyhow::Context;
use back_off::BackOff;
use beat::Heart;
pub(crate) use client::Client;
use client::{AttemptKey, CallError};
use depot::AttemptDepot;
use held::Held;
pub use hello::NotEnrolled;
pub(crate) use hello::identity;
use hello::{Greeting, greet, greet_until_heard};
use secrecy::SecretString;
use sender::Sender;
use sidings_proto::RequestId;
use sidings_proto::runner::{Assignment, Hello, LeaseRequest, Leased, Retire};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// For the answer to a lease request that was open when draining began.
const LAST_ANSWER: Duration = Duration::from_secs(2);
/// Between looks at a disk that is full.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// For what is handed back to be torn down.
const HAND_BACK: Duration = Duration::from_secs(60);

/// A runner at work.
pub(crate) struct Link {
    client: Client,
    heart: Arc<Heart>,
    held: Arc<Held>,
    tools: Arc<Tools>,
    room: Room,
    shutdown: Shutdown,
    slots: Arc<Semaphore>,
    attempts: JoinSet<()>,
}

/// Why leasing ended.
enum Over {
    Draining,
    Stopping,
}

/// Says hello, works until told to stop, retires. `beats_client` is for the beats' thread alone.
pub(crate) async fn work(
    client: Client,
    beats_client: Client,
    token: SecretString,
    hello: Hello,
    tools: Arc<Tools>,
    room: Room,
    shutdown: Shutdown,
) -> Result<(), WorkError> {
    let slots = Arc::new(Semaphore::new(usize::try_from(hello.slots).unwrap_or(1).max(1)));
    let greeting = Greeting { token, hello };
    match greet_until_heard(&client, &greeting, &shutdown).await {
        Ok(Some(_)) => {}
        Ok(None) => return Ok(()),
        Err(CallError::Unauthorized(reason)) => return Err(WorkError::Unknown(reason)),
        Err(error) => return Err(anyhow::Error::new(error).context("say hello to the controller").into()),
    }
    let held = Arc::new(Held::new());
    let heart = Arc::new(Heart::new(greeting, held.clone(), tools.tending.machine()));
    let thread = beat::start(heart.clone(), beats_client)?;
    let mut link = Link { client, heart, held, tools, room, shutdown, slots, attempts: JoinSet::new() };
    let worked = link.run().await;
    link.retire().await;
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    if !matches!(joined, Ok(Ok(()))) {
        tracing::error!("the beats' thread did not end well");
    }
    worked.map_err(WorkError::Failed)
}

/// Why the work ended before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    /// The controller does not know the runner's token.
    #[error("the controller does not know this runner: {0}")]
    Unknown(String),
    /// Anything else.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Link {
    async fn run(&mut self) -> anyhow::Result<()> {
        let leased = self.lease_until_over().await;
        match &leased {
            Ok(Over::Draining) => self.drain().await,
            Ok(Over::Stopping) | Err(_) => {}
        }
        self.hand_back().await;
        leased.map(|_| ())
    }

    async fn lease_until_over(&mut self) -> anyhow::Result<Over> {
        let mut back_off = BackOff::default();
        loop {
            let free = tokio::select! {
                biased;
                () = self.shutdown.stop.cancelled() => return Ok(Over::Stopping),
                () = self.shutdown.drain.cancelled() => return Ok(Over::Draining),
                Some(_) = self.attempts.join_next() => continue,
                free = free_slots(&self.slots) => free,
            };
            if !self.has_room().await {
                tokio::select! {
                    () = self.shutdown.wanted() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
                continue;
            }
            let (life, request) = (self.heart.greeting.hello.life, RequestId::new());
            let request = LeaseRequest { life, request, slots: free };
            if let Some(over) = self.lease(&request, &mut back_off).await? {
                return Ok(over);
            }
        }
    }

    /// Whether the disk has room for another job, once what may go is gone. The controller is told where it has not.
    async fn has_room(&mut self) -> bool {
        if self.room.shortage().is_some() {
            tokio::select! {
                () = self.shutdown.wanted() => return false,
                () = self.tools.tending.make_room() => {}
            }
        }
        let shortage = self.room.shortage();
        self.heart.tell_of_disk(shortage);
        shortage.is_none()
    }

    /// One lease request, until it is answered.
    async fn lease(&mut self, request: &LeaseRequest, back_off: &mut BackOff) -> anyhow::Result<Option<Over>> {
        loop {
            let (client, token) = (self.client.clone(), self.heart.greeting.token.clone());
            let mut asking = std::pin::pin!(client.lease(&token, request));
            let (asked, over) = tokio::select! {
                biased;
                () = self.shutdown.stop.cancelled() => return Ok(Some(Over::Stopping)),
                () = self.shutdown.drain.cancelled() => (self.last_answer(asking).await, Some(Over::Draining)),
                asked = &mut asking => (Some(asked), None),
            };
            match asked {
                Some(Ok(leased)) => {
                    back_off.reset();
                    self.begin(leased);
                    return Ok(over);
                }
                Some(Err(CallError::UnknownLife)) => {
                    let greeted = greet(&self.client, &self.heart.greeting).await.map(|_| ());
                    greeted.or_else(worth_another_try).context("say hello to the controller again")?;
                }
                Some(Err(error)) => worth_another_try(error).context("ask for work")?,
                None => {}
            }
            if over.is_some() {
                return Ok(over);
            }
            tokio::select! {
                () = self.shutdown.wanted() => {}
                () = tokio::time::sleep(back_off.next()) => {}
            }
        }
    }

    /// Says that no more work is taken, and waits a moment: work that is on its way is better done than lost. One who
    /// holds nothing retires at once, which gives it back as well.
    async fn last_answer<T>(&self, asking: impl Future<Output = T>) -> Option<T> {
        self.heart.draining.store(true, Ordering::Relaxed);
        self.heart.poke.notify_one();
        if self.held.ids().is_empty() {
            return None;
        }
        tokio::time::timeout(LAST_ANSWER, asking).await.ok()
    }

    fn begin(&mut self, leased: Leased) {
        for assignment in leased.assignments {
            let attempt = assignment.attempt;
            let Some(orders) = self.held.take(attempt) else { continue };
            // A repeated answer may bring more than there are slots now; the lease counts, not our books.
            let slot = self.slots.clone().try_acquire_owned().ok();
            let (client, tools, held) = (self.client.clone(), self.tools.clone(), self.held.clone());
            self.attempts.spawn(async move {
                one_attempt(&client, tools, assignment, orders).await;
                held.give_back(attempt);
                drop(slot);
            });
            self.heart.poke.notify_one();
        }
    }

    async fn drain(&mut self) {
        self.heart.draining.store(true, Ordering::Relaxed);
        self.heart.poke.notify_one();
        tracing::info!(jobs = self.attempts.len(), "draining: no new work is taken");
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.stop.cancelled() => return,
                ended = self.attempts.join_next() => if ended.is_none() { return },
            }
        }
    }

    async fn hand_back(&mut self) {
        self.held.drop_all();
        let all = async { while self.attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(HAND_BACK, all).await.is_err() {
            tracing::error!("an attempt could not be torn down; the next life sweeps it away");
        }
    }

    async fn retire(&self) {
        self.heart.over.cancel();
        let retire = Retire { life: self.heart.greeting.hello.life };
        let retiring = self.client.retire(&self.heart.greeting.token, &retire);
        match tokio::time::timeout(LAST_ANSWER, retiring).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not retire: the controller will miss this runner"),
            Err(_) => tracing::warn!("could not retire: the controller did not answer"),
        }
    }
}

/// Carries an attempt out, reports it, and removes its folder.
async fn one_attempt(client: &Client, tools: Arc<Tools>, assignment: Assignment, orders: crate::attempt::Orders) {
    let key = AttemptKey { attempt: assignment.attempt, token: assignment.token.clone().into() };
    let folder = Folder::of(&tools.attempts, assignment.attempt);
    let fetch = {
        let (client, key) = (client.clone(), key.clone());
        Box::new(move |into: std::path::PathBuf| {
            let (client, key) = (client.clone(), key.clone());
            Box::pin(async move { Ok(client.source(&key, &into).await?) }) as futures::future::BoxFuture<'static, _>
        })
    };
    let depot = Arc::new(AttemptDepot { client: client.clone(), key: key.clone() });
    let secrets = {
        let (client, key) = (client.clone(), key.clone());
        Box::new(move || {
            let (client, key) = (client.clone(), key.clone());
            Box::pin(async move { Ok(client.secrets(&key).await?) }) as futures::future::BoxFuture<'static, _>
        })
    };
    let fleet = Some(depot.clone() as Arc<dyn Fleet>);
    let telling = Telling::default();
    let split = Arc::new(split::AttemptQueue { client: client.clone(), key: key.clone() });
    let channel = Arc::new(Channel { telling, orders: orders.clone(), fetch, depot, fleet, secrets, split });
    let job = {
        let (tools, channel) = (tools.clone(), channel.clone());
        tokio::spawn(async move { carry_out(&assignment, &tools, &channel).await })
    };
    let mut sender = Sender::new(client, key, &channel.telling, &orders);
    match sender.while_running(job).await {
        Ok(Carried { finish, teardown }) => {
            let finishing = async {
                if let Some(finish) = finish {
                    sender.finish(finish).await;
                }
            };
            let ((), torn_down) = tokio::join!(finishing, teardown);
            if let Err(error) = torn_down {
                tracing::error!(%error, "a teardown did not end well");
            }
        }
        Err(error) => tracing::error!(%error, "an attempt's task did not end well"),
    }
    if let Err(error) = folder.remove().await {
        tracing::error!(error = format!("{error:#}"), "an attempt's folder is left for the next sweep");
    }
}

async fn free_slots(slots: &Semaphore) -> u32 {
    // Only looked at: the slot is taken when there is work for it.
    drop(slots.acquire().await);
    u32::try_from(slots.available_permits()).unwrap_or(u32::MAX).max(1)
}

fn worth_another_try(error: CallError) -> anyhow::Result<()> {
    match error {
        CallError::Away(_) | CallError::UnknownLife | CallError::Stale => {
            tracing::debug!(%error, "the controller is asked again");
            Ok(())
        }
        CallError::Unauthorized(_) | CallError::Refused(_) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
