//! What a project may be called: its name becomes a part of paths, of addresses and of images' names.

/// Whether a project may be called so.
pub(crate) fn is_right(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_./".contains(c);
    let plain = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    starts && plain && name.len() <= 100 && name.chars().all(allowed)
}

/// The same, with a sentence that says the rule.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let rule = "a project's name has lower-case letters, digits, `-`, `_`, `.` and `/`, \
        starts with a letter or digit, is at most 100 characters long, and has no empty part, `.` or `..`";
    if is_right(name) { Ok(()) } else { Err(format!("`{name}` is no project's name: {rule}")) }
}

#[cfg(test)]
mod tests {
    use super::is_right;

    #[test]
    fn a_projects_name_leads_nowhere() {
        for good in ["board", "team/board", "a.b/c-d_e", "a..b"] {
            assert!(is_right(good), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "a/../b", "a/..", "a/./b", "A", "a b", "-a"] {
            assert!(!is_right(bad), "{bad}");
        }
    }
}
