//! Patterns for the names of branches and tags, and for paths.
//!
//! `*` is any number of characters but `/`, `**` any number of any, `?` one that is not `/`; `**/` is also nothing at
//! all. Nothing else is special.
//! Matching takes at most pattern times name steps, whatever the pattern.

/// A pattern that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Just(char),
    One,
    Some,
    Any,
    /// `**/` where a name begins: nothing, or something that ends with `/`.
    Folders,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAPattern {
    /// It has no characters.
    Empty,
    /// It has more than 255 characters.
    TooLong,
    /// It begins with `!`.
    Negated,
    /// It has a character that means something elsewhere.
    Special(char),
}

/// Longer than any name of a branch.
const MAX_CHARS: usize = 255;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The text is none.
    pub fn parse(text: &str) -> Result<Pattern, NotAPattern> {
        if text.is_empty() {
            return Err(NotAPattern::Empty);
        }
        if text.chars().count() > MAX_CHARS {
            return Err(NotAPattern::TooLong);
        }
        if text.starts_with('!') {
            return Err(NotAPattern::Negated);
        }
        if let Some(special) = text.chars().find(|char| matches!(char, '[' | ']' | '\\')) {
            return Err(NotAPattern::Special(special));
        }
        Ok(Pattern { written: text.to_owned(), parts: parts(text) })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// How much [`Pattern::matches`] has to do for a name, about.
    pub fn work(&self, name: &str) -> usize {
        if self.begins(name) { self.parts.len().saturating_mul(name.len() + 1) } else { 1 }
    }

    /// Whether something in this folder can match. The folder ends with a `/`, or is empty.
    pub fn may_match_in(&self, folder: &str) -> bool {
        self.just().zip(folder.chars()).all(|(wanted, char)| wanted == char)
    }

    /// Whether the name has what the pattern begins with. Most have not.
    fn begins(&self, name: &str) -> bool {
        let mut chars = name.chars();
        self.just().all(|char| chars.next() == Some(char))
    }

    /// What every name begins with that matches.
    fn just(&self) -> impl Iterator<Item = char> {
        self.parts.iter().map_while(|part| match part {
            Part::Just(char) => Some(*char),
            Part::One | Part::Some | Part::Any | Part::Folders => None,
        })
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        if !self.begins(name) {
            return false;
        }
        let name: Vec<char> = name.chars().collect();
        // reached[i]: the parts so far match the first i characters.
        let mut reached = vec![false; name.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            reached = step(*part, &reached, &name);
        }
        reached[name.len()]
    }
}

fn step(part: Part, reached: &[bool], name: &[char]) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    let mut passed = false;
    for at in 0..reached.len() {
        let before = at.checked_sub(1);
        let last = before.map(|before| name[before]);
        let from_before = |states: &[bool]| before.is_some_and(|before| states[before]);
        next[at] = match part {
            Part::Just(char) => from_before(reached) && last == Some(char),
            Part::One => from_before(reached) && last != Some('/'),
            Part::Some => reached[at] || (from_before(&next) && last != Some('/')),
            Part::Any => reached[at] || from_before(&next),
            Part::Folders => reached[at] || (passed && last == Some('/')),
        };
        passed |= reached[at];
    }
    next
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for char in text.chars() {
        let part = match char {
            '*' => Part::Some,
            '?' => Part::One,
            other => Part::Just(other),
        };
        match (parts.last(), part) {
            (Some(Part::Some), Part::Some) => *parts.last_mut().expect("there is a last one") = Part::Any,
            (Some(Part::Any), Part::Some) => {}
            (Some(Part::Any), Part::Just('/')) if begins_a_name(&parts) => {
                *parts.last_mut().expect("there is a last one") = Part::Folders;
            }
            _ => parts.push(part),
        }
    }
    parts
}

/// Whether the last part stands at the beginning, or behind a `/`.
fn begins_a_name(parts: &[Part]) -> bool {
    match parts {
        [.., before, _] => matches!(before, Part::Just('/') | Part::Folders),
        _ => true,
    }
}
