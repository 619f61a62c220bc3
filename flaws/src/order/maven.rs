//! Maven, by its version order specification: numbers and qualifiers, split at `.`, `-`, `_` and where letters meet digits;
//! what says nothing (`0`, `final`, `ga`, `release`) is left out at the end, before a hyphen and before a qualifier.

use super::number::{Number, digits, run};

/// Qualifiers that come before the release, in order.
const BEFORE: [&str; 5] = ["alpha", "beta", "milestone", "rc", "snapshot"];

/// The order of the variants is the order of versions that are the same up to here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Before(usize),
    Nothing,
    ServicePack,
    Qualifier(String),
    AfterHyphen(Number),
    AfterDot(Number),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<Token>);

/// A token, and whether a hyphen, or what is the same, stands before it.
struct Part {
    token: Token,
    hyphen: bool,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let good = |c: char| c.is_ascii_graphic() && !"[](),".contains(c);
    if text.is_empty() || !text.chars().all(good) {
        return None;
    }
    let mut tokens: Vec<Token> = trimmed(parts(&text.to_ascii_lowercase())).into_iter().map(|it| it.token).collect();
    tokens.push(Token::Nothing);
    Some(Version(tokens))
}

fn parts(mut text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    // The first number is compared as if a dot stood before it.
    let mut hyphen = false;
    loop {
        let (number, rest) = digits(text);
        let (word, after) = run(text, |c| !c.is_ascii_digit() && !".-_".contains(c));
        let followed = after.starts_with(|c: char| c.is_ascii_digit());
        let (token, rest) = match (Number::of(number), word) {
            (Some(number), _) => (numeric(number, hyphen), rest),
            (None, "") => (numeric(Number::default(), hyphen), text),
            (None, word) => (qualifier(word, followed), after),
        };
        parts.push(Part { token, hyphen });
        let Some(separator) = rest.chars().next() else { return parts };
        hyphen = separator != '.' && separator != '_';
        text = rest.strip_prefix(['.', '-', '_']).unwrap_or(rest);
    }
}

fn numeric(number: Number, hyphen: bool) -> Token {
    if hyphen { Token::AfterHyphen(number) } else { Token::AfterDot(number) }
}

fn qualifier(word: &str, followed: bool) -> Token {
    let word = match word {
        "a" if followed => "alpha",
        "b" if followed => "beta",
        "m" if followed => "milestone",
        "cr" => "rc",
        "final" | "ga" | "release" => return Token::Nothing,
        "sp" => return Token::ServicePack,
        word => word,
    };
    BEFORE.iter().position(|it| *it == word).map_or_else(|| Token::Qualifier(word.to_owned()), Token::Before)
}

/// From the end to the start, so that a run of such tokens goes as a whole.
fn trimmed(parts: Vec<Part>) -> Vec<Part> {
    let mut kept: Vec<Part> = Vec::new();
    for part in parts.into_iter().rev() {
        let goes = kept.last().is_none_or(|next| next.hyphen || !next.token.is_number());
        if !(goes && part.token.says_nothing()) {
            kept.push(part);
        }
    }
    kept.reverse();
    kept
}

impl Token {
    fn is_number(&self) -> bool {
        matches!(self, Token::AfterHyphen(_) | Token::AfterDot(_))
    }

    fn says_nothing(&self) -> bool {
        match self {
            Token::Nothing => true,
            Token::AfterHyphen(number) | Token::AfterDot(number) => number.is_zero(),
            Token::Before(_) | Token::ServicePack | Token::Qualifier(_) => false,
        }
    }
}
