//! What a secret may look like in a log: itself, each of its lines, and the encodings that tools give it without being
//! asked for a disguise.

use crate::SHORTEST;
use std::collections::BTreeSet;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// How many bytes of a value `base64`, PEM and `xxd -p` put on a line.
const LINES: [(usize, Encode); 3] = [(57, base64_of_line), (48, base64_of_line), (30, hex_of_line)];

type Encode = fn(&[u8]) -> Vec<Vec<u8>>;

/// Every text that is looked for on behalf of a value; none is shorter than [`SHORTEST`].
pub(crate) fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let whole = value.trim_end_matches(['\r', '\n']);
    let mut forms = BTreeSet::new();
    if whole.len() < SHORTEST {
        return forms;
    }
    for text in [value, whole].into_iter().chain(value.lines().map(str::trim)).filter(|text| text.len() >= SHORTEST) {
        forms.extend(as_text(text));
    }
    forms.extend(as_bytes(whole.as_bytes()));
    for (bytes, encode) in LINES {
        // Cut into lines no encoding of the whole value stands in one piece.
        if whole.len() > bytes {
            forms.extend(whole.as_bytes().chunks(bytes).flat_map(encode));
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// A text as it is, in JSON, in URLs and in XML.
fn as_text(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.as_bytes().to_vec()];
    for (slash, markup, ascii) in [(false, false, false), (true, false, false), (false, true, false)] {
        forms.push(json(text, slash, markup, ascii));
        forms.push(json(text, slash, markup, !ascii));
    }
    for (kept, space) in [("-._~", "%20"), ("-._~", "+"), ("-._~!'()*", "%20"), ("-._~/", "%20")] {
        forms.push(percent(text, kept, space, false));
        forms.push(percent(text, kept, space, true));
    }
    for apostrophe in ["'", "&apos;", "&#39;", "&#x27;"] {
        forms.push(xml(text, "\"", apostrophe));
        forms.push(xml(text, "&quot;", apostrophe));
    }
    forms
}

fn xml(text: &str, quote: &str, apostrophe: &str) -> Vec<u8> {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', quote).replace('\'', apostrophe).into_bytes()
}

/// Bytes in base64, wherever in a longer input they stand, and in hex.
fn as_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for alphabet in [STANDARD, URL_SAFE] {
        forms.extend((0..3).map(|before| base64_within(bytes, before, alphabet)));
    }
    forms.extend(hex_of_line(bytes));
    forms
}

fn base64_of_line(bytes: &[u8]) -> Vec<Vec<u8>> {
    vec![base64_within(bytes, 0, STANDARD), base64_within(bytes, 0, URL_SAFE)]
}

fn hex_of_line(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex = |upper: bool| bytes.iter().flat_map(|byte| hex_digits(*byte, upper)).collect();
    vec![hex(false), hex(true)]
}

/// The characters that depend on nothing but these bytes when so many others, up to two, come before them.
fn base64_within(bytes: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bits = |index: usize| {
        let byte = index / 8;
        let byte = if byte < before { 0 } else { bytes.get(byte - before).copied().unwrap_or(0) };
        usize::from((byte >> (7 - index % 8)) & 1)
    };
    let first = (before * 8).div_ceil(6);
    let end = (before + bytes.len()) * 8 / 6;
    let character = |at: usize| alphabet[(0..6).fold(0, |number, bit| (number << 1) | bits(at * 6 + bit))];
    (first..end).map(character).collect()
}

fn hex_digits(byte: u8, upper: bool) -> [u8; 2] {
    let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

fn percent(text: &str, kept: &str, space: &str, lower: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in text.bytes() {
        if byte == b' ' {
            out.extend(space.bytes());
        } else if byte.is_ascii_alphanumeric() || kept.bytes().any(|char| char == byte) {
            out.push(byte);
        } else {
            out.push(b'%');
            out.extend(hex_digits(byte, !lower));
        }
    }
    out
}

/// The inside of a JSON text. Writers differ in what they escape beside what they must: slashes, markup, all that is
/// not ASCII.
fn json(text: &str, slash: bool, markup: bool, ascii: bool) -> Vec<u8> {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if slash => out.push_str("\\/"),
            '<' | '>' | '&' if markup => unicode(&mut out, char),
            control if control < ' ' => unicode(&mut out, control),
            beyond if ascii && !beyond.is_ascii() => unicode(&mut out, beyond),
            plain => out.push(plain),
        }
    }
    out.into_bytes()
}

fn unicode(out: &mut String, char: char) {
    for unit in char.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}
