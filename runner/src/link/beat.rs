//! Beats, on a thread of their own: a busy processor or a stuck job must not make a runner look dead.

use super::back_off::jittered;
use super::client::{CallError, Client};
use super::held::Held;
use super::hello::{Greeting, greet};
use crate::clean::SeenMachine;
use anyhow::Context;
use sidings_proto::LowDisk;
use sidings_proto::runner::{BEAT_EVERY_MS, Beat, DISCONNECTED_MS, Hinted};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_millis(BEAT_EVERY_MS);
const AFTER_A_FAILURE: Duration = Duration::from_secs(2);
/// Attempts come in bursts; one beat speaks for all of a burst, and none is needed for what is over by then.
const AFTER_A_LEASE: Duration = Duration::from_secs(1);

/// What the beats say and whom they obey.
#[derive(Debug)]
pub(super) struct Heart {
    pub(super) greeting: Greeting,
    pub(super) held: Arc<Held>,
    pub(super) draining: AtomicBool,
    pub(super) poke: Notify,
    hinted: Notify,
    low_disk: Mutex<Option<LowDisk>>,
    machine: SeenMachine,
    pub(super) over: CancellationToken,
}

impl Heart {
    pub(super) fn new(greeting: Greeting, held: Arc<Held>, machine: SeenMachine) -> Heart {
        let (poke, hinted, over) = (Notify::new(), Notify::new(), CancellationToken::new());
        let (draining, low_disk) = (AtomicBool::new(false), Mutex::default());
        Heart { greeting, held, draining, poke, hinted, low_disk, machine, over }
    }

    /// Has the next beat say why no jobs are taken, or that they are; when that changes, it comes at once.
    pub(super) fn tell_of_disk(&self, low: Option<LowDisk>) {
        let before = std::mem::replace(&mut *self.low_disk(), low);
        if before.is_some() != low.is_some() {
            self.hinted.notify_one();
        }
    }

    fn low_disk(&self) -> MutexGuard<'_, Option<LowDisk>> {
        self.low_disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts to beat. The client is the beats' own: its connections are driven by this thread and wait for no other.
pub(super) fn start(heart: Arc<Heart>, client: Client) -> anyhow::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("make the beats' runtime")?;
    let thread = std::thread::Builder::new().name("beats".to_owned());
    let beat = move || {
        runtime.block_on(async {
            tokio::select! {
                () = heart.over.cancelled() => {}
                () = beats(&heart, &client) => {}
                () = listen(&heart, &client) => {}
            }
        });
    };
    thread.spawn(beat).context("start the beats' thread")
}

async fn beats(heart: &Heart, client: &Client) {
    loop {
        let pause = beat(heart, client).await;
        let due = tokio::time::sleep(jittered(pause, 0.1));
        tokio::select! {
            () = due => {}
            () = asked_for(heart) => {}
            () = heart.hinted.notified() => {}
        }
    }
}

/// Waits for the controller's word that an order is there, so that it need not wait for the next beat.
async fn listen(heart: &Heart, client: &Client) {
    loop {
        match client.hint(&heart.greeting.token).await {
            Ok(Hinted { beat: true }) => heart.hinted.notify_one(),
            Ok(Hinted { beat: false }) => {}
            Err(error) => {
                tracing::debug!(error = ?error, "the controller gives no hints now");
                tokio::time::sleep(jittered(EVERY, 0.1)).await;
            }
        }
    }
}

/// Waits until there is something to say before the next beat is due.
async fn asked_for(heart: &Heart) {
    loop {
        heart.poke.notified().await;
        let draining = heart.draining.load(Ordering::Relaxed);
        if !draining {
            tokio::time::sleep(AFTER_A_LEASE).await;
        }
        if draining || !heart.held.ids().is_empty() {
            return;
        }
    }
}

/// One beat; the time until the next one.
async fn beat(heart: &Heart, client: &Client) -> Duration {
    let life = heart.greeting.hello.life;
    let draining = heart.draining.load(Ordering::Relaxed);
    let machine = *heart.machine.lock().unwrap_or_else(PoisonError::into_inner);
    let beat = Beat { life, attempts: heart.held.ids(), draining, low_disk: *heart.low_disk(), machine };
    match client.beat(&heart.greeting.token, &beat).await {
        Ok(beaten) => {
            heart.held.heard();
            heart.held.obey(&beaten.orders);
            EVERY
        }
        Err(CallError::UnknownLife) => {
            if let Err(error) = greet(client, &heart.greeting).await {
                tracing::warn!(%error, "the controller forgot this runner and could not be told of it");
            }
            AFTER_A_FAILURE
        }
        Err(error) => {
            tracing::debug!(error = ?error, "a beat was not taken");
            give_up_what_is_lost(&heart.held);
            AFTER_A_FAILURE
        }
    }
}

fn give_up_what_is_lost(held: &Held) {
    if held.silence() > Duration::from_millis(DISCONNECTED_MS) && !held.ids().is_empty() {
        tracing::error!("the controller has been away for too long: what this runner held is given up");
        held.drop_all();
    }
}
