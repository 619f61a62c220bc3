//! What the Engine's client says in its own log.

/// True for a log event's target, when the client would tell of the Engine's answers there: the output of builds is in
/// them, not masked, so it is for nobody's log.
#[must_use]
pub fn tells_of_answers(target: &str) -> bool {
    target.starts_with("bollard")
}
