//! What discovery printed, as a list of tests: one a line, or, where there is a NUL, between NULs, so that an id may
//! have line ends. Empty ones are none. What is wrong with the list is the queue's to say.

use sidings_proto::split::SplitTest;
use sidings_proto::split::desk::{Sizes, files_of};

/// Characters of a reason.
const REASON_MAX: usize = 300;

/// Why there is no list, in a line without colours and with nothing that moves a cursor.
pub(super) fn reason(said: &str) -> String {
    let mut plain = String::new();
    let mut rest = said.chars().peekable();
    while let Some(char) = rest.next() {
        if char == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            // Parameters stand below `@`, and what ends the sequence does not.
            while rest.next().is_some_and(|of_it| of_it < '@') {}
        } else {
            plain.push(if char.is_control() { ' ' } else { char });
        }
    }
    let plain = plain.trim();
    match plain.char_indices().nth(REASON_MAX) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain.to_owned(),
    }
}

pub(super) fn read(printed: &[u8], sizes: &Sizes) -> Vec<SplitTest> {
    let text = String::from_utf8_lossy(printed);
    let ids: Vec<&str> = match text.contains('\0') {
        true => text.split('\0').collect(),
        false => text.lines().map(|line| line.trim_end_matches('\r')).collect(),
    };
    let ids = ids.into_iter().filter(|id| !id.is_empty());
    let size = |id| files_of(id).find_map(|file| sizes.get(file).copied());
    ids.map(|id| SplitTest { id: id.to_owned(), file_bytes: size(id) }).collect()
}
