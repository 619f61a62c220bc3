//! The screen: runs and jobs side by side, the log below, one row for what is said or asked.

mod panes;

use super::model::{Pane, Question, Watching};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};
use sidings_proto::Timestamp;

/// Narrower than this, runs and jobs take turns.
const BOTH_FROM: u16 = 90;
const RUNS_WIDTH: u16 = 46;

const KEYS: [(&str, &str); 15] = [
    ("↑ ↓ j k", "the one above, the one below"),
    ("⇥ ⇧⇥ ← →", "the next part of the screen, the one before"),
    ("⏎ esc", "into it, out of it"),
    ("PgUp PgDn", "a page"),
    ("g G", "the beginning; the end, where a log is followed"),
    ("f", "the next job that failed"),
    ("z", "the log on the whole screen"),
    ("/ n N", "look for a text in the log; further up, further down"),
    ("← →", "in the log: sideways"),
    ("c", "cancel the run"),
    ("r", "run it again"),
    ("a", "agree that the job runs"),
    ("o", "open the run's page in the browser"),
    ("?", "this"),
    ("q", "leave"),
];

/// The parts of the screen; those that are not shown are empty.
struct Parts {
    runs: Rect,
    jobs: Rect,
    log: Rect,
    foot: Rect,
}

/// Draws everything.
pub(super) fn all(watching: &Watching, frame: &mut Frame, now: Timestamp, colours: bool) {
    let parts = parts(watching, frame.area());
    if !parts.runs.is_empty() {
        panes::runs(watching, frame, parts.runs, now);
    }
    if !parts.jobs.is_empty() {
        panes::jobs(watching, frame, parts.jobs, now);
    }
    panes::log(watching, frame, parts.log);
    frame.render_widget(foot(watching), parts.foot);
    if watching.help {
        help(frame);
    }
    if !colours {
        uncoloured(frame);
    }
}

/// Rows that the log has on a screen of this size.
pub(super) fn rows_of_log(watching: &Watching, area: Rect) -> usize {
    usize::from(parts(watching, area).log.height.saturating_sub(2))
}

fn parts(watching: &Watching, area: Rect) -> Parts {
    let [body, foot] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    let none = Rect::default();
    if watching.wide {
        return Parts { runs: none, jobs: none, log: body, foot };
    }
    let [top, log] = Layout::vertical([Constraint::Percentage(45), Constraint::Fill(1)]).areas(body);
    if area.width < BOTH_FROM {
        let (runs, jobs) = if watching.pane == Pane::Runs { (top, none) } else { (none, top) };
        return Parts { runs, jobs, log, foot };
    }
    let [runs, jobs] = Layout::horizontal([Constraint::Length(RUNS_WIDTH), Constraint::Fill(1)]).areas(top);
    Parts { runs, jobs, log, foot }
}

/// A part's frame; that to which keys go stands out.
fn block<'a>(title: impl Into<Line<'a>>, has_keys: bool) -> Block<'a> {
    let (kind, style) = match has_keys {
        true => (BorderType::Thick, Style::new().fg(Color::Cyan)),
        false => (BorderType::Plain, Style::new().add_modifier(Modifier::DIM)),
    };
    Block::bordered().border_type(kind).border_style(style).title(title)
}

fn foot(watching: &Watching) -> Line<'_> {
    if let Some(question) = &watching.question {
        return Line::styled(asked(watching, question), Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD));
    }
    if watching.search.typing {
        return Line::raw(format!("/{}▏", watching.search.sought));
    }
    if !watching.said.is_empty() {
        return Line::styled(crate::render::safe::name(&watching.said), Style::new().fg(Color::Yellow));
    }
    let short = [("↑↓", "move"), ("⇥", "part"), ("?", "keys"), ("q", "leave"), ("f", "failed"), ("/", "search")];
    let rest = [("z", "zoom"), ("c", "cancel"), ("r", "retry"), ("a", "approve"), ("o", "open")];
    let told = |(key, what): (&'static str, &'static str)| {
        [Span::styled(key, Modifier::BOLD), Span::raw(" "), Span::styled(what, Modifier::DIM), Span::raw("  ")]
    };
    short.into_iter().chain(rest).flat_map(told).collect()
}

fn asked(watching: &Watching, question: &Question) -> String {
    let run = watching.run.as_ref().map(|run| format!("{}@{}", run.summary.project, run.summary.number));
    let run = run.unwrap_or_default();
    match question {
        Question::Cancel => format!("cancel {run}? y: yes, any other key: no"),
        Question::Retry => format!("run {run} again? y: all of it, f: what failed, any other key: no"),
        Question::Approve { name, .. } => {
            format!("let {} of {run} run? y: yes, any other key: no", crate::render::safe::name(name))
        }
    }
}

fn help(frame: &mut Frame) {
    let area = frame.area();
    let (width, height) = (72.min(area.width), (KEYS.len() as u16 + 2).min(area.height));
    let at = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    let lines: Vec<Line> = KEYS.iter().map(|(key, what)| Line::raw(format!(" {key:<10} {what}"))).collect();
    frame.render_widget(Clear, at);
    frame.render_widget(Paragraph::new(lines).block(block(" keys ", true)), at);
}

/// Bold, dim and reversed stay: they are no colours.
fn uncoloured(frame: &mut Frame) {
    for cell in &mut frame.buffer_mut().content {
        (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
    }
}
