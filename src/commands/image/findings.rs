//! What people see of an audit. Names and summaries are whatever somebody wrote: nothing of them moves the cursor.

use crate::render::safe::flat;
use crate::render::style::{BAD, BUSY, DIM, paint};
use crate::render::table::table;
use sidings_flaws::{Audit, Finding, NotLooked, Severity};

/// So much of a summary is shown; all of it in JSON.
const LETTERS: usize = 60;
/// So many packages that could not be looked at are named.
const NAMED: usize = 5;

/// The worst first; then what is ignored, and what could not be looked at.
pub(super) fn listed(audit: &Audit) -> String {
    let mut text = head(audit);
    let rows: Vec<_> = audit.findings.iter().map(row).collect();
    if !rows.is_empty() {
        let columns = ["severity", "flaw", "kind", "package", "version", "fixed in", "layer", "line", "summary"];
        text.push_str(&format!("\n{}", table(columns, &rows)));
    }
    text.push_str(&notes(audit));
    text
}

fn head(audit: &Audit) -> String {
    let of = |severity: Severity| audit.findings.iter().filter(|finding| finding.severity == severity).count();
    let all =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Negligible, Severity::Unknown];
    let counts: Vec<String> = all
        .into_iter()
        .filter(|severity| of(*severity) > 0)
        .map(|severity| format!("{} {}", of(severity), severity.name()))
        .collect();
    let entries = if audit.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", audit.entries) };
    match counts.is_empty() {
        true => format!("no known flaw, of {entries}\n"),
        false => format!("{}, of {entries}\n", counts.join(", ")),
    }
}

fn row(it: &Finding) -> [String; 9] {
    let score = it.score.map(|score| format!(" {score:.1}")).unwrap_or_default();
    [
        format!("{}{score}", it.severity.name()),
        safe(&it.id),
        it.kind.name().to_owned(),
        safe(&it.package),
        safe(&it.version),
        it.fixed.as_deref().map(safe).unwrap_or_default(),
        it.layer.to_string(),
        it.line.map(|line| line.to_string()).unwrap_or_default(),
        summary(it),
    ]
}

fn summary(it: &Finding) -> String {
    let over = it.ignored_until.as_ref().map(|day| format!("[ignored until {day}] ")).unwrap_or_default();
    let text = safe(&it.summary);
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{over}{}…", text[..end].trim_end()),
        None => format!("{over}{text}"),
    }
}

fn notes(audit: &Audit) -> String {
    let ignored = audit.ignored.iter().map(|it| {
        let what = safe(&format!("{} of {} {}, until {}: {}", it.id, it.package, it.version, it.until, it.reason));
        format!("{} {what}\n", paint(DIM, "ignored:"))
    });
    let open = audit.not_looked.iter().map(|it| format!("{} {}\n", paint(BUSY, "not looked at:"), not_looked(it)));
    let unread =
        audit.remarks.iter().map(|it| format!("{} {}\n", paint(BAD, "not read:"), super::packages::remark(it)));
    let bad = audit
        .bad
        .iter()
        .map(|it| format!("{} {}\n", paint(BAD, "no entry:"), safe(&format!("{}: {}", it.name, it.why))));
    let mut notes: String = ignored.chain(open).chain(unread).chain(bad).collect();
    let more = audit.bad_files.saturating_sub(audit.bad.len() as u64);
    if more > 0 {
        notes.push_str(&format!("{} {more} more files\n", paint(BAD, "no entry:")));
    }
    if notes.is_empty() { notes } else { format!("\n{notes}") }
}

fn not_looked(it: &NotLooked) -> String {
    let count = it.packages.len();
    let noun = if count == 1 { "package" } else { "packages" };
    let more = if count > NAMED { ", …" } else { "" };
    let names: Vec<&str> = it.packages.iter().take(NAMED).map(String::as_str).collect();
    safe(&format!("{count} {noun} of {} ({}{more}): {}", it.kind.name(), names.join(", "), it.why))
}

fn safe(text: &str) -> String {
    flat(text.as_bytes())
}

#[cfg(test)]
mod tests;
