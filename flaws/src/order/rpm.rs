//! Fedora, Red Hat, SUSE and their families, as `rpmvercmp` has it: `[epoch:]version[-release]`, in runs of letters and
//! digits; separators only separate, `~` comes before the end and `^` right after it.

use super::number::{Number, digits, letters};

/// The order of the variants is the order of versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Atom {
    Tilde,
    End,
    Caret,
    Letters(String),
    Number(Number),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    epoch: Number,
    version: Vec<Atom>,
    release: Vec<Atom>,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
    if version.is_empty() || rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == ':') {
        return None;
    }
    Some(Version { epoch: Number::of(epoch)?, version: atoms(version), release: atoms(release) })
}

fn atoms(mut text: &str) -> Vec<Atom> {
    let mut atoms = Vec::new();
    while let Some(first) = text.chars().next() {
        let (number, after_number) = digits(text);
        let (word, after_word) = letters(text);
        text = match (Number::of(number), word) {
            (Some(number), _) => {
                atoms.push(Atom::Number(number));
                after_number
            }
            (None, "") => {
                atoms.extend(mark(first));
                &text[first.len_utf8()..]
            }
            (None, word) => {
                atoms.push(Atom::Letters(word.to_owned()));
                after_word
            }
        };
    }
    atoms.push(Atom::End);
    atoms
}

fn mark(c: char) -> Option<Atom> {
    match c {
        '~' => Some(Atom::Tilde),
        '^' => Some(Atom::Caret),
        _ => None,
    }
}
