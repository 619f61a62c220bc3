//! This process's terminal, lent to a shell in a container: every key goes there as it is, Ctrl-C among them, and what
//! comes back is shown as it is. However it ends, the terminal is as it was before.

use anyhow::Context;
use futures::StreamExt;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use sidings_runner::HeldStep;
use sidings_runner::engine::{Session, TerminalSize};
use std::collections::BTreeMap;
use std::io::{self, Write, stdin, stdout};
use std::os::fd::OwnedFd;
use tokio::io::AsyncWriteExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// Read at once of what is typed or pasted.
const TYPED_AT_ONCE: usize = 4 * 1024;

/// Lends the terminal until the shell ends, or the terminal goes away.
pub(super) async fn lend(held: &HeldStep) -> anyhow::Result<()> {
    // What it can do is this terminal's matter, not the container's.
    let term = std::env::var("TERM").ok().map(|term| ("TERM".to_owned(), term));
    let session = held.enter(BTreeMap::from_iter(term), size()).await?;
    let raw = Raw::begin().context("preparing the terminal")?;
    let ended = pass(session).await;
    drop(raw);
    let at_line_start = ended?;
    if !at_line_start {
        eprintln!();
    }
    Ok(())
}

/// Whether the cursor stands at the beginning of a line in the end.
async fn pass(session: Session) -> anyhow::Result<bool> {
    let Session { mut typed, mut shown, size } = session;
    let (_keyboard, mut keys) = Keyboard::listen().context("reading the keyboard")?;
    let typing = async {
        while let Some(bytes) = keys.recv().await {
            // A shell that is over reads no more; that it is, is seen elsewhere.
            if typed.write_all(&bytes).await.is_err() || typed.flush().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let showing = async {
        let mut last = b'\n';
        while let Some(bytes) = shown.next().await {
            let bytes = bytes.context("reading from the shell")?;
            let mut out = stdout().lock();
            out.write_all(&bytes).and_then(|()| out.flush()).context("writing to the terminal")?;
            last = bytes.last().copied().unwrap_or(last);
        }
        Ok(last == b'\n')
    };
    tokio::select! {
        ended = showing => ended,
        () = typing => Ok(true),
        error = follow_size(size) => Err(error),
    }
}

/// Tells the shell of every size that the terminal gets; ends with an error only.
async fn follow_size(sizes: watch::Sender<TerminalSize>) -> anyhow::Error {
    let mut changes = match signal(SignalKind::window_change()) {
        Ok(changes) => changes,
        Err(error) => return anyhow::Error::new(error).context("watching the terminal's size"),
    };
    loop {
        changes.recv().await;
        sizes.send_replace(size());
    }
}

fn size() -> TerminalSize {
    match tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => TerminalSize { columns: size.ws_col, rows: size.ws_row },
        Ok(_) | Err(_) => TerminalSize { columns: 80, rows: 24 },
    }
}

/// While it lives the terminal interprets nothing.
struct Raw {
    before: Termios,
}

impl Raw {
    fn begin() -> io::Result<Raw> {
        let before = tcgetattr(stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(Raw { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs no care.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

/// Reads the keyboard until it is dropped: then what is typed is the next reader's, not lost in a read under way.
struct Keyboard {
    _open: OwnedFd,
}

impl Keyboard {
    fn listen() -> io::Result<(Keyboard, mpsc::Receiver<Vec<u8>>)> {
        let (closed, open) = rustix::pipe::pipe()?;
        let (keys, inbox) = mpsc::channel(1);
        std::thread::Builder::new().name("keyboard".to_owned()).spawn(move || read_keys(&closed, &keys))?;
        Ok((Keyboard { _open: open }, inbox))
    }
}

fn read_keys(closed: &OwnedFd, keys: &mpsc::Sender<Vec<u8>>) {
    let (terminal, mut buffer) = (stdin(), [0; TYPED_AT_ONCE]);
    loop {
        let mut awaited = [PollFd::new(&terminal, PollFlags::IN), PollFd::new(closed, PollFlags::IN)];
        match poll(&mut awaited, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        if !awaited[1].revents().is_empty() {
            return;
        }
        if awaited[0].revents().is_empty() {
            continue;
        }
        match rustix::io::read(&terminal, &mut buffer) {
            Ok(read @ 1..) if keys.blocking_send(buffer[..read].to_vec()).is_ok() => {}
            Err(Errno::INTR) => {}
            // The terminal or the shell is gone.
            Ok(_) | Err(_) => return,
        }
    }
}
