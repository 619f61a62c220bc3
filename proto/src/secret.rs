//! Secrets: what may be one, for whom it is kept, which runs get it, and how a step asks for it.
//!
//! A [`Secret`] shows itself only to who calls [`Secret::expose`], and on the wire.

use crate::{Commit, Timestamp, Trigger};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The shortest value in bytes: shorter ones stand in any text and could not be masked.
pub const SECRET_MIN: usize = 6;
/// The longest value in bytes; a variable holds it.
pub const SECRET_MAX: usize = crate::plan::ARGUMENT_MAX;
/// The longest name.
const NAME_MAX: usize = 100;

/// A value that nobody is to see by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself: for the one who has to give it to a program.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Whether a secret may be called so: letters, digits, `_`, `-` and `.`, a letter or `_` first.
pub fn is_secret_name(name: &str) -> bool {
    let first = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
    first && name.len() <= NAME_MAX && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

/// Why a value cannot be kept, without a word of it.
pub fn refused_value(value: &str) -> Option<String> {
    if value.contains('\0') {
        return Some("it has a NUL character in it, which no variable can hold".to_owned());
    }
    match value.trim_end_matches(['\r', '\n']).len() {
        0 => Some("it is empty".to_owned()),
        len if len < SECRET_MIN => {
            Some(format!("it is shorter than {SECRET_MIN} bytes, and could not be masked in logs"))
        }
        _ if value.len() > SECRET_MAX => Some(format!("it is longer than {} KiB", SECRET_MAX / 1024)),
        _ => None,
    }
}

/// Where a plan wants a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretUse {
    /// The secret's name.
    pub secret: String,
    /// What the variable holds.
    #[serde(rename = "as")]
    pub form: SecretForm,
}

/// How a secret reaches a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretForm {
    /// The variable is the value.
    #[default]
    Environment,
    /// The variable is the path of a file that holds the value, in memory.
    File,
}

/// For which projects a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretScope {
    /// One project.
    Project(String),
    /// All projects whose names begin with this and a `/`.
    Group(String),
    /// Every project.
    All,
}

impl SecretScope {
    /// The scopes whose secrets a project may get, the nearest first: itself, its groups from the inner to the outer
    /// one, all.
    pub fn of_project(project: &str) -> Vec<SecretScope> {
        let groups = project.rmatch_indices('/').map(|(at, _)| SecretScope::Group(project[..at].to_owned()));
        std::iter::once(SecretScope::Project(project.to_owned())).chain(groups).chain([SecretScope::All]).collect()
    }
}

impl fmt::Display for SecretScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretScope::Project(name) => write!(f, "project {name}"),
            SecretScope::Group(name) => write!(f, "group {name}"),
            SecretScope::All => f.write_str("all projects"),
        }
    }
}

/// Which runs get a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretRules {
    /// Set off by one of these; when there are none, by anything but a pull request, whose code nobody may have read.
    pub events: Vec<Trigger>,
    /// Of a branch that matches one of these patterns; when there are none, of anything.
    pub branches: Vec<String>,
}

impl SecretRules {
    /// Why a run does not get it, as a fragment after the secret's name. `matches` says whether a branch has a pattern.
    pub fn why_not(&self, trigger: Trigger, commit: &Commit, matches: impl Fn(&str, &str) -> bool) -> Option<String> {
        let event =
            if self.events.is_empty() { trigger != Trigger::PullRequest } else { self.events.contains(&trigger) };
        if !event {
            return Some(format!("is not for runs of the event {}", trigger.as_str()));
        }
        if self.branches.is_empty() {
            return None;
        }
        match commit.branch() {
            None => Some("is for certain branches only, and this run is of none".to_owned()),
            Some(branch) if self.branches.iter().any(|pattern| matches(pattern, branch)) => None,
            Some(branch) => Some(format!("is not for the branch {branch}")),
        }
    }
}

/// What an attempt's runner asked for with the attempt's token: the values of all secrets that the job's plan names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SecretsAnswer {
    /// All of them.
    Given {
        /// By name.
        values: BTreeMap<String, Secret>,
    },
    /// At least one is not there, or not for this run: the job fails.
    Refused {
        /// A sentence for each.
        reasons: Vec<String>,
    },
}

/// Keeps a secret, in place of an earlier one of this name and scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutSecret {
    /// Letters, digits, `_`, `-` and `.`, a letter or `_` first; at most 100 characters.
    pub name: String,
    /// For which projects.
    pub scope: SecretScope,
    /// For which of their runs.
    #[serde(default)]
    pub rules: SecretRules,
    /// At least 6 bytes, at most 64 KiB; it is never given back by this interface.
    pub value: Secret,
}

/// A secret, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretView {
    /// What pipelines call it.
    pub name: String,
    /// For which projects it is kept.
    pub scope: SecretScope,
    /// Which of their runs get it.
    pub rules: SecretRules,
    /// Since when there is one of this name and scope.
    pub created: Timestamp,
    /// Since when it has this value.
    pub changed: Timestamp,
}

/// Secrets, by scope and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Secrets {
    /// Without their values.
    pub secrets: Vec<SecretView>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(reference: &str) -> Commit {
        Commit { reference: reference.to_owned(), ..Commit::default() }
    }

    fn why_not(rules: &SecretRules, trigger: Trigger, reference: &str) -> Option<String> {
        rules.why_not(trigger, &of(reference), |pattern, branch| pattern == branch)
    }

    #[test]
    fn a_secret_without_rules_is_for_all_but_pull_requests() {
        let rules = SecretRules::default();
        for trigger in [Trigger::Push, Trigger::Tag, Trigger::Manual, Trigger::Schedule, Trigger::Api] {
            assert_eq!(why_not(&rules, trigger, "refs/heads/x"), None);
        }
        let why = why_not(&rules, Trigger::PullRequest, "refs/heads/x").unwrap();
        assert_eq!(why, "is not for runs of the event pull_request");
    }

    #[test]
    fn events_and_branches_both_have_to_allow_a_run() {
        let rules = SecretRules { events: vec![Trigger::Push], branches: vec!["main".to_owned()] };
        assert_eq!(why_not(&rules, Trigger::Push, "refs/heads/main"), None);
        let refused = [
            (Trigger::Manual, "refs/heads/main", "is not for runs of the event manual"),
            (Trigger::Push, "refs/heads/other", "is not for the branch other"),
            (Trigger::Push, "refs/tags/main", "is for certain branches only, and this run is of none"),
        ];
        for (trigger, reference, why) in refused {
            assert_eq!(why_not(&rules, trigger, reference).as_deref(), Some(why));
        }
    }

    #[test]
    fn the_nearest_scope_of_a_project_comes_first() {
        let named: Vec<String> = SecretScope::of_project("a/b/c").iter().map(ToString::to_string).collect();
        assert_eq!(named, ["project a/b/c", "group a/b", "group a", "all projects"]);
    }

    #[test]
    fn values_that_could_not_be_masked_or_set_are_refused() {
        for refused in ["", "tiny!", "tiny!\n", "with\0nul", &"x".repeat(SECRET_MAX + 1)] {
            let why = refused_value(refused).unwrap();
            assert!(refused.is_empty() || !why.contains(refused), "{why}");
        }
        assert_eq!(refused_value("long enough"), None);
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let given = SecretsAnswer::Given { values: BTreeMap::from([("a".to_owned(), Secret::new("hunter22"))]) };
        assert_eq!(format!("{given:?}"), r#"Given { values: {"a": Secret(***)} }"#);
    }
}
