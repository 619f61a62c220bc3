//! Secrets in variables and build arguments: both are written into the image, for everybody who has it.

use crate::policy::{Finding, Rule};
use crate::suggest::quoted;
use parse_dockerfile::UnescapedString;

/// Words of names whose values are nobody's business.
const SECRET: [&str; 9] =
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIALS", "APIKEY", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY"];
/// Such names that hold no secret: a file or an address of it, or what is to be done about it.
const HARMLESS: [&str; 5] = ["_FILE", "_PATH", "_URL", "_DIR", "_TTL"];

/// What is to be said of an `ENV` or an `ARG`.
pub(in crate::policy) fn look(instruction: &str, arguments: &UnescapedString<'_>) -> Vec<Finding> {
    let names = names(&arguments.value).into_iter().filter(|(name, _)| is_secret(name));
    // An `ENV` without a value, or with nothing in it, holds none; an `ARG` gets it from elsewhere.
    let named = names.filter(|(_, value)| instruction == "ARG" || !value.is_empty());
    named
        .map(|(name, _)| Finding {
            rule: Rule::SecretInImage,
            span: arguments.span.clone(),
            message: format!("`{instruction}` {} looks like a secret", quoted(&name)),
            why: "who has the image can read it",
            help: format!(
                "name it under `build: {{ secrets: … }}` and read it by `RUN --mount=type=secret,id={}`; steps get secrets by `from_secret`",
                name.to_ascii_lowercase()
            ),
        })
        .collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|word| name.contains(word)) && !HARMLESS.iter().any(|word| name.ends_with(word))
}

/// `A=1 B="2 3"`, `A`, and the old form `A 1`.
fn names(text: &str) -> Vec<(String, String)> {
    let first = text.split_whitespace().next().unwrap_or_default();
    if !first.contains('=') {
        let value = text.trim().strip_prefix(first).unwrap_or_default().trim();
        return vec![(first.to_owned(), value.to_owned())];
    }
    let pairs = words(text).into_iter().filter_map(|word| {
        word.split_once('=').map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
    });
    pairs.collect()
}

/// Words apart by blanks that are in no quotes.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match quote {
            None if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
