//! The few colours there are, and the mark of each state.

use anstyle::{AnsiColor, Style};
use sidings_proto::Verdict;
use sidings_proto::api::State;
use std::fmt::Display;

/// It went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// It did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// It is going on, or wants attention.
pub(crate) const BUSY: Style = AnsiColor::Yellow.on_default();
/// Names.
pub(crate) const NAME: Style = Style::new().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();

/// The text in a style; of no text, nothing.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    let text = text.to_string();
    if text.is_empty() { text } else { format!("{style}{text}{style:#}") }
}

/// ✓ passed, ✗ failed, ▶ running, ○ to come, ⊘ skipped or cancelled.
pub(crate) fn mark(state: State, verdict: Option<&Verdict>) -> String {
    let (style, mark) = match (state, verdict) {
        (_, Some(Verdict::Passed)) => (GOOD, '✓'),
        (_, Some(Verdict::Failed(_))) => (BAD, '✗'),
        (_, Some(Verdict::Cancelled | Verdict::Skipped { .. })) => (DIM, '⊘'),
        (State::Running, None) => (BUSY, '▶'),
        (State::Waiting | State::Queued | State::Ended, None) => (DIM, '○'),
    };
    paint(style, mark)
}

/// The verdict's word, or the state's, in its colour.
pub(crate) fn word(state: State, verdict: Option<&Verdict>) -> String {
    let style = match verdict {
        Some(Verdict::Passed) => GOOD,
        Some(Verdict::Failed(_)) => BAD,
        Some(Verdict::Cancelled | Verdict::Skipped { .. }) => DIM,
        None if state == State::Running => BUSY,
        None => DIM,
    };
    let state = match state {
        State::Waiting => "waiting",
        State::Queued => "queued",
        State::Running => "running",
        State::Ended => "ended",
    };
    paint(style, verdict.map_or(state, Verdict::word))
}
