//! Names inside a repository: commits as hex, refs by git's own rules.

use std::fmt;
use std::str::FromStr;

/// A commit's full name: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits, not all zeros.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

/// The text is no commit's full name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a commit's full name, 40 or 64 hex digits and not all zeros")]
pub struct BadCommitId;

impl CommitId {
    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CommitId {
    type Err = BadCommitId;

    fn from_str(text: &str) -> Result<CommitId, BadCommitId> {
        let long_enough = text.len() == 40 || text.len() == 64;
        let named = text.bytes().all(|b| b.is_ascii_hexdigit()) && text.bytes().any(|b| b != b'0');
        if long_enough && named { Ok(CommitId(text.to_ascii_lowercase())) } else { Err(BadCommitId) }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A full ref, `refs/heads/main`, or `HEAD`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(String);

/// The text is no ref, by the rules of `git check-ref-format`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a full ref such as refs/heads/main: {0}")]
pub struct BadRefName(&'static str);

impl RefName {
    /// The ref's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefName {
    type Err = BadRefName;

    fn from_str(text: &str) -> Result<RefName, BadRefName> {
        match what_is_wrong(text) {
            Some(reason) if text != "HEAD" => Err(BadRefName(reason)),
            _ => Ok(RefName(text.to_owned())),
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn what_is_wrong(text: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let rules: [(bool, &'static str); 8] = [
        (!text.starts_with("refs/"), "it does not start with refs/"),
        (text.len() > 1024, "it is longer than 1024 bytes"),
        (text.contains(forbidden), "a space, a control character or one of ~^:?*[\\ is in it"),
        (text.contains("..") || text.contains("@{"), "`..` or `@{` is in it"),
        (text.ends_with('.'), "it ends with a dot"),
        (text.split('/').any(str::is_empty), "a part of it is empty"),
        (text.split('/').any(|part| part.starts_with('.')), "a part of it starts with a dot"),
        (text.split('/').any(|part| part.ends_with(".lock")), "a part of it ends with .lock"),
    ];
    rules.into_iter().find_map(|(broken, reason)| broken.then_some(reason))
}
