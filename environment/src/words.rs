//! Words of a Dockerfile: split at spaces, quotes taken off, variables filled in. Where frontends differ or this reader
//! is not sure, there is no answer.

/// What a variable is worth: not known, not set, or its text.
pub(crate) type Worth = Option<Option<String>>;

/// The word without quotes and with its variables filled in.
pub(crate) fn expand(text: &str, worth: &dyn Fn(&str) -> Worth) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        match c {
            '\\' | '`' => return None,
            '\'' if !quoted => {
                let (inside, after) = rest[1..].split_once('\'')?;
                out.push_str(inside);
                rest = after;
                continue;
            }
            '"' => quoted = !quoted,
            '$' => {
                let (value, after) = variable(&rest[1..], worth)?;
                out.push_str(&value);
                rest = after;
                continue;
            }
            _ => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    (!quoted).then_some(out)
}

/// The value of what follows a `$`, and what is behind it.
fn variable<'t>(text: &'t str, worth: &dyn Fn(&str) -> Worth) -> Option<(String, &'t str)> {
    let Some(braced) = text.strip_prefix('{') else {
        let (name, after) = name(text)?;
        return Some((worth(name)?.unwrap_or_default(), after));
    };
    let end = closing(braced)?;
    let (inside, after) = (&braced[..end], &braced[end + 1..]);
    let (name, operation) = name(inside)?;
    let value = worth(name)?;
    let value = match operation.split_at_checked(2) {
        Some((":-", word)) => match value.filter(|value| !value.is_empty()) {
            Some(value) => value,
            None => expand(word, worth)?,
        },
        Some((":+", word)) => match value.filter(|value| !value.is_empty()) {
            Some(_) => expand(word, worth)?,
            None => String::new(),
        },
        _ if operation.is_empty() => value.unwrap_or_default(),
        // Frontends differ in what else they know.
        _ => return None,
    };
    Some((value, after))
}

fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some((name, rest))
}

/// Where the brace ends that a text is in.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The words of `ARG` or `ENV`, quotes still on: names, and values where there are any.
pub(crate) fn pairs(text: &str) -> Option<Vec<(String, Option<String>)>> {
    let pair = |word: String| match word.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (word, None),
    };
    let pairs: Vec<_> = split(text)?.into_iter().map(pair).collect();
    pairs.iter().all(|(name, _)| is_name(name)).then_some(pairs)
}

/// What `ENV name value` sets, the oldest form, in which all behind the name is the value.
pub(crate) fn old_pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.trim().split_once([' ', '\t'])?;
    is_name(name).then(|| (name.to_owned(), value.trim().to_owned()))
}

fn is_name(text: &str) -> bool {
    name(text).is_some_and(|(_, rest)| rest.is_empty())
}

fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (c, quote) {
            ('\\' | '`', _) => return None,
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if open == c => quote = None,
            (c, None) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests;
