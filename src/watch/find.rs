//! Looking for a text in a log: what is sought, and where it was found last.

/// What is being typed, or was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) sought: String,
    /// Whether letters go to it.
    pub(super) typing: bool,
    /// The line where it was found.
    pub(super) at: Option<usize>,
}

impl Search {
    pub(super) fn begin(&mut self) {
        *self = Search { typing: true, ..Search::default() };
    }
}
