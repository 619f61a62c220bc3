//! Known flaws of the images that jobs run in: from which severity on a policy tells of them or refuses the image, and
//! what came of looking.

use serde::{Deserialize, Serialize};

/// How bad a flaw is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FlawSeverity {
    /// Also what nobody rated.
    Low,
    /// From a base score of 4 on.
    Medium,
    /// From 7 on.
    High,
    /// From 9 on.
    Critical,
}

impl FlawSeverity {
    /// All of them, with what people call each.
    pub const ALL: [(&'static str, FlawSeverity); 4] = [
        ("low", FlawSeverity::Low),
        ("medium", FlawSeverity::Medium),
        ("high", FlawSeverity::High),
        ("critical", FlawSeverity::Critical),
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        FlawSeverity::ALL[self as usize].0
    }
}

/// What one policy says of the flaws of images that are built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FlawLimits {
    /// From here on a flaw is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<FlawSeverity>,
    /// From here on an image is not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<FlawSeverity>,
    /// Flaws that do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<IgnoredFlaw>,
}

/// A flaw that somebody decided to live with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IgnoredFlaw {
    /// Any of its names, such as `CVE-2024-1234`.
    pub id: String,
    /// Of this package only, as its ecosystem calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it does not count, as `2027-01-31`, in UTC.
    pub until: String,
}

/// What is to be said of an image's flaws, by the policies that a run came with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FlawsJudged {
    /// Why the image is not to be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<String>,
    /// What is told and stops nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The answer to a runner that asks about the flaws of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FlawsAnswer {
    /// None: nothing is known of what is in the image. Who tells that may ask again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<FlawsJudged>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_is_called_what_it_is_read_from() {
        for (name, severity) in FlawSeverity::ALL {
            assert_eq!(severity.name(), name);
            assert_eq!(serde_json::to_value(severity).unwrap(), name);
        }
    }
}
