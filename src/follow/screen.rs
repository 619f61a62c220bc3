//! Who shows a run while it is followed. Two do: lines for any stream, a living tree for terminals.

use super::lines::Line;
use super::model::{Following, LogId, Notice};
use sidings_proto::Timestamp;
use std::io;

/// Shows a run. Calls come in the order of what happened; nothing is told twice.
pub(crate) trait Screen: Send {
    /// Lines of a log, in their order.
    fn lines(&mut self, following: &Following, log: LogId, lines: &[Line]) -> io::Result<()>;

    /// Something that is to be told once.
    fn notice(&mut self, following: &Following, notice: &Notice) -> io::Result<()>;

    /// A sentence that belongs to no job.
    fn remark(&mut self, text: &str) -> io::Result<()>;

    /// Nothing more is waiting to be told, or some time has passed.
    fn refresh(&mut self, following: &Following, now: Timestamp) -> io::Result<()>;

    /// Somebody else writes to the terminal from now on, to look at a step that failed, until anything else is called.
    fn stand_aside(&mut self, following: &Following, failed: LogId) -> io::Result<()>;

    /// Nothing more will come; what stays on the screen stays.
    fn close(&mut self, following: &Following, now: Timestamp) -> io::Result<()>;
}
