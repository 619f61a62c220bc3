//! A person at a terminal in a container.

use bytes::Bytes;
use futures::stream::BoxStream;
use sidings_proto::step::StepInput;
use std::collections::BTreeMap;
use std::pin::Pin;
use tokio::io::AsyncWrite;
use tokio::sync::watch;

/// What a person finds in a container.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Programs, of which the first one is started that the container has.
    pub shells: Vec<String>,
    /// Variables beside the container's.
    pub env: BTreeMap<String, String>,
    /// What the helper is told in private, as it was for the step.
    pub input: StepInput,
    /// The terminal's at the beginning.
    pub size: TerminalSize,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Its width.
    pub columns: u16,
    /// Its height.
    pub rows: u16,
}

/// A shell at its terminal. When this is dropped nobody is there any more, and it ends with its container at the latest.
pub struct Session {
    /// What is typed.
    pub typed: Pin<Box<dyn AsyncWrite + Send>>,
    /// What is shown, to the shell's end.
    pub shown: BoxStream<'static, std::io::Result<Bytes>>,
    /// The terminal's size; the shell hears of a change.
    pub size: watch::Sender<TerminalSize>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("size", &*self.size.borrow()).finish_non_exhaustive()
    }
}
