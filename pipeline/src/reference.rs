//! References of images: `[registry/]repository[:tag][@digest]`, by the grammar that registries and engines share.
//!
//! A reference that may name another image tomorrow without anybody having changed it is refused: `latest`, written
//! or implied.

/// Why a text is no reference that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no reference.
    Malformed {
        /// Which part is wrong and how.
        why: String,
        /// What to write.
        help: Option<String>,
    },
    /// It says `latest`.
    Latest,
    /// It has neither tag nor digest.
    NoTag,
    /// It has a `${…}` in it.
    Variable,
}

const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// Whether the text is a reference that names one image.
pub(crate) fn check(text: &str) -> Result<(), Refused> {
    if text.contains('$') {
        return Err(Refused::Variable);
    }
    if text.contains("://") {
        let bare = text.split_once("://").map(|(_, rest)| rest.to_owned());
        return Err(malformed("a reference has no scheme", bare.map(|bare| format!("write `{bare}`"))));
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let (name, tag) = split_tag(rest);
    check_name(name).map_err(|refused| in_full(refused, name, text))?;
    tag.map_or(Ok(()), check_tag)?;
    digest.map_or(Ok(()), check_digest)?;
    match (tag, digest) {
        (_, Some(_)) => Ok(()),
        (Some("latest"), None) => Err(Refused::Latest),
        (Some(_), None) => Ok(()),
        (None, None) => Err(Refused::NoTag),
    }
}

/// The help with the rest of the reference, so that it can be copied.
fn in_full(refused: Refused, name: &str, text: &str) -> Refused {
    match refused {
        Refused::Malformed { why, help: Some(_) } => {
            let help = format!("write `{}{}`", name.to_lowercase(), &text[name.len()..]);
            Refused::Malformed { why, help: Some(help) }
        }
        Refused::Malformed { .. } | Refused::Latest | Refused::NoTag | Refused::Variable => refused,
    }
}

/// A `:` before a `/` is a registry's port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        Some(_) | None => (text, None),
    }
}

fn malformed(why: impl Into<String>, help: Option<String>) -> Refused {
    Refused::Malformed { why: why.into(), help }
}

fn check_name(name: &str) -> Result<(), Refused> {
    if name.is_empty() {
        return Err(malformed("the repository's name is missing", None));
    }
    if name.len() > MAX_NAME {
        return Err(malformed(format!("the name has more than {MAX_NAME} characters"), None));
    }
    let (registry, path) = split_registry(name);
    registry.map_or(Ok(()), check_registry)?;
    path.split('/').try_for_each(check_component)
}

/// The first part is a registry if it looks like a host.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
        Some(_) | None => (None, name),
    }
}

fn check_registry(registry: &str) -> Result<(), Refused> {
    let (host, port) = registry.split_once(':').unwrap_or((registry, "0"));
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    if !host.split('.').all(label) {
        return Err(malformed(format!("`{registry}` is not a registry's address"), None));
    }
    match port.parse::<u16>() {
        Ok(_) => Ok(()),
        Err(_) => Err(malformed(format!("`{port}` is not a port"), None)),
    }
}

/// Lower-case letters and digits, with single `.`, `_`, `__` or any number of `-` between them.
fn check_component(component: &str) -> Result<(), Refused> {
    if component.is_empty() {
        return Err(malformed("a part of the name is empty", None));
    }
    if component.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let help = component.to_lowercase();
        return Err(malformed("a repository's name is in lower case", Some(help)));
    }
    if let Some(odd) = component.chars().find(|char| !is_name_char(*char)) {
        return Err(malformed(format!("`{}` cannot stand in a repository's name", odd.escape_debug()), None));
    }
    let separators = component.split(|char: char| char.is_ascii_alphanumeric());
    let between = |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    let ends = component.ends_with(is_separator) || component.starts_with(is_separator);
    if ends || !separators.into_iter().all(between) {
        return Err(malformed("`.`, `_` and `-` stand between letters or digits", None));
    }
    Ok(())
}

fn is_name_char(char: char) -> bool {
    char.is_ascii_lowercase() || char.is_ascii_digit() || is_separator(char)
}

fn is_separator(char: char) -> bool {
    matches!(char, '.' | '_' | '-')
}

fn check_tag(tag: &str) -> Result<(), Refused> {
    let starts = tag.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '_');
    let inner = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if tag.is_empty() {
        return Err(malformed("the tag behind `:` is missing", None));
    }
    if !starts || !inner || tag.len() > MAX_TAG {
        let why = "a tag is letters, digits, `_`, `.` and `-`, begins with none of the last two, and has at most 128";
        return Err(malformed(why, None));
    }
    Ok(())
}

pub(crate) fn check_digest(digest: &str) -> Result<(), Refused> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    let right = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if right { Ok(()) } else { Err(malformed("a digest is `sha256:` and 64 hex digits in lower case", None)) }
}
