//! How bad a flaw is: the base score of its CVSS v3 vector, by the specification's formula; else the word that its database
//! has for it. A CVSS v4 vector is not calculated, so such an entry goes by its word.

use crate::entry::{Affected, Entry, Score};
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
        if let Some(tenths) = scores.iter().filter(|it| it.sort == "CVSS_V3").filter_map(|it| base(&it.score)).max() {
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

/// The base score in tenths, by section 7.1 of the specification of CVSS 3.1. None where a metric is missing or not known.
fn base(vector: &str) -> Option<u32> {
    let metrics = vector.strip_prefix("CVSS:3.1/").or_else(|| vector.strip_prefix("CVSS:3.0/"))?;
    let metric = |name: &str| metrics.split('/').find_map(|it| it.strip_prefix(name)?.strip_prefix(':'));
    let changed = match metric("S")? {
        "U" => false,
        "C" => true,
        _ => return None,
    };
    let [confidentiality, integrity, availability] = [metric("C")?, metric("I")?, metric("A")?].map(impact);
    let lost = 1.0 - (1.0 - confidentiality?) * (1.0 - integrity?) * (1.0 - availability?);
    let impact = if changed { 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02_f64).powi(15) } else { 6.42 * lost };
    let reach = attack_vector(metric("AV")?)? * complexity(metric("AC")?)?;
    let exploitability = 8.22 * reach * privileges(metric("PR")?, changed)? * interaction(metric("UI")?)?;
    if impact <= 0.0 {
        return Some(0);
    }
    let factor = if changed { 1.08 } else { 1.0 };
    Some(rounded_up((factor * (impact + exploitability)).min(10.0)))
}

/// To tenths; by way of whole numbers, as appendix A has it, because 4.02 may be 4.0200000001.
fn rounded_up(score: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is from 0 to 10")]
    let fine = (score * 100_000.0).round() as u32;
    fine.div_ceil(10_000)
}

fn impact(value: &str) -> Option<f64> {
    match value {
        "H" => Some(0.56),
        "L" => Some(0.22),
        "N" => Some(0.0),
        _ => None,
    }
}

fn attack_vector(value: &str) -> Option<f64> {
    match value {
        "N" => Some(0.85),
        "A" => Some(0.62),
        "L" => Some(0.55),
        "P" => Some(0.2),
        _ => None,
    }
}

fn complexity(value: &str) -> Option<f64> {
    match value {
        "L" => Some(0.77),
        "H" => Some(0.44),
        _ => None,
    }
}

fn privileges(value: &str, changed: bool) -> Option<f64> {
    match (value, changed) {
        ("N", _) => Some(0.85),
        ("L", false) => Some(0.62),
        ("L", true) => Some(0.68),
        ("H", false) => Some(0.27),
        ("H", true) => Some(0.5),
        _ => None,
    }
}

fn interaction(value: &str) -> Option<f64> {
    match value {
        "N" => Some(0.85),
        "R" => Some(0.62),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(vector: &str, tenths: u32, wanted: Severity) {
        assert_eq!(base(vector), Some(tenths), "{vector}");
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
            assert_eq!(base(vector), None, "{vector}");
        }
    }

    #[test]
    fn what_nobody_rated_counts_as_low() {
        assert!(Severity::Unknown.reaches(Severity::Low) && !Severity::Unknown.reaches(Severity::Medium));
        assert!(!Severity::Negligible.reaches(Severity::Low) && Severity::Critical.reaches(Severity::Critical));
    }
}
