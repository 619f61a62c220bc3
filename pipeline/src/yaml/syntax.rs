//! The parser's errors in words that say what to do.

use super::{MAX_DEPTH, over_limit};
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::source::Span;
use crate::suggest::{quoted, shortened};
use serde_saphyr::granit_parser::{ErrorKind, ScanError};

/// What is wrong where the parser stopped.
#[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum is open, and its own words will do for the rest")]
pub(super) fn problem(error: &ScanError, text: &str) -> Problem {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let span = character_at(text, at);
    let new = |message: &str| Problem::new(Code::Syntax, &span, message);
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(&span),
        ErrorKind::MappingValueNotAllowed => unexpected_colon(text, at, &span),
        ErrorKind::InvalidColonPlacement => still_open(new("a `:` cannot stand here, inside of `[ ]`"), text, at)
            .help("close the list with `]` before the next key, or put the text into quotes"),
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            new("a tab cannot be used to indent").expected("spaces").help("indent with spaces, two for each level")
        }
        ErrorKind::UnexpectedCharacter { character } => unexpected(*character, &span),
        ErrorKind::UnclosedFlowCollection { open } => {
            new(&format!("this `{open}` is not closed")).help(format!("add a `{}`", closing(*open)))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            new(&format!("a `{open}` is closed by `{close}`")).expected(format!("`{}`", closing(*open)))
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            new("this bracket closes nothing").help("take it out, or put the text into quotes")
        }
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => unclosed_quote(text, at),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            new("text follows a closing quote").help("put the whole value into one pair of quotes")
        }
        ErrorKind::UnknownQuotedScalarEscape => new("there is no such escape in a text in double quotes")
            .help("use single quotes, in which a backslash is a backslash, or write `\\\\`"),
        ErrorKind::SimpleKeyExpected => new("a `:` is missing after this key")
            .expected("a key and its value: `key: value`")
            .help("if this continues the text above, put that into quotes or use `|`"),
        ErrorKind::ExpectedBlockMappingKey if !begins_line(text, at) => {
            new("this follows a value and does not belong to it")
                .expected("the end of the line")
                .help("put the whole value into quotes, or into one pair of brackets")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            new("this line is indented differently from the keys it stands among")
                .expected("a key, indented like those above")
                .help("keys of one map begin in the same column; items of a list begin with `- `")
        }
        ErrorKind::ExpectedBlockSequenceEntry => new("this line stands among the items of a list and is none")
            .expected("an item: `- …`")
            .help("begin it with `- `, or indent it like the key it belongs to"),
        ErrorKind::BlockSequenceEntryNotAllowed => new("a list cannot begin on the line of its key")
            .help("begin the list on the next line, or write it as `[a, b]`"),
        ErrorKind::ExpectedFlowMappingSeparator => still_open(new("a map in `{ }` goes on with this"), text, at)
            .expected("`,` or `}`")
            .help("put a text that has `,`, `:`, `{` or `}` into quotes"),
        ErrorKind::ExpectedFlowSequenceSeparator => still_open(new("a list in `[ ]` goes on with this"), text, at)
            .expected("`,` or `]`")
            .help("put a text that has `,`, `:`, `[` or `]` into quotes"),
        other => new(&format!("this is not YAML: {other}")),
    }
}

pub(super) fn too_deep(span: &Span) -> Problem {
    over_limit(span, format!("maps and lists lie more than {MAX_DEPTH} deep in one another; that is the limit"))
}

fn begins_line(text: &str, at: usize) -> bool {
    text[..at].rsplit('\n').next().is_none_or(|before| before.trim().is_empty())
}

/// The character there, so that there is something to underline; nothing at the end of a line.
fn character_at(text: &str, at: usize) -> Span {
    let next = text.get(at..).and_then(|rest| rest.chars().next()).filter(|next| !matches!(next, '\n' | '\r'));
    at..at + next.map_or(0, char::len_utf8)
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

/// Shows the bracket that a problem is inside of, if it is on another line.
fn still_open(problem: Problem, text: &str, at: usize) -> Problem {
    let mut depth = 0_usize;
    let open = text[..at].char_indices().rev().find(|(_, char)| match char {
        ']' | '}' => {
            depth += 1;
            false
        }
        '[' | '{' if depth == 0 => true,
        '[' | '{' => {
            depth -= 1;
            false
        }
        _ => false,
    });
    match open {
        Some((open, _)) if text[open..at].contains('\n') => problem.related(&(open..open + 1), "this is still open"),
        Some(_) | None => problem,
    }
}

/// Mostly a command with a `: ` in it, else a line that YAML takes for more of the text above.
fn unexpected_colon(text: &str, at: usize, span: &Span) -> Problem {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let written = text.get(start..at).and_then(|before| before.split_once(": "));
    match written.and_then(|(key, _)| line.get(key.len() + 2..)) {
        Some(value) if !value.trim().is_empty() => {
            let value = value.trim().replace('\'', "''");
            Problem::new(Code::Syntax, span, "a text without quotes cannot have a `: ` in it")
                .help(format!("put it into quotes: `'{}'`", shortened(&value, 80)))
        }
        Some(_) | None => continued_line(text, start, at, span),
    }
}

fn continued_line(text: &str, start: usize, at: usize, span: &Span) -> Problem {
    let above = text[..start].trim_end();
    let above_start = above.rfind('\n').map_or(0, |newline| newline + 1);
    let content = above[above_start..].trim_start().trim_start_matches("- ");
    let place = above.len() - content.len()..above.len();
    if !content.is_empty() && !content.contains([' ', ':', '\'', '"']) {
        return Problem::new(Code::Syntax, &place, format!("a `:` is missing after {}", quoted(content)))
            .expected("a key and its value: `key: value`");
    }
    let key = start + (text[start..at].len() - text[start..at].trim_start().len());
    let key = if key < at { key..at } else { span.clone() };
    Problem::new(Code::Syntax, &key, "this line is indented deeper than the one above, so it continues its text")
        .related(&place, "this text goes on")
        .help("indent both alike")
}

fn unexpected(character: char, span: &Span) -> Problem {
    let shown = quoted(&character.escape_default().to_string());
    let shown = match character {
        '`' => "a backtick".to_owned(),
        graphic if graphic.is_ascii_graphic() => format!("`{graphic}`"),
        _ => shown,
    };
    match character {
        '@' | '`' | '%' => Problem::new(Code::Syntax, span, format!("a text without quotes cannot begin with {shown}"))
            .help("put the text into quotes"),
        _ => Problem::new(Code::Syntax, span, format!("the character {shown} cannot stand here"))
            .help("in double quotes it can be written as an escape, such as `\\e` or `\\u001b`"),
    }
}

/// The parser notices it where the text goes on wrongly; the quote that opens it is what people look for.
fn unclosed_quote(text: &str, at: usize) -> Problem {
    let before = text.get(..at).unwrap_or_default();
    let open = before.trim_end().lines().rev().find_map(|line| {
        let quote = line.find(['"', '\''])?;
        Some(line.as_ptr() as usize - text.as_ptr() as usize + quote)
    });
    let span = character_at(text, open.unwrap_or(at));
    Problem::new(Code::Syntax, &span, "this quote is not closed")
        .help("close it; a text of several lines is written with `|`, or indented deeper than its key")
}
