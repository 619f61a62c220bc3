//! Paths in the project.

/// Why a text is no path in the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotInside {
    Empty,
    Absolute,
    Address,
    Above,
}

impl NotInside {
    pub(super) fn why(self) -> &'static str {
        match self {
            NotInside::Empty => "is empty",
            NotInside::Absolute => "is absolute; a path here begins at the project's root",
            NotInside::Address => "is an address; only the project's own files can be built from",
            NotInside::Above => "leads out of the project",
        }
    }
}

/// `base/path` without `.` and `..`, `.` for the root itself.
pub(super) fn inside(base: &str, path: &str) -> Result<String, NotInside> {
    if path.is_empty() {
        return Err(NotInside::Empty);
    }
    if path.contains("://") || path.starts_with("git@") {
        return Err(NotInside::Address);
    }
    if path.starts_with(['/', '~']) {
        return Err(NotInside::Absolute);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or(NotInside::Above)?),
            name => parts.push(name),
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}
