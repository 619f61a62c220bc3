//! Texts for people out of texts of anybody: without control characters, and not longer than they may be.

use std::collections::VecDeque;

/// What is kept of a text that comes in pieces: its beginning, and its end.
#[derive(Debug)]
pub(crate) struct Kept {
    head: String,
    tail: VecDeque<u8>,
    head_max: usize,
    tail_max: usize,
    dropped: u64,
}

impl Kept {
    /// Keeps at most so many bytes of the beginning and of the end.
    pub(crate) fn new(head_max: usize, tail_max: usize) -> Kept {
        Kept { head: String::new(), tail: VecDeque::new(), head_max, tail_max, dropped: 0 }
    }

    pub(crate) fn push(&mut self, text: &str) {
        let room = if self.tail.is_empty() && self.dropped == 0 { self.head_max - self.head.len() } else { 0 };
        let into_head = boundary(text, room);
        let (head, rest) = text.split_at(into_head);
        self.head.push_str(head);
        // Of a long piece only the end can stay.
        let skipped = rest.len().saturating_sub(self.tail_max);
        self.dropped += skipped as u64;
        self.tail.extend(&rest.as_bytes()[skipped..]);
        let over = self.tail.len().saturating_sub(self.tail_max);
        self.dropped += over as u64;
        self.tail.drain(..over);
    }

    /// What comes now begins a line, unless it is the first.
    pub(crate) fn new_line(&mut self) {
        if !self.head.is_empty() {
            self.push("\n");
        }
    }

    /// All that was kept, clean, with a line where something is missing.
    pub(crate) fn take(&mut self) -> String {
        let tail: Vec<u8> = self.tail.drain(..).collect();
        let dropped = std::mem::take(&mut self.dropped);
        let mut text = std::mem::take(&mut self.head);
        if dropped > 0 {
            text.push_str(&format!("\n[{dropped} bytes left out]\n"));
        }
        text.push_str(String::from_utf8_lossy(&tail).trim_start_matches('\u{FFFD}'));
        clean(&text).trim_matches('\n').trim_end().to_owned()
    }
}

/// The longest prefix of at most so many bytes that ends between characters.
fn boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Without colours and other control characters; lines end with a line feed alone.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1B}' if chars.next_if_eq(&'[').is_some() => {
                // Parameters, up to the letter that ends them.
                while chars.next_if(|char| matches!(char, ' '..='?')).is_some() {}
                chars.next_if(|char| matches!(char, '@'..='~'));
            }
            '\n' | '\t' => cleaned.push(char),
            char if char.is_control() || is_invisible(char) => {}
            char => cleaned.push(char),
        }
    }
    cleaned
}

/// Characters that turn the direction of what follows, or are no characters.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// One line of at most so many characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let words = clean(text).replace(['\n', '\t'], " ");
    cut(words.trim(), most)
}

/// At most so many characters, the last of them dots where something is missing.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}
