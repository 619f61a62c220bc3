//! Ruby, as `Gem::Version` has it: numbers and words, where a word makes a version come before the one without it. A
//! missing part is 0, so that `1` is `1.0`.

use super::number::{Number, digits, letters};
use std::cmp::Ordering;

/// A word comes before every number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Word(String),
    Number(Number),
}

/// Without the zeros that end its numbers or its whole, so that equal ones are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version(Vec<Segment>);

pub(super) fn parse(text: &str) -> Option<Version> {
    let text = text.trim();
    let (numbers, before) = text.split_once('-').map_or((text, None), |(numbers, before)| (numbers, Some(before)));
    let mut segments = Vec::new();
    parts(numbers, |c| c.is_ascii_alphanumeric(), &mut segments)?;
    if !matches!(segments.first(), Some(Segment::Number(_))) {
        return None;
    }
    if let Some(before) = before {
        segments.push(Segment::Word("pre".to_owned()));
        parts(before, |c| c.is_ascii_alphanumeric() || c == '-', &mut segments)?;
    }
    let words = segments.iter().position(|it| matches!(it, Segment::Word(_))).unwrap_or(segments.len());
    let words = segments.split_off(words);
    Some(Version(shortened(segments).into_iter().chain(shortened(words)).collect()))
}

/// Between dots is one segment, or several where digits and letters meet.
fn parts(text: &str, may: impl Fn(char) -> bool, segments: &mut Vec<Segment>) -> Option<()> {
    for part in text.split('.') {
        if part.is_empty() || !part.chars().all(&may) {
            return None;
        }
        // A dash that is not the first one stands for a word, as the first one does.
        for (place, mut rest) in part.split('-').enumerate() {
            segments.extend((place > 0).then(|| Segment::Word("pre".to_owned())));
            while !rest.is_empty() {
                let (number, after) = digits(rest);
                let (word, after) = letters(after);
                segments.extend(Number::of(number).map(Segment::Number));
                segments.extend((!word.is_empty()).then(|| Segment::Word(word.to_owned())));
                rest = after;
            }
        }
    }
    Some(())
}

fn shortened(mut segments: Vec<Segment>) -> Vec<Segment> {
    while segments.last().is_some_and(is_zero) {
        segments.pop();
    }
    segments
}

fn is_zero(segment: &Segment) -> bool {
    matches!(segment, Segment::Number(number) if number.is_zero())
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        let zero = Segment::Number(Number::default());
        let at = |version: &Version, place| version.0.get(place).unwrap_or(&zero).clone();
        let places = 0..self.0.len().max(other.0.len());
        places.map(|place| at(self, place).cmp(&at(other, place))).find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
