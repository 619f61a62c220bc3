//! A line of a log as pieces of text with classes: colours as programs ask for them, and nothing else of what they
//! wrote is obeyed.
//!
//! Only SGR (colour, bold, underline, …) counts; every other escape sequence is left out. What a carriage return takes
//! back is not shown. Control characters, and those that turn the direction of text, are shown as signs.

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Class names, or empty.
    pub(crate) class: String,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    /// Of the 16 colours.
    ink: Option<u8>,
    ground: Option<u8>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    struck: bool,
    turned: bool,
}

impl Look {
    fn class(self) -> String {
        let (ink, ground) = if self.turned { (self.ground, self.ink) } else { (self.ink, self.ground) };
        let plain_turned = self.turned && ink.is_none() && ground.is_none();
        let on = [
            (self.bold, "ab"),
            (self.dim, "ad"),
            (self.italic, "ai"),
            (self.underlined, "au"),
            (self.struck, "as"),
            (plain_turned, "at"),
        ];
        let mut classes: Vec<String> = on.iter().filter(|(on, _)| *on).map(|(_, class)| (*class).to_owned()).collect();
        classes.extend(ink.map(|colour| format!("f{colour}")));
        classes.extend(ground.map(|colour| format!("g{colour}")));
        classes.join(" ")
    }
}

/// A line's pieces.
pub(crate) fn pieces(line: &[u8]) -> Vec<Piece> {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\r').unwrap_or(&text);
    let shown = text.rsplit('\r').next().unwrap_or_default();
    let mut painted = Painted { look: Look::default(), pieces: Vec::new() };
    // Colours that were set before what a carriage return took back still hold.
    let before = text.len() - shown.len();
    let (mut at, mut chars) = (0, text.chars());
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            let rest = chars.as_str();
            let taken = painted.escape(rest);
            at += 1 + taken;
            chars = rest.get(taken..).unwrap_or_default().chars();
            continue;
        }
        if at >= before {
            painted.add(visible(c));
        }
        at += c.len_utf8();
    }
    painted.pieces
}

/// A line without any colour.
pub(super) fn plain(line: &[u8]) -> String {
    pieces(line).into_iter().map(|piece| piece.text).collect()
}

struct Painted {
    look: Look,
    pieces: Vec<Piece>,
}

impl Painted {
    fn add(&mut self, c: char) {
        let class = self.look.class();
        match self.pieces.last_mut().filter(|last| last.class == class) {
            Some(last) => last.text.push(c),
            None => self.pieces.push(Piece { class, text: c.to_string() }),
        }
    }

    /// Obeys SGR, passes over the rest; gives how many bytes the sequence has after its escape.
    fn escape(&mut self, rest: &str) -> usize {
        match rest.as_bytes().first() {
            Some(b'[') => {
                let end = rest.bytes().skip(1).position(|byte| (0x40..=0x7e).contains(&byte));
                let Some(end) = end.map(|end| end + 1) else { return rest.len() };
                if rest.as_bytes().get(end) == Some(&b'm') {
                    self.sgr(rest.get(1..end).unwrap_or_default());
                }
                // What is not ASCII here is no sequence, and stays text.
                if rest.get(..end).is_some_and(str::is_ascii) { end + 1 } else { 1 }
            }
            Some(b']' | b'P' | b'X' | b'^' | b'_') => {
                let end = rest.char_indices().find(|(_, c)| ['\u{7}', '\u{9c}', '\u{1b}'].contains(c));
                end.map_or(rest.len(), |(at, c)| if c == '\u{1b}' { at } else { at + c.len_utf8() })
            }
            Some(byte) if byte.is_ascii() && !byte.is_ascii_control() => 1,
            Some(_) | None => 0,
        }
    }

    fn sgr(&mut self, codes: &str) {
        let mut codes =
            codes.split([';', ':']).map(|code| if code.is_empty() { Some(0) } else { code.parse::<u8>().ok() });
        while let Some(code) = codes.next() {
            match code {
                Some(0) => self.look = Look::default(),
                Some(1) => self.look.bold = true,
                Some(2) => self.look.dim = true,
                Some(3) => self.look.italic = true,
                Some(4) => self.look.underlined = true,
                Some(7) => self.look.turned = true,
                Some(9) => self.look.struck = true,
                Some(22) => (self.look.bold, self.look.dim) = (false, false),
                Some(23) => self.look.italic = false,
                Some(24) => self.look.underlined = false,
                Some(27) => self.look.turned = false,
                Some(29) => self.look.struck = false,
                Some(code @ 30..=37) => self.look.ink = Some(code - 30),
                Some(38) => self.look.ink = colour(&mut codes),
                Some(39) => self.look.ink = None,
                Some(code @ 40..=47) => self.look.ground = Some(code - 40),
                Some(48) => self.look.ground = colour(&mut codes),
                Some(49) => self.look.ground = None,
                Some(code @ 90..=97) => self.look.ink = Some(code - 90 + 8),
                Some(code @ 100..=107) => self.look.ground = Some(code - 100 + 8),
                Some(_) | None => {}
            }
        }
    }
}

/// One of 256, or of all: the nearest of the 16 that the page has, so that it can be read in light and dark.
fn colour(codes: &mut impl Iterator<Item = Option<u8>>) -> Option<u8> {
    match codes.next()?? {
        5 => Some(match codes.next()?? {
            low @ 0..=15 => low,
            cube @ 16..=231 => {
                let part = |at: u8| (cube - 16) / at % 6 * 51;
                nearest(part(36), part(6), part(1))
            }
            grey => nearest((grey - 232) * 10 + 8, (grey - 232) * 10 + 8, (grey - 232) * 10 + 8),
        }),
        2 => Some(nearest(codes.next()??, codes.next()??, codes.next()??)),
        _ => None,
    }
}

fn nearest(red: u8, green: u8, blue: u8) -> u8 {
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    if most - least < 32 {
        return match most {
            0..=63 => 0,
            64..=150 => 8,
            151..=215 => 7,
            _ => 15,
        };
    }
    let half = least + (most - least) / 2;
    let hue = u8::from(red > half) | u8::from(green > half) << 1 | u8::from(blue > half) << 2;
    if most > 200 { hue + 8 } else { hue }
}

/// A character that is none to look at, as a sign for it.
fn visible(c: char) -> char {
    match c {
        '\t' => '\t',
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        '\u{2028}' | '\u{2029}' => '\u{2424}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(line: &str, expected: Expect) {
        let pieces = pieces(line.as_bytes());
        expected.assert_eq(&pieces.iter().map(|Piece { class, text }| format!("[{class}]{text}")).collect::<String>());
    }

    #[test]
    fn colours_are_classes() {
        check("a \x1b[31mred\x1b[0m b", expect!["[]a [f1]red[] b"]);
        check("\x1b[1;4;92;41mx\x1b[22;39my", expect!["[ab au f10 g1]x[au g1]y"]);
        check("\x1b[7mx\x1b[31my", expect!["[at]x[g1]y"]);
        check("\x1b[mplain", expect!["[]plain"]);
    }

    #[test]
    fn many_colours_become_the_nearest_of_sixteen() {
        check("\x1b[38;5;196mx\x1b[38;5;28my\x1b[38;5;244mz", expect!["[f9]x[f2]y[f8]z"]);
        check("\x1b[38;2;10;10;200mx\x1b[48;2;250;250;250my\x1b[38;5mz", expect!["[f4]x[f4 g15]y[g15]z"]);
    }

    #[test]
    fn no_other_sequence_is_obeyed() {
        check(
            "\x1b[2Ja\x1b[10;10Hb\x1b]0;title\x07c\x1b]8;;http://evil\x1b\\d\x1b(Be\x1bPq#0\x1b\\f",
            expect!["[]abcdBef"],
        );
        check("half \x1b[31", expect!["[]half "]);
        check("half \x1b", expect!["[]half "]);
        check("\x1b[9é1mx", expect!["[]9é1mx"]);
    }

    #[test]
    fn a_carriage_return_takes_back_what_was_there() {
        check(" 1 %\r 50 %\r100 %\r", expect!["[]100 %"]);
        check("\x1b[32mold\rnew", expect!["[f2]new"]);
    }

    #[test]
    fn what_cannot_be_seen_is_a_sign() {
        check("a\u{0}b\u{8}c\u{7f}\u{202e}evil", expect!["[]a␀b␈c␡\u{fffd}evil"]);
        assert_eq!(plain(b"\xff\xfe<b>"), "\u{fffd}\u{fffd}<b>");
    }

    #[test]
    fn any_bytes_make_a_line() {
        let mut seed = 7u32;
        for _ in 0..2_000 {
            let mut bytes = Vec::new();
            for _ in 0..24 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let common = [0x1b, b'[', b';', b'm', b']', b'\r', b'3', 0xc3, 0xa9, 0x9b];
                bytes.push(*common.get((seed >> 24) as usize % 14).unwrap_or(&((seed >> 16) as u8)));
            }
            let text = plain(&bytes);
            assert!(!text.chars().any(|c| c.is_control() && c != '\t'), "{bytes:?} {text:?}");
        }
    }
}
