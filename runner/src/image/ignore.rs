//! `.dockerignore` by Docker's own rules, which are not git's: a pattern is anchored at the context's root, the last
//! one that matches a path or a folder above it decides, and `!` takes back. The patterns become the same regular
//! expressions that the Docker client makes of them.

use regex::bytes::{Regex, RegexBuilder};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a context leaves out.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    takes_back: bool,
    expression: Regex,
}

/// A line that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {pattern:?} is not a pattern")]
pub struct BadPattern {
    line: usize,
    pattern: String,
}

impl Patterns {
    /// Reads a `.dockerignore`.
    pub fn parse(text: &str) -> Result<Patterns, BadPattern> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
        lines.map(|(index, line)| Pattern::parse(index + 1, line.trim())).collect::<Result<_, _>>().map(Patterns)
    }

    /// Whether a path, relative to the context, is left out.
    pub fn leaves_out(&self, path: &Path) -> bool {
        let mut out = false;
        for pattern in &self.0 {
            // A pattern that would change nothing need not be looked at.
            if pattern.takes_back == out && pattern.matches(path) {
                out = !out;
            }
        }
        out
    }

    /// Whether something may be taken back from a folder that is left out, so that it has to be looked into.
    pub fn may_take_back(&self) -> bool {
        self.0.iter().any(|pattern| pattern.takes_back)
    }
}

impl Pattern {
    fn parse(line: usize, text: &str) -> Result<Pattern, BadPattern> {
        let bad = || BadPattern { line, pattern: text.to_owned() };
        let (takes_back, glob) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, text),
        };
        if glob.is_empty() {
            return Err(bad());
        }
        let clean = clean(glob);
        let clean = if clean.len() > 1 { clean.trim_start_matches('/') } else { &clean };
        let expression = RegexBuilder::new(&expression(clean)).dot_matches_new_line(true).build();
        Ok(Pattern { takes_back, expression: expression.map_err(|_| bad())? })
    }

    /// The path itself, or any folder above it.
    fn matches(&self, path: &Path) -> bool {
        let above = path.ancestors().filter(|path| !path.as_os_str().is_empty());
        above.into_iter().any(|path| self.expression.is_match(path.as_os_str().as_bytes()))
    }
}

/// As Go's `filepath.Clean`: no `.`, no empty parts, `..` resolved where there is something to leave.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// The regular expression of a cleaned pattern.
fn expression(pattern: &str) -> String {
    let mut out = String::from("^");
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                // At the end everything below; in the midst any number of folders, none as well.
                out.push_str(if rest.peek().is_none() { ".*" } else { "(.*/)?" });
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => out.extend(['\\', c]),
            '\\' => match rest.next() {
                Some(escaped) => out.push_str(&regex::escape(&escaped.to_string())),
                None => out.push_str("\\\\"),
            },
            _ => out.push(c),
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests;
