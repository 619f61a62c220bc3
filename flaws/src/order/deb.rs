//! Debian and its family, by deb-version(7): `[epoch:]upstream[-revision]`; `~` comes before even the end.

use super::number::{Number, digits, run};

/// The order of the variants is the order of versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Atom {
    Tilde,
    /// Of a run of other characters than digits.
    End,
    Letter(char),
    Other(char),
    Number(Number),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    epoch: Number,
    upstream: Vec<Atom>,
    revision: Vec<Atom>,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    let known = |c: char| c.is_ascii_alphanumeric() || ".+~".contains(c);
    let good = !upstream.is_empty() && !revision.is_empty() && revision.chars().all(known);
    if !good || !upstream.chars().all(|c| known(c) || "-:".contains(c)) {
        return None;
    }
    Some(Version { epoch: Number::of(epoch)?, upstream: atoms(upstream), revision: atoms(revision) })
}

/// Runs of other characters and numbers by turns, beginning with characters; what is missing is nothing and 0.
fn atoms(mut text: &str) -> Vec<Atom> {
    let mut atoms = Vec::new();
    while !text.is_empty() {
        let (others, rest) = run(text, |c| !c.is_ascii_digit());
        let (number, rest) = digits(rest);
        atoms.extend(others.chars().map(atom));
        atoms.push(Atom::End);
        atoms.push(Atom::Number(Number::of(number).unwrap_or_default()));
        text = rest;
    }
    atoms.push(Atom::End);
    atoms
}

fn atom(c: char) -> Atom {
    match c {
        '~' => Atom::Tilde,
        c if c.is_ascii_alphabetic() => Atom::Letter(c),
        c => Atom::Other(c),
    }
}
