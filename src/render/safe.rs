//! Makes a line of a job's output safe to show: a job may print what moves the cursor, changes the window's title or
//! asks the terminal to answer. Only colours (SGR) pass, and they end with the line.

const RESET: &str = "\x1b[0m";

/// One line as it may be shown. What an earlier carriage return overwrote is left out, as a terminal would.
pub(crate) fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return text.into_owned();
    }
    let text = text.trim_end_matches('\r');
    let text = text.rsplit_once('\r').map_or(text, |(_, last)| last);
    let mut out = String::with_capacity(text.len());
    let mut coloured = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\x1b' => {
                let (sequence, after) = escape(after);
                if let Some(sgr) = sequence {
                    out.push_str("\x1b[");
                    out.push_str(sgr);
                    coloured = true;
                }
                after
            }
            '\t' => {
                out.push(c);
                after
            }
            c if c.is_control() || reorders(c) => after,
            c => {
                out.push(c);
                after
            }
        };
    }
    if coloured {
        out.push_str(RESET);
    }
    out
}

/// One line without colours, tabs as blanks: for places of a fixed width.
pub(crate) fn flat(bytes: &[u8]) -> String {
    anstream::adapter::strip_str(&line(bytes)).to_string().replace('\t', "    ")
}

/// A name with all in it, so that no two look the same: what would move the cursor is escaped.
pub(crate) fn name(text: &str) -> String {
    let shown = |c: char| if c.is_control() || reorders(c) { c.escape_default().collect() } else { String::from(c) };
    text.chars().map(shown).collect()
}

/// In double quotes, as JSON and YAML read it; what would move the cursor is escaped.
pub(crate) fn quoted(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() || reorders(c) => format!("\\u{:04x}", u32::from(c)),
        c => String::from(c),
    };
    format!("\"{}\"", text.chars().map(shown).collect::<String>())
}

/// What follows an ESC: the rest of it when it is SGR, and what comes after the sequence.
fn escape(text: &str) -> (Option<&str>, &str) {
    match text.as_bytes().first() {
        Some(b'[') => control_sequence(&text[1..]),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => (None, after_string(&text[1..])),
        Some(0x20..=0x2f) => (None, after_intermediate(text)),
        Some(0x30..=0x7e) => (None, &text[1..]),
        _ => (None, text),
    }
}

fn control_sequence(text: &str) -> (Option<&str>, &str) {
    let parameters = text.bytes().take_while(|b| (0x20..=0x3f).contains(b)).count();
    match text.as_bytes().get(parameters) {
        Some(b'm') if text[..parameters].bytes().all(|b| b.is_ascii_digit() || b == b';' || b == b':') => {
            (Some(&text[..=parameters]), &text[parameters + 1..])
        }
        Some(0x40..=0x7e) => (None, &text[parameters + 1..]),
        _ => (None, &text[parameters..]),
    }
}

/// Titles, device strings and the like end with BEL or ESC \; one that does not end takes the line with it.
fn after_string(text: &str) -> &str {
    let bell = text.find('\x07').map(|at| at + 1);
    let terminator = text.find("\x1b\\").map(|at| at + 2);
    let end = bell.into_iter().chain(terminator).min().unwrap_or(text.len());
    &text[end..]
}

fn after_intermediate(text: &str) -> &str {
    let intermediates = text.bytes().take_while(|b| (0x20..=0x2f).contains(b)).count();
    let last = text[intermediates..].chars().next().filter(char::is_ascii_graphic).map_or(0, char::len_utf8);
    &text[intermediates + last..]
}

/// Characters that make text read in another order than it stands.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_all_that_is_in_it() {
        assert_eq!(name("a\u{1b}[31m\tb\n ü\u{202e}c"), "a\\u{1b}[31m\\tb\\n ü\\u{202e}c");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(line(input.as_bytes()), expected, "of {input:?}");
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        check("ok\tgrüße 日本", "ok\tgrüße 日本");
        check("", "");
    }

    #[test]
    fn colours_pass_and_end_with_the_line() {
        check("\x1b[1;31mred", "\x1b[1;31mred\x1b[0m");
        check("\x1b[38:5:1mx\x1b[m", "\x1b[38:5:1mx\x1b[m\x1b[0m");
    }

    #[test]
    fn everything_else_that_a_terminal_obeys_is_dropped() {
        check("a\x1b[2Jb", "ab");
        check("a\x1b[10;10Hb", "ab");
        check("\x1b]0;owned\x07title", "title");
        check("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link");
        check("\x1bP+q544e\x1b\\x", "x");
        check("\x1b(0x\x1b)Bx", "xx");
        check("\x1bcreset", "reset");
        check("\x1b[>4;2mx", "x");
        check("a\x07b\x08c\x00d\x7fe", "abcde");
        check("c1 \u{9b}2J\u{9d}0;x", "c1 2J0;x");
    }

    #[test]
    fn what_is_cut_off_is_dropped() {
        check("a\x1b", "a");
        check("a\x1b[", "a");
        check("a\x1b[1;", "a");
        check("a\x1b]0;never ends", "a");
        check("a\x1b(", "a");
        check("a\x1b[日", "a日");
        check("a\x1b(日", "a日");
    }

    #[test]
    fn a_progress_bar_shows_its_last_state() {
        check("10%\r50%\r100%\r", "100%");
        check("windows line\r", "windows line");
    }

    #[test]
    fn text_cannot_turn_itself_around() {
        check("a\u{202e}b\u{2066}c\u{2028}d", "abcd");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        assert_eq!(line(b"a\xff\xfeb"), "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn a_flat_line_has_no_colours_and_no_tabs() {
        assert_eq!(flat(b"\x1b[31mred\x1b[0m\tx"), "red    x");
    }

    #[test]
    fn what_is_quoted_is_read_back_as_it_was_and_moves_nothing() {
        let name = "a \"b\" \\c\n\u{1b}]0;x\u{9b}\u{202e}ß";
        let shown = quoted(name);
        assert!(shown.chars().all(|c| !c.is_control() && !reorders(c)), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), name);
    }
}
