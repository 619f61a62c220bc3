//! A split in full, as people look into it: who worked, which batches there were, what came of each test.

use super::SplitSum;
use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// A split, or what it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SplitTold {
    /// How it stands.
    pub sum: SplitSum,
    /// Who worked, in the order in which they came.
    pub workers: Vec<ToldWorker>,
    /// In the order in which they were handed out.
    pub batches: Vec<ToldBatch>,
    /// In the order of discovery.
    pub tests: Vec<ToldTest>,
    /// Only some of the tests were asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chosen: bool,
    /// Tests of the whole list, where it is more than those that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<u64>,
    /// Tests in quarantine that discovery did not find.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// An attempt that worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToldWorker {
    /// Its job.
    pub job: String,
    /// Which attempt of that, from 1.
    pub attempt: u64,
    /// Since when.
    pub joined: Timestamp,
    /// How it went; none while it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
    /// So many results of it count.
    pub results: u64,
}

/// A batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToldBatch {
    /// From 1.
    pub number: u64,
    /// Which of the workers, from 0.
    pub worker: usize,
    /// Which tests, by their places in the list from 0.
    pub tests: Vec<u32>,
    /// When it was handed out.
    pub from: Timestamp,
    /// When its process ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// With which code; none when something killed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// So many results of it count.
    pub results: u64,
}

/// A test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToldTest {
    /// What its runner calls it.
    pub id: String,
    /// Its verdict, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// How long it was thought to take.
    pub estimate_ms: u64,
    /// From so many runs; from none where it was guessed.
    pub runs: u32,
    /// How large its file is, where somebody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
    /// It failed the last time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed_last: bool,
    /// Until when it is in quarantine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Timestamp>,
}
