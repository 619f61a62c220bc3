//! Flaws that somebody decided to live with: each with a reason, and with a day on which the decision ends. A list that
//! leaves either out is refused, so that no flaw is ignored by habit.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// A list of ignored flaws, on some day.
#[derive(Clone, Debug, Default)]
pub struct Ignores {
    rules: Vec<IgnoreRule>,
    today: Date,
}

/// A list that does not count.
#[derive(Debug, Error)]
pub enum WrongIgnores {
    /// It is no list of rules.
    #[error("it is not a list of `id`, `reason` and `until`: {0}")]
    Form(String),
    /// A rule leaves something open.
    #[error("rule {number} ({id}): {what}")]
    Rule {
        /// From 1.
        number: usize,
        /// The flaw's.
        id: String,
        /// What is wrong with it.
        what: String,
    },
}

/// A finding that does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ignored {
    /// The flaw's.
    pub id: String,
    /// As its ecosystem calls it.
    pub package: String,
    /// Its version.
    pub version: String,
    /// As it was given.
    pub reason: String,
    /// The last day on which it is ignored.
    pub until: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    id: String,
    #[serde(default)]
    package: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    until: String,
}

/// A decision to live with a flaw.
#[derive(Clone, Debug)]
pub struct IgnoreRule {
    /// Any of the flaw's names.
    pub id: String,
    /// Of this package only, as its ecosystem calls it.
    pub package: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub until: Date,
}

impl Ignores {
    /// Reads a list, a YAML file, as it counts today.
    pub fn read(text: &str, today: Date) -> Result<Ignores, WrongIgnores> {
        let given: Vec<Given> = serde_saphyr::from_str(text).map_err(|error| {
            let text = error.to_string();
            WrongIgnores::Form(text.lines().next().unwrap_or_default().to_owned())
        })?;
        let rules = given.into_iter().enumerate().map(|(place, given)| rule(place + 1, given));
        Ok(Ignores { rules: rules.collect::<Result<_, _>>()?, today })
    }

    /// These rules, as they count today.
    pub fn of(rules: impl IntoIterator<Item = IgnoreRule>, today: Date) -> Ignores {
        Ignores { rules: rules.into_iter().collect(), today }
    }

    /// The rule under which a flaw of that package does not count today, as its reason and its last day.
    pub(crate) fn why(&self, ids: &BTreeSet<String>, package: &str) -> Option<(String, String)> {
        let rule = self.rules.iter().find(|rule| rule.until >= self.today && rule.is_about(ids, package))?;
        Some((rule.reason.clone(), rule.until.to_string()))
    }

    /// The last day of a rule that would be about it, and is over.
    pub(crate) fn expired(&self, ids: &BTreeSet<String>, package: &str) -> Option<String> {
        let over = self.rules.iter().filter(|rule| rule.until < self.today && rule.is_about(ids, package));
        over.map(|rule| rule.until).max().map(|until| until.to_string())
    }
}

impl IgnoreRule {
    fn is_about(&self, ids: &BTreeSet<String>, package: &str) -> bool {
        ids.contains(&self.id) && self.package.as_ref().is_none_or(|it| it == package)
    }
}

fn rule(number: usize, given: Given) -> Result<IgnoreRule, WrongIgnores> {
    let wrong = |what: String| WrongIgnores::Rule { number, id: given.id.clone(), what };
    if given.id.trim().is_empty() {
        return Err(wrong("it names no flaw".to_owned()));
    }
    if given.reason.trim().is_empty() {
        return Err(wrong("it gives no `reason`".to_owned()));
    }
    if given.until.is_empty() {
        return Err(wrong("it has no `until`, the last day on which it counts".to_owned()));
    }
    let until =
        given.until.parse().map_err(|_| wrong(format!("`until` is no day such as 2027-01-31: {}", given.until)))?;
    Ok(IgnoreRule { id: given.id, package: given.package, reason: given.reason.trim().to_owned(), until })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 22);

    fn why(text: &str, package: &str) -> Option<(String, String)> {
        let ignores = Ignores::read(text, TODAY).unwrap();
        ignores.why(&BTreeSet::from(["CVE-1".to_owned(), "GHSA-1".to_owned()]), package)
    }

    #[test]
    fn a_rule_counts_to_its_last_day_for_any_name_of_the_flaw() {
        let wanted = Some(("not reachable".to_owned(), "2026-11-22".to_owned()));
        assert_eq!(why("- {id: GHSA-1, reason: not reachable, until: 2026-11-22}", "a"), wanted);
        assert_eq!(why("- {id: GHSA-1, reason: not reachable, until: 2026-11-21}", "a"), None);
        assert_eq!(why("- {id: CVE-2, reason: not reachable, until: 2026-11-23}", "a"), None);
    }

    #[test]
    fn a_rule_may_be_for_one_package() {
        let text = "- {id: CVE-1, package: a, reason: why, until: 2027-01-01}";
        assert!(why(text, "a").is_some() && why(text, "b").is_none());
    }

    #[track_caller]
    fn refused(text: &str, wanted: &str) {
        let error = Ignores::read(text, TODAY).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }

    #[test]
    fn what_is_left_open_is_refused() {
        refused("- {id: CVE-1, until: 2027-01-01}", "rule 1 (CVE-1): it gives no `reason`");
        refused("- {id: CVE-1, reason: ' ', until: 2027-01-01}", "it gives no `reason`");
        refused("- {id: CVE-1, reason: why}", "it has no `until`");
        refused("- {id: CVE-1, reason: why, until: soon}", "no day such as 2027-01-31: soon");
        refused("- {id: '', reason: why, until: 2027-01-01}", "it names no flaw");
        refused("- {id: CVE-1, reason: why, until: 2027-01-01, for: ever}", "it is not a list");
        refused("id: CVE-1", "it is not a list");
    }
}
