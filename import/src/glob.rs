//! Patterns of others -> patterns of this language, which knows `*`, `**` and `?`.

const MOST_ALTERNATIVES: usize = 64;

/// A pattern, or several of which any may match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Globs {
    pub(crate) any: Vec<String>,
    /// Whether they match more than what they are made of.
    pub(crate) wider: bool,
}

/// A pattern of file or branch names as others write it; none if it has more than stars and question marks.
pub(crate) fn of_glob(glob: &str) -> Option<String> {
    let glob = glob.strip_prefix("./").unwrap_or(glob);
    let right = !glob.is_empty() && glob.len() <= 255 && !glob.contains(['[', ']', '\\', '{', '}', '+', '$']);
    let glob = if glob.ends_with('/') { format!("{glob}**") } else { glob.to_owned() };
    (right && !glob.starts_with('!') && !glob.contains(char::is_control)).then_some(glob)
}

/// `*.{js,ts}` as what it stands for; as it is, which is no pattern, if it is too much of that.
pub(crate) fn alternatives(glob: &str) -> Vec<String> {
    let mut all = vec![glob.to_owned()];
    while glob.len() <= 1024 && all.len() <= MOST_ALTERNATIVES {
        let Some((before, inner, after)) = all.iter().find_map(|glob| braced(glob)) else { return all };
        let parts: Vec<String> = inner.split(',').map(|part| format!("{before}{part}{after}")).collect();
        let whole = format!("{before}{{{inner}}}{after}");
        all = all.into_iter().flat_map(|one| if one == whole { parts.clone() } else { vec![one] }).collect();
    }
    vec![glob.to_owned()]
}

fn braced(glob: &str) -> Option<(String, String, String)> {
    let (before, rest) = glob.split_once('{')?;
    let (inner, after) = rest.split_once('}')?;
    Some((before.to_owned(), inner.to_owned(), after.to_owned()))
}

/// A pattern of GitHub, whose classes and repetitions match less than what stands for them here.
pub(crate) fn of_github(text: &str) -> Option<Globs> {
    let mut glob = String::new();
    let mut rest = text;
    let mut wider = false;
    while let Some((before, class)) = rest.split_once('[') {
        let (_, after) = class.split_once(']')?;
        let after_many = after.strip_prefix(['+', '*']);
        glob.push_str(before);
        glob.push(if after_many.is_some() { '*' } else { '?' });
        rest = after_many.unwrap_or(after);
        wider = true;
    }
    Some(Globs { any: vec![of_glob(&(glob + rest))?], wider })
}

/// A regular expression, without its slashes, that has no more than literals, alternatives and classes repeated.
pub(crate) fn of_regex(regex: &str) -> Option<Globs> {
    let mut reader = Reader { rest: regex, wider: false };
    let begins = reader.skip("^");
    let mut any = reader.alternatives()?;
    if !reader.rest.is_empty() {
        return None;
    }
    let anchored = any.iter().filter(|glob| glob.ends_with('$')).count();
    // `^a|b$` begins and ends differently in each alternative.
    if any.len() > 1 && !regex.contains('(') || anchored != 0 && anchored != any.len() {
        return None;
    }
    for glob in &mut any {
        match glob.strip_suffix('$') {
            Some(ended) => *glob = ended.to_owned(),
            None => glob.push_str("**"),
        }
        if !begins {
            glob.insert_str(0, "**");
        }
        while glob.contains("***") {
            *glob = glob.replace("***", "**");
        }
    }
    let right = any.iter().all(|glob| !glob.is_empty() && glob.len() <= 255);
    (right && any.len() <= 16).then_some(Globs { any, wider: reader.wider })
}

struct Reader<'r> {
    rest: &'r str,
    wider: bool,
}

impl Reader<'_> {
    fn skip(&mut self, prefix: &str) -> bool {
        let after = self.rest.strip_prefix(prefix);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn alternatives(&mut self) -> Option<Vec<String>> {
        let mut all = self.sequence()?;
        while self.skip("|") {
            all.extend(self.sequence()?);
        }
        Some(all)
    }

    fn sequence(&mut self) -> Option<Vec<String>> {
        let mut all = vec![String::new()];
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let part = self.part()?;
            all = all.iter().flat_map(|before| part.iter().map(move |part| format!("{before}{part}"))).collect();
            if all.len() > 16 || all.iter().any(|glob| glob.trim_end_matches('$').contains('$')) {
                return None;
            }
        }
        Some(all)
    }

    fn part(&mut self) -> Option<Vec<String>> {
        if self.skip("(?:") || self.skip("(") {
            let inner = self.alternatives()?;
            return (self.skip(")") && !self.rest.starts_with(['*', '+', '?', '{'])).then_some(inner);
        }
        let atom = self.atom()?;
        Some(vec![self.repeated(atom)?])
    }

    /// One character: itself, `.`, or a class of them.
    fn atom(&mut self) -> Option<Atom> {
        let char = self.rest.chars().next()?;
        self.rest = &self.rest[char.len_utf8()..];
        Some(match char {
            '$' => Atom::End,
            '.' => Atom::Any,
            '[' => {
                let end = self.rest.find(']')?;
                self.rest = &self.rest[end + 1..];
                self.wider = true;
                Atom::Class
            }
            '\\' => {
                let char = self.rest.chars().next()?;
                self.rest = &self.rest[char.len_utf8()..];
                if char.is_ascii_alphanumeric() {
                    self.wider = true;
                    "dw".contains(char).then_some(Atom::Class)?
                } else {
                    Atom::One(char)
                }
            }
            '*' | '+' | '?' | '{' | '}' | '^' | ']' => return None,
            char => Atom::One(char),
        })
    }

    fn repeated(&mut self, atom: Atom) -> Option<String> {
        let (some, many) = (self.skip("+"), self.skip("*"));
        if self.rest.starts_with(['?', '{', '*', '+']) {
            return None;
        }
        Some(match (atom, some || many) {
            (Atom::End, false) => "$".to_owned(),
            (Atom::One(char), false) if !"*?[]\\!".contains(char) => char.to_string(),
            (Atom::Any, true) if many => "**".to_owned(),
            (Atom::Any, true) => {
                self.wider = true;
                "**".to_owned()
            }
            (Atom::Any, false) => {
                self.wider = true;
                "?".to_owned()
            }
            (Atom::Class, true) => "*".to_owned(),
            (Atom::Class, false) => "?".to_owned(),
            (Atom::End | Atom::One(_), _) => return None,
        })
    }
}

enum Atom {
    One(char),
    Any,
    Class,
    End,
}
