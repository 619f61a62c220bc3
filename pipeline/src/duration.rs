//! `90s`, `5m`, `1h30m`, `500ms`: numbers with units, the larger unit first.

use std::time::Duration;

/// Units, the largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Words that people use for a unit.
const WORDS: [(&str, &str); 15] = [
    ("hours", "h"),
    ("hour", "h"),
    ("hrs", "h"),
    ("hr", "h"),
    ("minutes", "m"),
    ("minute", "m"),
    ("mins", "m"),
    ("min", "m"),
    ("seconds", "s"),
    ("second", "s"),
    ("secs", "s"),
    ("sec", "s"),
    ("milliseconds", "ms"),
    ("millis", "ms"),
    ("msec", "ms"),
];

/// The duration that is written.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|char: char| char.is_ascii_digit()).len();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.len() - behind.trim_start_matches(|char: char| char.is_ascii_alphabetic()).len();
        let (unit, behind) = behind.split_at(letters);
        // Going on in the same iterator refuses a unit that comes twice or after a smaller one.
        let (_, millis) = units.by_ref().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*millis)?)?;
        rest = behind;
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

/// What somebody meant who wrote `90`, `5 min` or `5M`.
pub(crate) fn meant(text: &str) -> Option<String> {
    let mut plain: String = text.to_lowercase().split_whitespace().collect();
    if !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        plain.push('s');
    }
    for (word, unit) in WORDS {
        plain = plain.replace(word, unit);
    }
    parse(&plain).map(|_| plain.clone()).or_else(|| in_parts(&plain))
}

/// `1.5h` as `1h30m`, `1d` as `24h`.
fn in_parts(plain: &str) -> Option<String> {
    let digits = plain.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let unit = match &plain[digits.len()..] {
        "d" | "day" | "days" => 24 * 3_600_000,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let (whole, tenth) = (whole.parse::<u64>().ok()?, fraction.get(..1)?.parse::<u64>().ok()?);
    let millis = whole.checked_mul(unit)?.checked_add(tenth * unit / 10)?;
    (fraction.len() == 1).then(|| written(Duration::from_millis(millis)))
}

/// As people write it: `1h30m`.
pub(crate) fn written(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, millis) in UNITS {
        if rest >= millis {
            text.push_str(&format!("{}{unit}", rest / millis));
            rest %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
