//! `RUN --mount=…`: which of them show files of the context, or of another stage or image.

/// What a mount shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shows<'m> {
    /// A path of the context, as written.
    Context(&'m str),
    /// Something of a stage or an image, as written.
    Other(&'m str),
    /// Nothing that was there before the build: a cache, memory, a secret.
    Nothing,
}

/// None for what is not understood.
pub(crate) fn shows(mount: &str) -> Option<Shows<'_>> {
    let field = |names: &[&str]| {
        let pairs = mount.split(',').map(|part| part.split_once('=').unwrap_or((part, "")));
        pairs
            .filter(|(name, _)| names.iter().any(|it| name.eq_ignore_ascii_case(it)))
            .map(|(_, value)| value)
            .next_back()
    };
    let sort = field(&["type"]).unwrap_or("bind").to_ascii_lowercase();
    match (sort.as_str(), field(&["from"])) {
        ("bind" | "cache", Some(from)) => Some(Shows::Other(from)),
        ("bind", None) => Some(Shows::Context(field(&["source", "src"]).unwrap_or_default())),
        ("cache" | "tmpfs" | "secret" | "ssh", _) => Some(Shows::Nothing),
        _ => None,
    }
}
