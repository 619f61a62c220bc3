//! Typed identifiers. All but [`BlobId`] are UUID version 7, so they sort by the time they were made.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes a new, time-ordered id. Borders call this; pure rooms are handed ids.
            #[expect(clippy::new_without_default, reason = "a default that differs each time would surprise")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// When it was made; the beginning of time where it does not say.
            pub fn made(&self) -> Timestamp {
                let (seconds, nanoseconds) = self.0.get_timestamp().map_or((0, 0), |time| time.to_unix());
                let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
                Timestamp(seconds.saturating_mul(1000).saturating_add(i64::from(nanoseconds / 1_000_000)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// One execution of a pipeline for one commit.
    RunId
);
uuid_id!(
    /// One job of one run.
    JobId
);
uuid_id!(
    /// An enrolled runner. It outlives the process: the runner keeps it with its token.
    RunnerId
);
uuid_id!(
    /// One life of a runner's process. A new life of a runner ends what earlier lives held.
    LifeId
);
uuid_id!(
    /// A lease request, made by the runner; the same request gets the same attempts.
    RequestId
);
uuid_id!(
    /// An API, runner or registration token (its public name, not its secret).
    TokenId
);
uuid_id!(
    /// One event told to one webhook: the same however often it is tried.
    DeliveryId
);

/// One try of one job: the job and its fence. The fence is an integer per job, one more at every hand-out, never
/// reused; every message of a runner carries it and a stale one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttemptId {
    /// The job that is tried.
    pub job: JobId,
    /// From 1. What people read as the attempt's number.
    pub fence: u64,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.job, self.fence)
    }
}

/// The name of a stored blob: 64 hex digits, the BLAKE3 hash of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct BlobId(String);

impl BlobId {
    /// The 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text was not 64 lower-case hex digits.
#[derive(Debug, thiserror::Error)]
#[error("expected 64 lower-case hex digits")]
pub struct BadBlobId;

impl TryFrom<String> for BlobId {
    type Error = BadBlobId;

    fn try_from(text: String) -> Result<Self, BadBlobId> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(hex) { Ok(Self(text)) } else { Err(BadBlobId) }
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> String {
        id.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
