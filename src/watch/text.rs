//! The part of a log that is kept, and which part of it is looked at.

use crate::follow::{Line, LogId};
use crate::render::safe;
use sidings_proto::log::Stream;
use std::collections::VecDeque;

/// Lines that are kept of a log: its last.
pub(super) const KEPT: usize = 20_000;

/// A log that is looked at.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) log: LogId,
    lines: VecDeque<Told>,
    /// Lines that were let go of.
    gone: usize,
    /// The number of the line after the last one shown; none while the end is followed.
    below: Option<usize>,
    /// Columns that are out of sight at the left.
    pub(super) column: usize,
    /// There is no more to come.
    pub(super) ended: bool,
}

/// A line as it may be shown: only colours are left of what moves a terminal.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) stream: Stream,
    pub(super) text: String,
}

impl Text {
    pub(super) fn of(log: LogId) -> Text {
        Text { log, lines: VecDeque::new(), gone: 0, below: None, column: 0, ended: false }
    }

    pub(super) fn push(&mut self, lines: &[Line]) {
        let told = |line: &Line| Told { stream: line.stream, text: safe::line(&line.bytes).replace('\t', "    ") };
        self.lines.extend(lines.iter().map(told));
        let surplus = self.lines.len().saturating_sub(KEPT);
        self.lines.drain(..surplus);
        self.gone += surplus;
    }

    /// Lines in all.
    pub(super) fn total(&self) -> usize {
        self.gone + self.lines.len()
    }

    /// Whether what comes next is shown.
    pub(super) fn follows(&self) -> bool {
        self.below.is_none()
    }

    /// The lines on a screen of so many rows, with the number of each.
    pub(super) fn shown(&self, rows: usize) -> impl Iterator<Item = (usize, &Told)> {
        let below = self.below(rows);
        let first = below.saturating_sub(rows).max(self.gone);
        (first..below).zip(self.lines.range(first - self.gone..below - self.gone))
    }

    /// Rows towards the beginning, or with a negative number towards the end.
    pub(super) fn scroll(&mut self, back: isize, rows: usize) {
        let below = self.below(rows).saturating_add_signed(-back);
        self.show_above(below, rows);
    }

    pub(super) fn go_to_beginning(&mut self, rows: usize) {
        self.show_above(0, rows);
    }

    pub(super) fn follow(&mut self) {
        self.below = None;
    }

    /// Puts the line where it can be seen, in the middle where that is possible.
    pub(super) fn show(&mut self, number: usize, rows: usize) {
        self.show_above(number + rows.div_ceil(2), rows);
    }

    /// The nearest line with that text, in small or capital letters, before or behind the line `from`.
    pub(super) fn find(&self, sought: &str, from: usize, backwards: bool) -> Option<usize> {
        let sought = sought.to_lowercase();
        let has = |(_, told): &(usize, &Told)| plain(&told.text).to_lowercase().contains(&sought);
        let mut numbered = (self.gone..).zip(&self.lines);
        match backwards {
            true => numbered.take_while(|(number, _)| *number < from).filter(has).last(),
            false => numbered.find(|line| line.0 > from && has(line)),
        }
        .map(|(number, _)| number)
    }

    fn below(&self, rows: usize) -> usize {
        let (total, least) = (self.total(), self.gone + rows);
        self.below.map_or(total, |below| below.max(least).min(total))
    }

    fn show_above(&mut self, below: usize, rows: usize) {
        self.below = (below < self.total()).then_some(below.max(self.gone + rows));
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
