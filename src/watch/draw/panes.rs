//! The three parts of the screen.

use super::block;
use crate::render::duration::{ago, since};
use crate::render::safe::{flat, name};
use crate::watch::model::{Pane, Watching};
use crate::watch::rows::Row;
use crate::watch::text::Told;
use ansi_to_tui::IntoText;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{List, ListItem, ListState, Paragraph};
use sidings_proto::api::{RunSummary, State};
use sidings_proto::log::Stream;
use sidings_proto::{Timestamp, Verdict};

const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

pub(super) fn runs(watching: &Watching, frame: &mut Frame, area: Rect, now: Timestamp) {
    if watching.runs.is_empty() {
        let text = "no runs yet: `sidings submit` sends a tree";
        frame.render_widget(Paragraph::new(text).block(block(" runs ", watching.pane == Pane::Runs)), area);
        return;
    }
    let items: Vec<ListItem> = watching.runs.iter().map(|run| ListItem::new(of_run(run, now))).collect();
    let at = watching.runs.iter().position(|run| Some(run.id) == watching.chosen);
    list(frame, area, items, at, " runs ".to_owned(), watching.pane == Pane::Runs);
}

fn of_run(run: &RunSummary, now: Timestamp) -> Line<'static> {
    let time = match run.state {
        State::Ended => ago(run.created, now),
        State::Waiting | State::Queued | State::Running => since(run.started, run.ended, now),
    };
    Line::from(vec![
        mark(run.state, run.verdict.as_ref()),
        Span::styled(format!(" {}@{}", name(&run.project), run.number), BOLD),
        Span::raw(format!("  {}", flat(run.commit.ref_name().as_bytes()))),
        Span::styled(format!("  {time}"), DIM),
    ])
}

pub(super) fn jobs(watching: &Watching, frame: &mut Frame, area: Rect, now: Timestamp) {
    let has_keys = watching.pane == Pane::Jobs;
    let Some(run) = &watching.run else {
        let text = if watching.chosen.is_some() { "…" } else { "" };
        frame.render_widget(Paragraph::new(text).block(block(" jobs ", has_keys)), area);
        return;
    };
    let title = title_of(&run.summary, now);
    if let Some(diagnostics) = run.diagnostics.as_ref().filter(|_| run.jobs.is_empty()) {
        let lines: Vec<Line> = diagnostics.lines().map(|line| Line::raw(flat(line.as_bytes()))).collect();
        frame.render_widget(Paragraph::new(lines).block(block(title, has_keys)), area);
        return;
    }
    let rows = watching.rows(now);
    let at = rows.iter().position(|row| Some(row.place) == watching.place);
    let items: Vec<ListItem> = rows.iter().map(|row| ListItem::new(of_row(row))).collect();
    list(frame, area, items, at, title, has_keys);
}

/// ` demo@7 · main · 3f2a91c · Show departures by platform `
fn title_of(run: &RunSummary, now: Timestamp) -> String {
    let subject = flat(run.commit.message.lines().next().unwrap_or_default().as_bytes());
    let sha: String = run.commit.sha.chars().take(8).collect();
    let time = since(run.started, run.ended, now);
    let of_commit = flat(run.commit.ref_name().as_bytes());
    let words = [format!("{}@{}", name(&run.project), run.number), of_commit, sha, time, subject];
    let said: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    format!(" {} ", said.join(" · "))
}

fn of_row(row: &Row) -> Line<'static> {
    let (indent, style) = if row.is_inner() { ("   ", Style::new()) } else { ("", BOLD) };
    let note_style = if row.has_failed() { Style::new().fg(Color::Red) } else { DIM };
    let note = row.note.lines().next().unwrap_or_default();
    Line::from(vec![
        Span::raw(indent),
        mark(row.state, row.verdict.as_ref()),
        Span::styled(format!(" {}", name(&row.name)), style),
        Span::styled(format!("  {}", row.time), DIM),
        Span::styled(format!("  {}", flat(note.as_bytes())), note_style),
    ])
}

fn list(frame: &mut Frame, area: Rect, items: Vec<ListItem>, at: Option<usize>, title: String, has_keys: bool) {
    let chosen = if has_keys { Style::new().add_modifier(Modifier::REVERSED) } else { BOLD };
    let list = List::new(items).block(block(title, has_keys)).highlight_style(chosen).highlight_symbol("›");
    frame.render_stateful_widget(list, area, &mut ListState::default().with_selected(at));
}

pub(super) fn log(watching: &Watching, frame: &mut Frame, area: Rect) {
    let has_keys = watching.pane == Pane::Log;
    let Some(text) = &watching.text else {
        let why = watching.job().map(no_log).unwrap_or_default();
        frame.render_widget(Paragraph::new(why).block(block(" log ", has_keys)), area);
        return;
    };
    let rows = usize::from(area.height.saturating_sub(2));
    let found = watching.search.at;
    let lines: Vec<Line> = text.shown(rows).map(|(number, told)| of_line(told, found == Some(number))).collect();
    let column = u16::try_from(text.column).unwrap_or(u16::MAX);
    let (name, more) = (log_name(watching), how_far(watching));
    let block = block(format!(" {name} "), has_keys).title_bottom(Line::raw(more).right_aligned());
    frame.render_widget(Paragraph::new(lines).scroll((0, column)).block(block), area);
}

fn of_line(told: &Told, is_found: bool) -> Line<'static> {
    let mut line: Line<'static> = match told.text.into_text() {
        Ok(text) => text.lines.into_iter().next().unwrap_or_default(),
        Err(_) => Line::raw(flat(told.text.as_bytes())),
    };
    match told.stream {
        Stream::Note => line = line.style(Style::new().fg(Color::Cyan)),
        Stream::Stdout | Stream::Stderr => {}
    }
    if is_found { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
}

/// `unit / pytest`
fn log_name(watching: &Watching) -> String {
    let (Some(text), Some(job)) = (&watching.text, watching.job()) else { return "log".to_owned() };
    let step = job.steps.iter().find(|step| step.no == text.log.step).map(|step| step.name.as_str());
    let service = job.services.iter().find(|service| service.no == text.log.step).map(|of| of.name.as_str());
    let of = step.or(service).unwrap_or("setup");
    let again = if text.log.fence > 1 { format!(", attempt {}", text.log.fence) } else { String::new() };
    format!("{} / {}{again}", name(&job.name), name(of))
}

fn how_far(watching: &Watching) -> String {
    let Some(text) = &watching.text else { return String::new() };
    let told = match (text.follows(), text.ended) {
        (true, false) => "following",
        (true, true) => "the end",
        (false, _) => "G: to the end",
    };
    format!(" {} lines, {told} ", text.total())
}

fn no_log(job: &sidings_proto::api::JobView) -> String {
    match (&job.wait, job.state) {
        (Some(wait), _) => format!("waits: {}", flat(wait.message.as_bytes())),
        (None, State::Ended) => "it never ran".to_owned(),
        (None, State::Waiting | State::Queued | State::Running) => "it has not begun".to_owned(),
    }
}

fn mark(state: State, verdict: Option<&Verdict>) -> Span<'static> {
    let (colour, mark) = match (state, verdict) {
        (_, Some(Verdict::Passed)) => (Color::Green, "✓"),
        (_, Some(Verdict::Failed(_))) => (Color::Red, "✗"),
        (_, Some(Verdict::Cancelled | Verdict::Skipped { .. })) => (Color::DarkGray, "⊘"),
        (State::Running, None) => (Color::Yellow, "▶"),
        (State::Waiting | State::Queued | State::Ended, None) => (Color::DarkGray, "○"),
    };
    Span::styled(mark, Style::new().fg(colour))
}
