//! A text with its name, and where in it a byte is, as people count.

use std::fmt;
use std::ops::Range;

/// A range of bytes in a text.
pub(crate) type Span = Range<usize>;

/// A byte order mark is no part of the text.
const BOM: char = '\u{feff}';

/// A file's name and text.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// A text that is over the limit of size is not kept: nothing of it is ever shown.
    pub(crate) fn new(name: &str, text: &str) -> Source {
        let text = if text.len() > crate::yaml::MAX_BYTES { "" } else { without_bom(text) };
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Source { name: name.to_owned(), text: text.to_owned(), lines }
    }

    /// The line of a byte and the column in it, both from 1; a column is a character.
    pub(crate) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.line(at);
        let start = self.line_start(line);
        let before = self.text.get(start..at).unwrap_or_default();
        (line + 1, before.chars().count() + 1)
    }

    /// The part of `span` on its first line, so that a block of many lines is not underlined as a whole. An empty
    /// span stays where it is.
    pub(crate) fn first_line_of(&self, span: &Span) -> Span {
        let end = span.end.min(self.text.len());
        let start = span.start.min(end);
        let part = self.text.get(start..end).unwrap_or_default();
        let first = part.split('\n').next().unwrap_or_default().trim_end();
        start..start + first.len()
    }

    /// The text of the lines from that of `first` to that of `last`, the number of its first line from 1, and the
    /// byte it begins at.
    pub(crate) fn lines_around(&self, first: usize, last: usize) -> (&str, usize, usize) {
        let (from, to) = (self.line(first), self.line(last));
        let start = self.line_start(from);
        let end = self.lines.get(to + 1).copied().unwrap_or(self.text.len());
        (self.text.get(start..end).unwrap_or_default(), from + 1, start)
    }

    /// From 0.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|&start| start <= at).saturating_sub(1)
    }

    fn line_start(&self, line: usize) -> usize {
        self.lines.get(line).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name).finish()
    }
}

/// The text that spans count from.
pub(crate) fn without_bom(text: &str) -> &str {
    text.strip_prefix(BOM).unwrap_or(text)
}
