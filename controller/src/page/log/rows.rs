//! Lines of a log as rows of a page.

use super::ansi::{Piece, pieces};
use crate::logs::lines::Line;
use sidings_proto::log::Stream;

/// A line as a page shows it.
pub(crate) struct LogRow {
    pub(crate) no: u64,
    /// `10:15:03.042`, in UTC.
    pub(crate) time: String,
    /// Its class: `stdout`, `stderr`, `note`.
    pub(crate) stream: Stream,
    pub(crate) pieces: Vec<Piece>,
    /// Bytes that are not shown.
    pub(crate) left_out: u64,
}

impl LogRow {
    /// Where a page begins that shows the line with some before it.
    pub(crate) fn before(&self) -> u64 {
        self.no.saturating_sub(20).max(1)
    }
}

/// All of them.
pub(crate) fn rows(lines: &[Line]) -> Vec<LogRow> {
    lines.iter().map(row).collect()
}

fn row(line: &Line) -> LogRow {
    let moment = jiff::Timestamp::from_millisecond(line.at.0).unwrap_or_default();
    LogRow {
        no: line.no,
        time: moment.strftime("%H:%M:%S%.3f").to_string(),
        stream: line.stream,
        pieces: pieces(&line.bytes),
        left_out: line.left_out,
    }
}
