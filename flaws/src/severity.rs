//! How bad a flaw is: the score of its CVSS vector, of the newer version where there are two; else the word that its
//! database has for it.

use crate::entry::{Affected, Entry, Score};
use cvss::{Cvss, v3};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// From what nobody rated to the worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nobody rated it, or in no way that is known here.
    #[default]
    Unknown,
    /// Its database says that it hardly matters.
    Negligible,
    /// A base score below 4.
    Low,
    /// Below 7.
    Medium,
    /// Below 9.
    High,
    /// From 9, and packages that are malicious themselves.
    Critical,
}

impl Severity {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Unknown => "unknown",
            Severity::Negligible => "negligible",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// Whether it is as bad as `limit`, or worse; what nobody rated is taken for low.
    pub fn reaches(self, limit: Severity) -> bool {
        let taken = if self == Severity::Unknown { Severity::Low } else { self };
        taken >= limit
    }

    fn of_score(tenths: u32) -> Severity {
        match tenths {
            0 => Severity::Negligible,
            1..40 => Severity::Low,
            40..70 => Severity::Medium,
            70..90 => Severity::High,
            _ => Severity::Critical,
        }
    }

    fn of_word(word: &str) -> Option<Severity> {
        match word.to_ascii_lowercase().as_str() {
            "negligible" | "unimportant" | "none" => Some(Severity::Negligible),
            "low" => Some(Severity::Low),
            "medium" | "moderate" => Some(Severity::Medium),
            "high" | "important" => Some(Severity::High),
            "critical" => Some(Severity::Critical),
            _ => None,
        }
    }
}

/// The severity, and the base score in tenths where there is one. What is said of the package goes before what is said of
/// the whole entry, and a score before a word.
pub(crate) fn severity(entry: &Entry, affected: &Affected) -> (Severity, Option<u32>) {
    if entry.id.starts_with("MAL-") {
        return (Severity::Critical, None);
    }
    for scores in [&affected.severity, &entry.severity] {
        let of = |sort: &str| scores.iter().filter(|it| it.sort == sort).filter_map(|it| score(&it.score)).max();
        if let Some(tenths) = of("CVSS_V4").or_else(|| of("CVSS_V3")) {
            return (Severity::of_score(tenths), Some(tenths));
        }
    }
    let said = [&affected.ecosystem_specific, &affected.database_specific, &entry.database_specific];
    let word = [&affected.severity, &entry.severity]
        .into_iter()
        .find_map(|scores| scores.iter().find_map(|it: &Score| Severity::of_word(&it.score)))
        .or_else(|| said.into_iter().find_map(word));
    (word.unwrap_or_default(), None)
}

fn word(said: &Value) -> Option<Severity> {
    ["severity", "urgency"].into_iter().find_map(|key| Severity::of_word(said.get(key)?.as_str()?))
}

/// Whether no base metric is missing, which the library takes for one without an impact.
fn is_whole(vector: &v3::Vector) -> bool {
    let reach = vector.av.is_some() && vector.ac.is_some() && vector.pr.is_some() && vector.ui.is_some();
    reach && vector.s.is_some() && vector.c.is_some() && vector.i.is_some() && vector.a.is_some()
}

/// The score in tenths: of CVSS 3 the base score, of CVSS 4 the one of all metrics that are given. None where a metric
/// that must be there is missing, or one is not known.
fn score(vector: &str) -> Option<u32> {
    let score = match vector.parse::<Cvss>().ok()? {
        Cvss::CvssV30(vector) | Cvss::CvssV31(vector) => is_whole(&vector).then(|| vector.base_score().value())?,
        Cvss::CvssV40(vector) => vector.score().value(),
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is from 0 to 10")]
    let tenths = (score * 10.0).round() as u32;
    Some(tenths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(vector: &str, tenths: u32, wanted: Severity) {
        assert_eq!(score(vector), Some(tenths), "{vector}");
        assert_eq!(Severity::of_score(tenths), wanted);
    }

    /// From the examples that go with the specification.
    #[test]
    fn scores_are_those_of_the_specification() {
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98, Severity::Critical);
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100, Severity::Critical);
        check("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61, Severity::Medium);
        check("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64, Severity::Medium);
        check("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31, Severity::Low);
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N/E:P/RL:O", 75, Severity::High);
        check("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 78, Severity::High);
        check("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0, Severity::Negligible);
        check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100, Severity::Critical);
        check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93, Severity::Critical);
        check("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 73, Severity::High);
        check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0, Severity::Negligible);
    }

    #[test]
    fn a_vector_that_is_not_whole_has_no_score() {
        for vector in [
            "",
            "CVSS:3.1/",
            "CVSS:3.1/AV:N",
            "CVSS:4.0/AV:N/AC:L",
            "7.5",
            "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        ] {
            assert_eq!(score(vector), None, "{vector}");
        }
    }

    #[test]
    fn what_nobody_rated_counts_as_low() {
        assert!(Severity::Unknown.reaches(Severity::Low) && !Severity::Unknown.reaches(Severity::Medium));
        assert!(!Severity::Negligible.reaches(Severity::Low) && Severity::Critical.reaches(Severity::Critical));
    }
}
