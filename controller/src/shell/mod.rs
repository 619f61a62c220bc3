//! The one loop that owns the core, and what others see of it without asking: [`live`] attempts and [`changes`].
//!
//! Events come in through [`Shell`], are handled in the order in which they came, and everything that a batch of
//! them wants saved is made durable in one transaction before anybody is answered. The shell decides nothing.

pub(crate) mod changes;
pub(crate) mod hints;
pub(crate) mod live;
#[cfg(test)]
mod tests;
mod turn;

use crate::clock::Clock;
use crate::core::event::{Answer, Ask, Event, Lease};
use crate::core::{Core, Policy};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::webhooks::{Book, Watch};
use changes::Changes;
use hints::Hints;
use live::Live;
use sidings_proto::runner::{LEASE_POLL_MS, LeaseRequest};
use sidings_proto::{RequestId, RunnerId, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use turn::Turn;

/// The loop has ended: the process is going down.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the controller is going down")]
pub(crate) struct Gone;

/// What the loop is sent.
enum Message {
    /// Something happened. The waiter, if there is one, is who the event's ask stands for.
    Event(Event, Option<(Ask, oneshot::Sender<Answer>)>),
    /// Somebody wants to look at the core, in order with the events.
    Look(Box<dyn FnOnce(&Core) + Send>),
}

/// The way to the loop.
#[derive(Clone)]
pub(crate) struct Shell {
    messages: mpsc::UnboundedSender<Message>,
    asks: Arc<AtomicU64>,
    clock: Clock,
    live: Arc<Live>,
    changes: Arc<Changes>,
    hints: Arc<Hints>,
    closing: CancellationToken,
}

/// The loop itself, to be driven by [`Loop::run`].
pub(crate) struct Loop {
    turn: Turn,
    messages: mpsc::UnboundedReceiver<Message>,
    clock: Clock,
    stop: CancellationToken,
}

/// Events that are handled and saved together, at most.
const BATCH: usize = 256;

/// Reads the store and makes the loop that goes on from there.
pub(crate) async fn restore(
    store: Arc<dyn Store>,
    clock: Clock,
    metrics: Arc<Metrics>,
    book: Arc<Book>,
    closing: CancellationToken,
    stop: CancellationToken,
) -> anyhow::Result<(Shell, Loop)> {
    let active = store.active_runs().await?;
    let (messages, inbox) = mpsc::unbounded_channel();
    let live = Arc::new(Live::restore(&active));
    let changes = Arc::new(Changes::default());
    let hints = Arc::new(Hints::default());
    let mut core = Core::new(Policy::default());
    core.restore_drains(store.drains().await?);
    core.restore_paces(store.paces().await?);
    let known = active.clone();
    let catching_up = core.restore(clock.now(), active);
    let watch = Watch::restore(book, &known, |run| core.asking(run));
    let mut turn = Turn::new(core, store, live.clone(), changes.clone(), hints.clone(), metrics, watch);
    turn.do_all(clock.now(), catching_up).await?;
    let shell = Shell { messages, asks: Arc::default(), clock, live, changes, hints, closing };
    Ok((shell, Loop { turn, messages: inbox, clock, stop }))
}

impl Loop {
    /// Handles events until it is told to stop, or until the store refuses. After a refusal the core is ahead of the
    /// store, so nothing more is handled: everybody who waits is told that the controller is going down, and the
    /// process ends. Its next life reads the store and goes on; runners and clients repeat their calls.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let mut inbox = Vec::with_capacity(BATCH);
        loop {
            let due = self.turn.next_wakeup().map(|at| self.clock.instant(at));
            tokio::select! {
                got = self.messages.recv_many(&mut inbox, BATCH) => if got == 0 { return Ok(()) },
                () = sleep_until(due) => inbox.push(Message::Event(Event::Tick, None)),
                () = self.stop.cancelled() => return Ok(()),
            }
            self.turn.take(|| self.clock.now(), inbox.drain(..)).await?;
        }
    }
}

async fn sleep_until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl Shell {
    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Attempts that are with runners.
    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// Who follows runs.
    pub(crate) fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }

    /// Says what happened and waits for the answer; it comes after everything before it is durable.
    pub(crate) async fn ask(&self, event: impl FnOnce(Ask) -> Event) -> Result<Answer, Gone> {
        let (_, answer) = self.send(event)?;
        answer.await.map_err(|_| Gone)
    }

    /// Looks at the core between two events.
    pub(crate) async fn look<T: Send + 'static>(&self, f: impl FnOnce(&Core) -> T + Send + 'static) -> Result<T, Gone> {
        let (tell, told) = oneshot::channel();
        let look = move |core: &Core| drop(tell.send(f(core)));
        self.messages.send(Message::Look(Box::new(look))).map_err(|_| Gone)?;
        told.await.map_err(|_| Gone)
    }

    /// Waits for work, as long as a lease request is held open. `None`: this life of the runner is not known.
    ///
    /// When the time is over the core is told that nobody waits any more, and the loop lets go of the waiter after
    /// that, in order: so an answer given in between still arrives here. When the caller itself goes away, the guard
    /// tells the core; an answer that was on its way is found again by the same request.
    pub(crate) async fn lease(&self, runner: RunnerId, request: LeaseRequest) -> Result<Option<Vec<Lease>>, Gone> {
        let id = request.request;
        let (ask, mut answer) = self.send(|ask| Event::LeaseAsked { ask, runner, request })?;
        let guard = LeaseGuard { shell: self, runner, request: id, ask };
        let answered = tokio::select! {
            answered = &mut answer => answered.map_err(|_| Gone)?,
            () = tokio::time::sleep(Duration::from_millis(LEASE_POLL_MS)) => { drop(guard); return Ok(late(answer.await)) }
            () = self.closing.cancelled() => { drop(guard); return Ok(late(answer.await)) }
        };
        std::mem::forget(guard);
        Ok(leased(answered))
    }

    /// Waits until a runner has something to hear, as long as a lease request is held open. False: nothing came.
    pub(crate) async fn hinted(&self, runner: RunnerId) -> bool {
        let bell = self.hints.bell(runner);
        tokio::select! {
            () = bell.notified() => true,
            () = tokio::time::sleep(Duration::from_millis(LEASE_POLL_MS)) => false,
            () = self.closing.cancelled() => false,
        }
    }

    /// Says what happened; nobody waits.
    pub(crate) fn tell(&self, event: Event) {
        // A loop that has ended needs to be told nothing.
        let _ = self.messages.send(Message::Event(event, None));
    }

    fn send(&self, event: impl FnOnce(Ask) -> Event) -> Result<(Ask, oneshot::Receiver<Answer>), Gone> {
        let ask = Ask(self.asks.fetch_add(1, Ordering::Relaxed));
        let (tell, told) = oneshot::channel();
        self.messages.send(Message::Event(event(ask), Some((ask, tell)))).map_err(|_| Gone)?;
        Ok((ask, told))
    }
}

fn leased(answer: Answer) -> Option<Vec<Lease>> {
    match answer {
        Answer::Leased(leases) => Some(leases),
        Answer::UnknownLife | Answer::Stale | Answer::Done | Answer::Orders(_) | Answer::Accepted | Answer::Already => {
            None
        }
    }
}

/// The waiter was let go of without an answer: there was no work.
fn late(answer: Result<Answer, oneshot::error::RecvError>) -> Option<Vec<Lease>> {
    match answer {
        Ok(answer) => leased(answer),
        Err(_) => Some(Vec::new()),
    }
}

/// Tells the core that a lease request's caller is gone, unless it was answered.
struct LeaseGuard<'a> {
    shell: &'a Shell,
    runner: RunnerId,
    request: RequestId,
    ask: Ask,
}

impl Drop for LeaseGuard<'_> {
    fn drop(&mut self) {
        let Self { runner, request, ask, .. } = *self;
        self.shell.tell(Event::LeaseDropped { runner, request, ask });
    }
}
