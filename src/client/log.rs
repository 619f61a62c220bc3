//! Which part of a log is asked for.

/// Which part of a log is asked for, always as frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogQuery {
    /// The attempt's number; the newest when none.
    pub(crate) attempt: Option<u64>,
    /// Bytes to leave out at the start.
    pub(crate) offset: u64,
    /// Whether to wait for what is still to come.
    pub(crate) follow: bool,
}

impl LogQuery {
    pub(super) fn pairs(self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("offset", self.offset.to_string()), ("format", "frames".to_owned())];
        pairs.push(("follow", self.follow.to_string()));
        pairs.extend(self.attempt.map(|attempt| ("attempt", attempt.to_string())));
        pairs
    }
}
