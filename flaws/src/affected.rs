//! Whether an entry speaks of a version, by the schema's own algorithm: the events of a range in the order of versions, each
//! of which makes all from there on affected or not.

use crate::entry::{Affected, Event, Range};
use crate::order::{Order, Version};

/// What an entry says of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Sound,
    /// The first version after it that is not affected, where the entry knows one.
    Affected {
        fixed: Option<String>,
    },
    /// A version in the entry is none by the ecosystem's rules.
    Unreadable(String),
}

/// From where on versions are affected, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// None is before all versions.
    at: Option<Version>,
    sort: Sort,
    text: String,
}

/// At the same version a fix has the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Introduced,
    LastAffected,
    Fixed,
}

pub(crate) fn said(affected: &Affected, order: Order, version: &Version, text: &str) -> Said {
    let listed = affected.versions.iter().any(|it| it == text || order.parse(it).as_ref() == Some(version));
    let mut verdict = if listed { Said::Affected { fixed: None } } else { Said::Sound };
    for range in &affected.ranges {
        // Commits say nothing of a version.
        if range.sort != "SEMVER" && range.sort != "ECOSYSTEM" {
            continue;
        }
        match in_range(range, order, version) {
            found @ Said::Affected { fixed: Some(_) } => return found,
            Said::Affected { fixed: None } => verdict = Said::Affected { fixed: None },
            unreadable @ Said::Unreadable(_) if verdict == Said::Sound => verdict = unreadable,
            Said::Sound | Said::Unreadable(_) => {}
        }
    }
    verdict
}

fn in_range(range: &Range, order: Order, version: &Version) -> Said {
    let turns = match turns(&range.events, order) {
        Ok(turns) => turns,
        Err(text) => return Said::Unreadable(text),
    };
    match within_limits(&range.events, order, version) {
        Ok(true) => {}
        Ok(false) => return Said::Sound,
        Err(text) => return Said::Unreadable(text),
    }
    let is_affected =
        turns.iter().fold(false, |affected, turn| match (turn.sort, turn.at.as_ref().cmp(&Some(version))) {
            (Sort::Introduced, at) if at.is_le() => true,
            (Sort::Fixed, at) if at.is_le() => false,
            (Sort::LastAffected, at) if at.is_lt() => false,
            (Sort::Introduced | Sort::Fixed | Sort::LastAffected, _) => affected,
        });
    if !is_affected {
        return Said::Sound;
    }
    let later = |turn: &&Turn| turn.sort == Sort::Fixed && turn.at.as_ref() > Some(version);
    Said::Affected { fixed: turns.iter().find(later).map(|turn| turn.text.clone()) }
}

/// In the order of versions.
fn turns(events: &[Event], order: Order) -> Result<Vec<Turn>, String> {
    let mut turns = Vec::new();
    for event in events {
        let sorts = [
            (Sort::Introduced, &event.introduced),
            (Sort::Fixed, &event.fixed),
            (Sort::LastAffected, &event.last_affected),
        ];
        for (sort, text) in sorts {
            let Some(text) = text else { continue };
            let at = match (sort, text.as_str()) {
                (Sort::Introduced, "0") => None,
                _ => Some(order.parse(text).ok_or_else(|| text.clone())?),
            };
            turns.push(Turn { at, sort, text: text.clone() });
        }
    }
    turns.sort();
    Ok(turns)
}

/// Limits only say where a range of commits ends; versions from one on are not meant.
fn within_limits(events: &[Event], order: Order, version: &Version) -> Result<bool, String> {
    let mut limits = events.iter().filter_map(|event| event.limit.as_ref()).peekable();
    if limits.peek().is_none() {
        return Ok(true);
    }
    for limit in limits {
        if limit == "*" || *version < order.parse(limit).ok_or_else(|| limit.clone())? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(affected: serde_json::Value, version: &str, wanted: &str) {
        let affected: Affected = serde_json::from_value(affected).unwrap();
        let parsed = Order::SemVer.parse(version).unwrap();
        let said = match said(&affected, Order::SemVer, &parsed, version) {
            Said::Sound => "sound".to_owned(),
            Said::Affected { fixed: None } => "affected".to_owned(),
            Said::Affected { fixed: Some(fixed) } => format!("until {fixed}"),
            Said::Unreadable(text) => format!("unreadable {text}"),
        };
        assert_eq!(said, wanted, "{version}");
    }

    fn range(events: serde_json::Value) -> serde_json::Value {
        serde_json::json!({"ranges": [{"type": "SEMVER", "events": events}]})
    }

    #[test]
    fn a_range_is_from_its_introduction_to_its_fix_in_the_order_of_versions() {
        let two = range(serde_json::json!([
            {"fixed": "1.10.0"}, {"introduced": "0"}, {"introduced": "2.0.0"}, {"fixed": "2.3.0"}
        ]));
        for (version, wanted) in [
            ("0.1.0", "until 1.10.0"),
            ("1.9.9", "until 1.10.0"),
            ("1.10.0", "sound"),
            ("2.0.0", "until 2.3.0"),
            ("3.0.0", "sound"),
        ] {
            check(two.clone(), version, wanted);
        }
    }

    #[test]
    fn the_last_affected_one_is_affected() {
        let last = range(serde_json::json!([{"introduced": "1.0.0"}, {"last_affected": "1.5.0"}]));
        for (version, wanted) in [("0.9.0", "sound"), ("1.0.0", "affected"), ("1.5.0", "affected"), ("1.5.1", "sound")]
        {
            check(last.clone(), version, wanted);
        }
        let one = range(serde_json::json!([{"introduced": "1.0.0"}, {"last_affected": "1.0.0"}]));
        check(one, "1.0.0", "affected");
    }

    #[test]
    fn without_an_end_all_later_ones_are_affected() {
        check(range(serde_json::json!([{"introduced": "1.0.0-alpha"}])), "99.0.0", "affected");
        check(range(serde_json::json!([])), "1.0.0", "sound");
    }

    #[test]
    fn limits_end_what_is_meant() {
        let limited = range(serde_json::json!([{"introduced": "0"}, {"limit": "2.0.0"}]));
        check(limited.clone(), "1.9.0", "affected");
        check(limited, "2.0.0", "sound");
        check(range(serde_json::json!([{"introduced": "0"}, {"limit": "*"}])), "2.0.0", "affected");
    }

    #[test]
    fn versions_may_be_listed_one_by_one() {
        let listed =
            serde_json::json!({"versions": ["1.2.0"], "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]});
        check(listed.clone(), "1.2.0", "affected");
        check(listed, "1.2.1", "sound");
    }

    #[test]
    fn a_version_that_cannot_be_compared_does_not_pass_for_sound() {
        check(range(serde_json::json!([{"introduced": "0"}, {"fixed": "one"}])), "1.0.0", "unreadable one");
    }
}
