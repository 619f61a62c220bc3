//! Diagnostics as people see them: the message, the lines of the file, marks under them, and what to do.
//!
//! Nothing of a hostile text reaches a terminal as a control character.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

/// Nobody writes longer lines, and looking for the part to show takes its time.
const LONGEST_LINE: usize = 4096;

/// All of them, an empty line between two, and a line that counts them if there are several.
pub(crate) fn render(found: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut parts: Vec<String> = found.iter().map(|one| renderer.render(&[group(one)])).collect();
    parts.extend(count(found));
    parts.iter().map(|part| format!("{}\n", trim_lines(part))).collect::<Vec<_>>().join("\n")
}

/// The renderer pads empty lines.
fn trim_lines(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn count(found: &[Diagnostic]) -> Option<String> {
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    let first = found.iter().find(|one| one.severity == Severity::Error)?;
    (errors > 1).then(|| format!("{errors} errors in {}", normalize_untrusted_str(&first.place.file)))
}

fn group(one: &Diagnostic) -> Group<'_> {
    let level = match one.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(one.message.as_str()).id(one.code.as_str());
    let group = match snippet(one) {
        Some(snippet) => title.element(snippet),
        None => title.element(origin(one)),
    };
    match &one.help {
        Some(help) => group.element(Level::HELP.message(normalize_untrusted_str(help))),
        None => group,
    }
}

/// The place alone.
fn origin(one: &Diagnostic) -> Origin<'_> {
    let file = normalize_untrusted_str(&one.place.file);
    Origin::path(file).line(one.place.line).char_column(one.place.column)
}

/// The lines with their marks; none if a line is too long to show a part of.
fn snippet(one: &Diagnostic) -> Option<Snippet<'_, Annotation<'_>>> {
    let spans = || std::iter::once(&one.span).chain(one.related.iter().map(|related| &related.span));
    let first = spans().map(|span| span.start).min().unwrap_or_default();
    let last = spans().map(|span| span.end).max().unwrap_or_default();
    let (lines, number, offset) = one.source.lines_around(first, last);
    if lines.lines().any(|line| line.len() > LONGEST_LINE) {
        return None;
    }
    let shift = |span: &Span| span.start - offset..span.end - offset;
    let primary = AnnotationKind::Primary.span(shift(&one.span)).label(one.expected.as_deref());
    let others = one
        .related
        .iter()
        .map(|related| AnnotationKind::Context.span(shift(&related.span)).label(related.message.as_str()));
    let snippet = Snippet::source(shown(lines)).line_start(number).path(normalize_untrusted_str(&one.place.file));
    Some(snippet.annotation(primary).annotations(others))
}

/// The renderer shows control characters by their pictures, but for those beyond ASCII. What stands for them is as
/// many bytes long, so that the marks stay in their places.
fn shown(lines: &str) -> String {
    lines.replace(|char: char| char.is_control() && !char.is_ascii(), "\u{b7}")
}
