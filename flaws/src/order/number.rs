//! Numbers of any length: a version may hold more digits than any integer does.

use std::cmp::Ordering;

/// A number, as its digits without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Number(String);

impl Number {
    /// Of text that is digits and nothing else.
    pub(super) fn of(digits: &str) -> Option<Number> {
        let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| Number(digits.trim_start_matches('0').to_owned()))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What the text begins with as long as `which` holds, and the rest.
pub(super) fn run(text: &str, which: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !which(c)).unwrap_or(text.len()))
}

/// The digits that the text begins with, and the rest.
pub(super) fn digits(text: &str) -> (&str, &str) {
    run(text, |c| c.is_ascii_digit())
}

/// The letters that the text begins with, and the rest.
pub(super) fn letters(text: &str) -> (&str, &str) {
    run(text, |c| c.is_ascii_alphabetic())
}
