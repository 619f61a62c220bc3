//! Somebody wants the terminal for himself while a run is followed. He gets it when the end of a step was told, and
//! until he gives it back nothing is written there; what happens meanwhile is told afterwards.

use super::model::LogId;
use tokio::sync::{mpsc, oneshot};

/// The wish for the terminal.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(super) after: LogId,
    pub(super) answer: oneshot::Sender<Turn>,
}

/// The terminal is its holder's, until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _over: oneshot::Sender<()>,
}

/// Who may wish.
#[derive(Clone, Debug)]
pub(crate) struct Wishes(mpsc::Sender<Wish>);

/// Where wishes come in.
#[derive(Debug)]
pub(crate) struct Asides(Option<mpsc::Receiver<Wish>>);

impl Asides {
    /// Nobody ever wants the terminal.
    pub(crate) fn none() -> Asides {
        Asides(None)
    }

    /// One at a time gets it; the others wait in line.
    pub(crate) fn new() -> (Wishes, Asides) {
        let (wishes, asides) = mpsc::channel(1);
        (Wishes(wishes), Asides(Some(asides)))
    }

    /// The next wish; never, where there will be none.
    pub(super) async fn next(&mut self) -> Wish {
        let wish = match &mut self.0 {
            Some(wishes) => wishes.recv().await,
            None => None,
        };
        match wish {
            Some(wish) => wish,
            None => std::future::pending().await,
        }
    }
}

impl Wishes {
    /// The terminal, after the end of this step was told; none when the run is no longer followed, or is being
    /// cancelled.
    pub(crate) async fn turn(&self, after: LogId) -> Option<Turn> {
        let (answer, turn) = oneshot::channel();
        self.0.send(Wish { after, answer }).await.ok()?;
        turn.await.ok()
    }
}

impl Wish {
    /// Grants it. Gives what to wait for; nothing where nobody wants it any more.
    pub(super) fn grant(self) -> Option<oneshot::Receiver<()>> {
        let (over, waits) = oneshot::channel();
        self.answer.send(Turn { _over: over }).is_ok().then_some(waits)
    }
}
