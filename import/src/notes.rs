//! What was not carried over as it is: each with its line, its path, and what to do about it.

use crate::fields::{Field, Fields};
use std::fmt;

/// How far something was carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is not in the new file.
    Left,
    /// It is, and does not mean quite the same.
    Changed,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it stood, from 1.
    pub line: usize,
    /// The keys that lead there: `jobs.test.rules[0].if`.
    pub path: String,
    /// How far it was carried over.
    pub kind: Kind,
    /// Why, or what to do about it.
    pub advice: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            Kind::Left => "not carried over",
            Kind::Changed => "changed",
        };
        write!(f, "{word}: {} (line {}): {}", self.path, self.line, self.advice)
    }
}

/// The list of them.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    list: Vec<Note>,
    /// Which of them stand in the text beside what they are about.
    placed: Vec<bool>,
    /// How much was written out of what stands elsewhere in the file.
    spent: usize,
}

/// So many values may be written out of templates: no pipeline comes near.
const MOST_SPENT: usize = 2_000_000;

impl Notes {
    /// Takes note of work that a few lines can ask for without end. Says whether there may be more of it.
    pub(crate) fn spend(&mut self, values: usize) -> bool {
        self.spent = self.spent.saturating_add(values);
        self.may_spend()
    }

    pub(crate) fn may_spend(&self) -> bool {
        self.spent <= MOST_SPENT
    }

    pub(crate) fn left(&mut self, line: usize, path: &str, advice: &str) {
        self.add(Note { line, path: path.to_owned(), kind: Kind::Left, advice: advice.to_owned() });
    }

    fn add(&mut self, note: Note) {
        let note = Note { path: printable(&note.path), advice: printable(&note.advice), ..note };
        if !self.list.contains(&note) {
            self.list.push(note);
            self.placed.push(false);
        }
    }

    /// Lists what is not carried over.
    pub(crate) fn list(&mut self, field: &Field, advice: &str) {
        self.left(field.line, &field.path, advice);
    }

    pub(crate) fn changed_at(&mut self, line: usize, path: &str, advice: &str) {
        self.add(Note { line, path: path.to_owned(), kind: Kind::Changed, advice: advice.to_owned() });
    }

    /// Lists what is carried over and is not quite the same.
    pub(crate) fn changed(&mut self, field: &Field, advice: &str) {
        self.changed_at(field.line, &field.path, advice);
    }

    /// Lists all that was not taken.
    pub(crate) fn rest(&mut self, fields: Fields, advice: impl Fn(&str) -> &'static str) {
        for field in fields.into_left() {
            self.list(&field, advice(&field.key));
        }
    }

    /// How many there are: what comes after belongs to what is read next.
    pub(crate) fn mark(&self) -> usize {
        self.list.len()
    }

    /// Those since a mark, as comments beside what they are about.
    pub(crate) fn comments_since(&mut self, mark: usize) -> Vec<String> {
        let new = self.list[mark..].iter().zip(&self.placed[mark..]).filter(|(_, placed)| !**placed);
        let comments = new.map(|(note, _)| note.to_string()).collect();
        self.placed[mark..].fill(true);
        comments
    }

    /// Those that stand nowhere yet.
    pub(crate) fn unplaced(&self) -> Vec<String> {
        let still = self.list.iter().zip(&self.placed).filter(|(_, placed)| !**placed);
        still.map(|(note, _)| note.to_string()).collect()
    }

    pub(crate) fn into_list(mut self) -> Vec<Note> {
        self.list.sort_by_key(|note| note.line);
        self.list
    }

    pub(crate) fn fields(&mut self, field: Field) -> Option<Fields> {
        let entries = field.entries();
        if entries.is_none() {
            self.list(&field, "a map was expected here");
        }
        entries.map(Fields::new)
    }

    /// A text, number or truth as it is written.
    pub(crate) fn text(&mut self, field: &Field) -> Option<String> {
        let text = field.node.text().map(str::to_owned);
        if text.is_none() {
            self.list(field, if field.node.is_nothing() { "it is empty" } else { "a text was expected here" });
        }
        text
    }

    /// A text or a list of texts, lists in it opened.
    pub(crate) fn texts(&mut self, field: Field) -> Vec<String> {
        if field.node.is_nothing() {
            self.list(&field, "it is empty");
            return Vec::new();
        }
        if !field.is_list() {
            return self.text(&field).into_iter().collect();
        }
        field.items().into_iter().flat_map(|item| self.texts(item)).collect()
    }

    /// `true` or `false`.
    pub(crate) fn truth(&mut self, field: &Field) -> Option<bool> {
        let truth = field.node.text().and_then(|text| text.parse().ok());
        if truth.is_none() {
            self.list(field, "`true` or `false` was expected here");
        }
        truth
    }

    /// A whole number up to a limit; a larger one is that limit.
    pub(crate) fn number(&mut self, field: &Field, most: u32) -> Option<u32> {
        let Some(number) = field.node.text().and_then(|text| text.parse::<u32>().ok()) else {
            self.list(field, "a whole number was expected here");
            return None;
        };
        if number > most {
            self.changed(field, &format!("{most} is the most there is here"));
        }
        Some(number.min(most))
    }
}

/// Names from a file that nobody looked at end up in a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { char.escape_default().to_string() } else { char.into() }).collect()
}
