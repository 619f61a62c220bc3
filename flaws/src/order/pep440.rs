//! Python, by PEP 440: `1!2.3rc1.post4.dev5+local`, in every spelling that it lets pass. What it does not is no version.

use super::number::{Number, digits, letters};

/// Where a version stands to its release: `1.dev0 < 1a0 < 1b0 < 1rc0 < 1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Of a release that is only developed, before its first alpha.
    Development,
    Alpha(Number),
    Beta(Number),
    Candidate(Number),
    Release,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Development {
    Before(Number),
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Local {
    Text(String),
    Number(Number),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    epoch: Number,
    release: Vec<Number>,
    stage: Stage,
    post: Option<Number>,
    development: Development,
    local: Option<Vec<Local>>,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let (public, local) = match text.split_once('+') {
        Some((public, local)) => (public, Some(locals(local)?)),
        None => (text, None),
    };
    let (epoch, rest) = public.split_once('!').unwrap_or(("0", public));
    let (release, rest) = release(rest)?;
    let (stage, rest) = before(rest);
    let (post, rest) = post(rest);
    let (development, rest) = development(rest);
    let stage = match (stage, &post, &development) {
        (Some(stage), _, _) => stage,
        (None, None, Development::Before(_)) => Stage::Development,
        (None, _, _) => Stage::Release,
    };
    let version = Version { epoch: Number::of(epoch)?, release, stage, post, development, local };
    rest.is_empty().then_some(version)
}

/// Without the zeros at its end, which do not count.
fn release(text: &str) -> Option<(Vec<Number>, &str)> {
    let (first, mut text) = digits(text);
    let mut numbers = vec![Number::of(first)?];
    while let Some(number) = text.strip_prefix('.').and_then(|rest| Number::of(digits(rest).0)) {
        numbers.push(number);
        text = digits(&text[1..]).1;
    }
    while numbers.last().is_some_and(Number::is_zero) {
        numbers.pop();
    }
    Some((numbers, text))
}

fn before(text: &str) -> (Option<Stage>, &str) {
    let (word, rest) = letters(separated(text));
    let stage = match word {
        "a" | "alpha" => Stage::Alpha,
        "b" | "beta" => Stage::Beta,
        "c" | "rc" | "pre" | "preview" => Stage::Candidate,
        _ => return (None, text),
    };
    let (number, rest) = numbered(rest);
    (Some(stage(number)), rest)
}

fn post(text: &str) -> (Option<Number>, &str) {
    if let Some(number) = text.strip_prefix('-').and_then(|rest| Number::of(digits(rest).0)) {
        return (Some(number), digits(&text[1..]).1);
    }
    let (word, rest) = letters(separated(text));
    if !matches!(word, "post" | "rev" | "r") {
        return (None, text);
    }
    let (number, rest) = numbered(rest);
    (Some(number), rest)
}

fn development(text: &str) -> (Development, &str) {
    let (word, rest) = letters(separated(text));
    if word != "dev" {
        return (Development::Done, text);
    }
    let (number, rest) = numbered(rest);
    (Development::Before(number), rest)
}

fn separated(text: &str) -> &str {
    text.strip_prefix(['.', '-', '_']).unwrap_or(text)
}

/// A number that may be left out, which is 0.
fn numbered(text: &str) -> (Number, &str) {
    match Number::of(digits(separated(text)).0) {
        Some(number) => (number, digits(separated(text)).1),
        None => (Number::default(), text),
    }
}

fn locals(text: &str) -> Option<Vec<Local>> {
    text.split(['.', '-', '_']).map(local).collect()
}

fn local(text: &str) -> Option<Local> {
    if let Some(number) = Number::of(text) {
        return Some(Local::Number(number));
    }
    let good = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    good.then(|| Local::Text(text.to_owned()))
}
