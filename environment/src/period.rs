//! Images that are built anew from time to time although nothing changed. Time is cut into periods of one length, from
//! 1970 on, so that everybody who asks within one of them asks for the same image.

use sidings_proto::Timestamp;
use std::fmt;
use std::time::Duration;

const DAY_MS: u64 = 86_400_000;

/// A period in which an image counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    every_ms: u64,
    since: Timestamp,
}

impl Period {
    /// The one of `every_ms` milliseconds that a point in time lies in.
    pub fn at(now: Timestamp, every_ms: u64) -> Period {
        let every_ms = every_ms.max(1);
        let now = u64::try_from(now.0).unwrap_or(0);
        let since = Timestamp(i64::try_from(now - now % every_ms).unwrap_or(i64::MAX));
        Period { every_ms, since }
    }
}

/// `7d since 2026-11-19T00:00:00Z`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.every_ms {
            ms if ms % DAY_MS == 0 => write!(f, "{}d", ms / DAY_MS)?,
            ms => write!(f, "{:#}", jiff::SignedDuration::try_from(Duration::from_millis(ms)).unwrap_or_default())?,
        }
        let since = jiff::Timestamp::from_millisecond(self.since.0).unwrap_or_default();
        write!(f, " since {since}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_within_a_period_asks_for_the_same() {
        let shown = |now, every| Period::at(Timestamp(now), every).to_string();
        let week = 7 * DAY_MS;
        assert_eq!(shown(1_795_305_600_000, week), "7d since 2026-11-19T00:00:00Z");
        assert_eq!(shown(1_795_046_400_000, week), "7d since 2026-11-19T00:00:00Z");
        assert_eq!(shown(1_795_046_399_999, week), "7d since 2026-11-12T00:00:00Z");
        assert_eq!(shown(1_795_046_400_000, DAY_MS * 3 / 2), "36h since 2026-11-18T00:00:00Z");
        assert_eq!(shown(-5, week), "7d since 1970-01-01T00:00:00Z");
    }
}
