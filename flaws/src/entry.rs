//! An entry of an OSV dump, as far as it is read here: fields that are not needed are passed over.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    pub(crate) id: String,
    #[serde(deserialize_with = "or_none")]
    pub(crate) aliases: Vec<String>,
    /// Of other databases, whose flaw a distribution took over.
    #[serde(deserialize_with = "or_none")]
    pub(crate) upstream: Vec<String>,
    pub(crate) summary: String,
    pub(crate) withdrawn: Option<String>,
    #[serde(deserialize_with = "or_none")]
    pub(crate) severity: Vec<Score>,
    #[serde(deserialize_with = "or_none")]
    pub(crate) affected: Vec<Affected>,
    pub(crate) database_specific: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Affected {
    pub(crate) package: Package,
    #[serde(deserialize_with = "or_none")]
    pub(crate) severity: Vec<Score>,
    #[serde(deserialize_with = "or_none")]
    pub(crate) ranges: Vec<Range>,
    #[serde(deserialize_with = "or_none")]
    pub(crate) versions: Vec<String>,
    pub(crate) ecosystem_specific: Value,
    pub(crate) database_specific: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Package {
    pub(crate) ecosystem: String,
    pub(crate) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Range {
    #[serde(rename = "type")]
    pub(crate) sort: String,
    #[serde(deserialize_with = "or_none")]
    pub(crate) events: Vec<Event>,
}

/// One of them is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    pub(crate) introduced: Option<String>,
    pub(crate) fixed: Option<String>,
    pub(crate) last_affected: Option<String>,
    pub(crate) limit: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Score {
    #[serde(rename = "type")]
    pub(crate) sort: String,
    pub(crate) score: String,
}

/// Some databases write `null` for an empty list.
fn or_none<'d, T: Deserialize<'d>, D: Deserializer<'d>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
