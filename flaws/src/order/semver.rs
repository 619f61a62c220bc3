//! Semantic versions, by semver.org §11: npm, crates.io, Go and its pseudo-versions, which are made to be ordered so.
//!
//! Read generously: a `v` before it, and missing numbers, which are 0. What is said of the build does not count. Go's own
//! releases are called `1.22rc1`; OSV calls that `1.22.0-rc.1`, and so it is read.

use super::number::{Number, digits, letters};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(Number),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Before(Vec<Identifier>),
    Release,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    numbers: [Number; 3],
    stage: Stage,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let text = text.strip_prefix(['v', 'V', '=']).unwrap_or(text);
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let (core, stage) = match text.split_once('-') {
        Some((core, stage)) => (core, Stage::Before(stage.split('.').map(identifier).collect::<Option<_>>()?)),
        None => of_go(text),
    };
    let mut numbers: [Number; 3] = Default::default();
    for (place, part) in core.split('.').enumerate() {
        *numbers.get_mut(place)? = Number::of(part)?;
    }
    Some(Version { numbers, stage })
}

/// `1.22rc1`.
fn of_go(text: &str) -> (&str, Stage) {
    let (core, rest) = super::number::run(text, |c| c.is_ascii_digit() || c == '.');
    let (word, rest) = letters(rest);
    match (word, Number::of(digits(rest).0), digits(rest).1) {
        ("beta" | "rc", Some(number), "") => {
            (core, Stage::Before(vec![Identifier::Text(word.to_owned()), Identifier::Number(number)]))
        }
        _ => (text, Stage::Release),
    }
}

fn identifier(text: &str) -> Option<Identifier> {
    if let Some(number) = Number::of(text) {
        return Some(Identifier::Number(number));
    }
    let good = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    good.then(|| Identifier::Text(text.to_owned()))
}
