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
    /// Plain text that a path has to begin and to end with; most paths are told by these.
    ends: (Vec<u8>, Vec<u8>),
    /// None where the beginning is the whole pattern.
    expression: Option<Regex>,
}

/// What is to be known of a folder for all that is below it.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// The patterns that match the folder or one above it, which need not be compared again, and with false those that
    /// may match something below it.
    open: Vec<(usize, bool)>,
    out: bool,
}

impl Verdict {
    /// Whether the folder is left out.
    pub(crate) fn is_out(&self) -> bool {
        self.out
    }
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
        let bytes = path.as_os_str().as_bytes();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
        let above = ends.fold(self.nothing_yet(), |above, end| self.of_folder(&above, &bytes[..end]));
        self.leaves_out_file(&above, bytes)
    }

    /// The verdict on the context itself.
    pub(crate) fn nothing_yet(&self) -> Verdict {
        Verdict { open: (0..self.0.len()).map(|index| (index, false)).collect(), out: false }
    }

    /// The verdict on a folder, from that on the one it lies in. The last pattern that matches decides.
    pub(crate) fn of_folder(&self, above: &Verdict, path: &[u8]) -> Verdict {
        let compared = above.open.iter().map(|(index, above)| (*index, *above || self.0[*index].matches(path)));
        let open: Vec<(usize, bool)> =
            compared.filter(|(index, matches)| *matches || self.0[*index].may_match_below(path)).collect();
        let last = open.iter().rfind(|(_, matches)| *matches);
        let out = last.is_some_and(|(index, _)| !self.0[*index].takes_back);
        Verdict { open, out }
    }

    /// Whether a file or link is left out, given the verdict on its folder.
    pub(crate) fn leaves_out_file(&self, above: &Verdict, path: &[u8]) -> bool {
        let last = above.open.iter().rfind(|(index, above)| *above || self.0[*index].matches(path));
        last.is_some_and(|(index, _)| !self.0[*index].takes_back)
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
        let expression = RegexBuilder::new(&expression(clean)).dot_matches_new_line(true).build().map_err(|_| bad())?;
        let plain = !clean.contains(SPECIAL);
        Ok(Pattern { takes_back, ends: ends(clean), expression: (!plain).then_some(expression) })
    }

    /// The path itself, not those above it.
    fn matches(&self, path: &[u8]) -> bool {
        let Some(expression) = &self.expression else { return path == self.ends.0 };
        let (begin, end) = &self.ends;
        // Most are told by a single byte.
        let may_end = end.last().is_none_or(|last| path.last() == Some(last));
        may_end && path.ends_with(end) && path.starts_with(begin) && expression.is_match(path)
    }

    /// Whether it may match something in a folder, by the plain text that it begins with.
    fn may_match_below(&self, folder: &[u8]) -> bool {
        let begin = &self.ends.0;
        let common = begin.len().min(folder.len());
        begin[..common] == folder[..common] && begin.get(folder.len()).is_none_or(|byte| *byte == b'/')
    }
}

/// Characters that do not mean themselves.
const SPECIAL: [char; 5] = ['*', '?', '[', ']', '\\'];

/// The plain text at the beginning and at the end of a pattern.
fn ends(pattern: &str) -> (Vec<u8>, Vec<u8>) {
    let begin = pattern.find(SPECIAL).unwrap_or(pattern.len());
    let end = pattern.rfind(SPECIAL).map_or(pattern.len(), |at| at + 1);
    // The slash after two stars may be missing in a path.
    let end = pattern[end..].strip_prefix('/').unwrap_or(&pattern[end..]);
    (pattern[..begin].into(), end.into())
}

/// As Go's `filepath.Clean`: no `.`, no empty parts, `..` resolved where there is something to leave.
pub(crate) fn clean(path: &str) -> String {
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
