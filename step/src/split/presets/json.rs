//! JSON as test runners in JavaScript write it: a text that was cut in the middle of a sign ends with half of it, which is
//! no text anywhere else. One such test would take the results of all others with it.

use serde_json::Value;
use std::io;
use std::ops::RangeInclusive;

const FIRST_HALVES: RangeInclusive<u32> = 0xD800..=0xDBFF;
const SECOND_HALVES: RangeInclusive<u32> = 0xDC00..=0xDFFF;
/// `\uD83D`.
const ESCAPE: usize = 6;

/// Reads it, with a sign of replacement for each half.
pub(super) fn read(written: &[u8]) -> io::Result<Value> {
    let (mut whole, mut rest) = (Vec::with_capacity(written.len()), written);
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        whole.extend_from_slice(before);
        let is_pair = is_half(escape, FIRST_HALVES) && is_half(escape.get(ESCAPE..).unwrap_or_default(), SECOND_HALVES);
        let (taken, length) = match escape {
            _ if is_pair => (&escape[..2 * ESCAPE], 2 * ESCAPE),
            _ if is_half(escape, 0xD800..=0xDFFF) => (br"\uFFFD".as_slice(), ESCAPE),
            _ => (&escape[..escape.len().min(2)], escape.len().min(2)),
        };
        whole.extend_from_slice(taken);
        rest = &escape[length..];
    }
    whole.extend_from_slice(rest);
    Ok(serde_json::from_slice(&whole)?)
}

fn is_half(escape: &[u8], halves: RangeInclusive<u32>) -> bool {
    let digits = escape.strip_prefix(br"\u").and_then(|digits| std::str::from_utf8(digits.get(..4)?).ok());
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).is_some_and(|sign| halves.contains(&sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_sign_is_replaced_and_all_else_is_as_it_was() {
        let read =
            |text: &str| read(text.as_bytes()).map(|value| value.as_str().unwrap_or_default().to_owned()).unwrap();
        assert_eq!(read(r#""a\ud83d""#), "a\u{FFFD}");
        assert_eq!(read(r#""\uDE00\ud83d\n\ud83d\ud83d\ude00""#), "\u{FFFD}\u{FFFD}\n\u{FFFD}😀");
        assert_eq!(read(r#""\\ud83d \"😀\" \u00e4""#), "\\ud83d \"😀\" ä");
        assert!(super::read(br#""\ud8"#).is_err() && super::read(br#""\"#).is_err());
    }
}
