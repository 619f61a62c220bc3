//! Alpine, as apk has it: `1.2.3b_rc1_p2~hash-r4`: numbers, a letter, suffixes, a commit, the number of the build.

use super::number::{Number, digits, letters, run};

/// Suffixes that come before the version they are put to, in order.
const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
/// And those that come after it.
const AFTER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

/// The order of the variants is the order of versions that are the same up to here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Atom {
    Before(usize),
    End,
    Build(Number),
    Commit(String),
    SuffixNumber(Number),
    After(usize),
    Letter(char),
    Digits(Digits),
}

/// Numbers after the first are texts where they begin with 0, and so come before all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Digits {
    Text(String),
    Number(Number),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<Atom>);

pub(super) fn parse(text: &str) -> Option<Version> {
    let mut atoms = Vec::new();
    let (first, mut text) = digits(text);
    atoms.push(Atom::Digits(Digits::Number(Number::of(first)?)));
    while let Some(rest) = text.strip_prefix('.') {
        let (number, rest) = digits(rest);
        atoms.push(Atom::Digits(later(number)?));
        text = rest;
    }
    if let Some(letter) = text.chars().next().filter(char::is_ascii_lowercase) {
        atoms.push(Atom::Letter(letter));
        text = &text[1..];
    }
    while let Some(rest) = text.strip_prefix('_') {
        let (word, rest) = letters(rest);
        atoms.push(suffix(word)?);
        let (number, rest) = digits(rest);
        atoms.extend(Number::of(number).map(Atom::SuffixNumber));
        text = rest;
    }
    if let Some(rest) = text.strip_prefix('~') {
        let (commit, rest) = run(rest, |c| c.is_ascii_hexdigit());
        atoms.push(Atom::Commit((!commit.is_empty()).then(|| commit.to_owned())?));
        text = rest;
    }
    if let Some(number) = text.strip_prefix("-r") {
        atoms.push(Atom::Build(Number::of(number)?));
        text = "";
    }
    atoms.push(Atom::End);
    text.is_empty().then_some(Version(atoms))
}

fn later(number: &str) -> Option<Digits> {
    let value = Number::of(number)?;
    Some(if number.starts_with('0') { Digits::Text(number.to_owned()) } else { Digits::Number(value) })
}

fn suffix(word: &str) -> Option<Atom> {
    let place = |of: &[&str]| of.iter().position(|it| *it == word);
    place(&BEFORE).map(Atom::Before).or_else(|| place(&AFTER).map(Atom::After))
}
