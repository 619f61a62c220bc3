//! Go's `filepath.Match`, as builders use it for the sources of `COPY`: `*` and `?` stay within a folder, classes are
//! compared by character, a backslash takes the meaning away.

/// Whether a whole name matches; none for what is no pattern.
pub(crate) fn matches(mut pattern: &[u8], mut name: &[u8]) -> Option<bool> {
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Some(!name.contains(&b'/'));
        }
        if let Some(after) = match_chunk(chunk, name)?
            && (after.is_empty() || !pattern.is_empty())
        {
            name = after;
            continue;
        }
        if star {
            for skipped in 0..name.len() {
                if name[skipped] == b'/' {
                    break;
                }
                if let Some(after) = match_chunk(chunk, &name[skipped + 1..])?
                    && (after.is_empty() || !pattern.is_empty())
                {
                    name = after;
                    continue 'pattern;
                }
            }
        }
        return is_pattern(pattern).then_some(false);
    }
    Some(name.is_empty())
}

/// Whether a part of a path has characters that do not mean themselves.
pub(crate) fn is_wild(part: &[u8]) -> bool {
    part.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Leading stars, the text up to the next star, and what is left.
fn chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let body = &pattern[stars..];
    let (mut at, mut in_class) = (0, false);
    while at < body.len() {
        match body[at] {
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    let (chunk, rest) = body.split_at(at.min(body.len()));
    (stars > 0, chunk, rest)
}

/// What is left of the name behind a chunk without stars; none for no pattern, `Some(None)` for no match.
fn match_chunk<'n>(mut chunk: &[u8], mut name: &'n [u8]) -> Option<Option<&'n [u8]>> {
    let mut failed = false;
    while let Some(first) = chunk.first() {
        failed |= name.is_empty();
        match first {
            b'[' => {
                let (c, width) = if failed { ('\0', 0) } else { character(name) };
                name = &name[width..];
                let (found, rest) = class(&chunk[1..], c)?;
                failed |= !found;
                chunk = rest;
            }
            b'?' => {
                failed |= name.first() == Some(&b'/');
                name = &name[if failed { 0 } else { character(name).1 }..];
                chunk = &chunk[1..];
            }
            _ => {
                if *first == b'\\' {
                    chunk = &chunk[1..];
                }
                let literal = chunk.first()?;
                failed |= name.first() != Some(literal);
                name = &name[usize::from(!failed)..];
                chunk = &chunk[1..];
            }
        }
    }
    Some((!failed).then_some(name))
}

/// Whether a character is in the class that begins here, and what is behind the class.
fn class(mut text: &[u8], c: char) -> Option<(bool, &[u8])> {
    let negated = text.first() == Some(&b'^');
    text = &text[usize::from(negated)..];
    let (mut found, mut ranges) = (false, 0);
    loop {
        if text.first() == Some(&b']') && ranges > 0 {
            return Some((found != negated, &text[1..]));
        }
        let (low, rest) = bound(text)?;
        let (high, rest) = if rest.first() == Some(&b'-') { bound(&rest[1..])? } else { (low, rest) };
        found |= (low..=high).contains(&c);
        text = rest;
        ranges += 1;
    }
}

/// One end of a range; something has to be behind it.
fn bound(text: &[u8]) -> Option<(char, &[u8])> {
    let text = match text.first()? {
        b'-' | b']' => return None,
        b'\\' => &text[1..],
        _ => text,
    };
    let (c, width) = if text.is_empty() { return None } else { character(text) };
    let rest = &text[width..];
    (!rest.is_empty()).then_some((c, rest))
}

/// The first character and its length; what is no character counts by bytes.
fn character(text: &[u8]) -> (char, usize) {
    let valid = (1..=text.len().min(4)).find_map(|width| std::str::from_utf8(&text[..width]).ok());
    valid.and_then(|text| text.chars().next()).map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}

fn is_pattern(mut pattern: &[u8]) -> bool {
    while !pattern.is_empty() {
        let (_, part, rest) = chunk(pattern);
        if match_chunk(part, b"").is_none() {
            return false;
        }
        pattern = rest;
    }
    true
}

#[cfg(test)]
mod tests;
