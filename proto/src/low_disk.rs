//! A runner's disk that is too full for another job, as people are told of it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Less is free than the runner must keep: it takes no jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LowDisk {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes that must be.
    pub least: u64,
}

impl fmt::Display for LowDisk {
    /// `4.1 GB free of 10.0 GB it must keep`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        write!(f, "{:.1} GB free of {:.1} GB it must keep", gigabytes(self.free), gigabytes(self.least))
    }
}
