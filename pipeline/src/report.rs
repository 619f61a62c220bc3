//! Collects what is wrong, so that everything can be told at once.
//!
//! It keeps the first [`MOST`] and counts the rest: nobody reads more, and a hostile file must not cost more.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place, Related, Severity};
use crate::source::{Source, Span};
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many diagnostics are kept.
const MOST: usize = 100;

/// Something wrong at a place, on its way into a report.
#[must_use = "it is not told before it is in a report"]
pub(crate) struct Problem {
    code: Code,
    severity: Severity,
    span: Span,
    message: String,
    expected: Option<String>,
    help: Option<String>,
    related: Vec<(Span, String)>,
}

impl Problem {
    pub(crate) fn new(code: Code, span: &Span, message: impl Into<String>) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            span: span.clone(),
            message: message.into(),
            expected: None,
            help: None,
            related: Vec::new(),
        }
    }

    pub(crate) fn warning(mut self) -> Problem {
        self.severity = Severity::Warning;
        self
    }

    /// Stands under the place itself: what was expected there.
    pub(crate) fn expected(mut self, text: impl Into<String>) -> Problem {
        self.expected = Some(text.into());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Problem {
        self.help = Some(text.into());
        self
    }

    pub(crate) fn maybe_help(mut self, text: Option<String>) -> Problem {
        self.help = text.or(self.help);
        self
    }

    pub(crate) fn related(mut self, span: &Span, message: impl Into<String>) -> Problem {
        self.related.push((span.clone(), message.into()));
        self
    }
}

/// What was found so far in one text.
pub(crate) struct Report {
    source: Arc<Source>,
    found: Vec<Diagnostic>,
    /// A part of the file that stands for several, by aliases, is told about once.
    told: BTreeSet<(usize, usize, String)>,
    left_out: usize,
}

impl Report {
    pub(crate) fn new(source: Source) -> Report {
        Report { source: Arc::new(source), found: Vec::new(), told: BTreeSet::new(), left_out: 0 }
    }

    /// Whether one more would still be kept; looking for a suggestion is in vain otherwise.
    pub(crate) fn has_room(&self) -> bool {
        self.found.len() < MOST
    }

    /// Whether anything keeps the text from being used.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|found| found.severity == Severity::Error)
    }

    /// Where a piece of text stands within a place; the place itself if it is not written there as it is.
    pub(crate) fn find(&self, within: &Span, piece: &str) -> Span {
        let text = self.source.text.get(within.clone()).unwrap_or_default();
        text.find(piece).map_or_else(|| within.clone(), |at| within.start + at..within.start + at + piece.len())
    }

    /// One that is not worth its words any more.
    pub(crate) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    pub(crate) fn add(&mut self, problem: Problem) {
        if !self.has_room() {
            return self.leave_out();
        }
        let diagnostic = self.diagnostic(problem);
        let Span { start, end } = diagnostic.span;
        if self.told.insert((start, end, diagnostic.message.clone())) {
            self.found.push(diagnostic);
        }
    }

    pub(crate) fn into_diagnostics(mut self) -> Diagnostics {
        self.found.sort_by_key(|found| found.span.start);
        if self.left_out > 0 {
            let end = self.source.text.len();
            let message = format!("{} more problems are not shown", self.left_out);
            let last = self.diagnostic(Problem::new(Code::Limit, &(end..end), message));
            self.found.push(last);
        }
        Diagnostics(self.found)
    }

    fn diagnostic(&self, problem: Problem) -> Diagnostic {
        let span = self.source.first_line_of(&problem.span);
        Diagnostic {
            severity: problem.severity,
            code: problem.code,
            message: printable(&problem.message),
            place: self.place(&span),
            expected: problem.expected.as_deref().map(printable),
            help: problem.help.as_deref().map(printable),
            related: problem.related.into_iter().map(|(span, message)| self.related(&span, message)).collect(),
            span,
            source: Arc::clone(&self.source),
        }
    }

    fn related(&self, span: &Span, message: String) -> Related {
        let span = self.source.first_line_of(span);
        Related { message: printable(&message), place: self.place(&span), span }
    }

    /// A place as people are told it.
    pub(crate) fn place(&self, span: &Span) -> Place {
        let (line, column) = self.source.line_and_column(span.start);
        let (end_line, end_column) = self.source.line_and_column(span.end);
        Place { file: self.source.name.clone(), line, column, end_line, end_column }
    }
}

/// What a text has in it of control characters, written out: names from a hostile file end up in terminals, logs and
/// pages.
fn printable(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().map(|char| if char.is_control() { char.escape_default().to_string() } else { char.into() }).collect()
}
