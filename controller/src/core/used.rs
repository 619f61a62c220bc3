//! How much a project has had of the runners, where what it had an hour ago counts half.
//!
//! Two projects are only ever compared at the same moment, so nothing has to be counted down as time passes: what
//! comes later counts more instead. That grows by powers of two, so its logarithm is kept, as a whole number that
//! orders the same everywhere.

use sidings_proto::Timestamp;

/// After so long it counts half.
const HALF_LIFE_MS: f64 = 3_600_000.0;
/// Parts of one doubling.
const PARTS: f64 = 65_536.0;

/// A project's use of slots. The least is none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Used(i64);

impl Default for Used {
    fn default() -> Self {
        Used(i64::MIN)
    }
}

impl Used {
    /// With so many milliseconds of a slot, had just now.
    pub(super) fn and(self, now: Timestamp, slot_ms: u64) -> Used {
        if slot_ms == 0 {
            return self;
        }
        let more = (slot_ms as f64).log2() + now.0 as f64 / HALF_LIFE_MS;
        let sum = match self {
            Used(i64::MIN) => more,
            Used(before) => sum_of_powers(before as f64 / PARTS, more),
        };
        Used((sum * PARTS).round() as i64)
    }
}

/// The logarithm of 2^a + 2^b.
fn sum_of_powers(a: f64, b: f64) -> f64 {
    a.max(b) + (1.0 + (a.min(b) - a.max(b)).exp2()).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn who_used_nothing_comes_first_and_more_counts_more() {
        let (little, much) = (Used::default().and(Timestamp(5), 10), Used::default().and(Timestamp(5), 1000));
        assert!(Used::default() < little && little < much);
        assert!(little < little.and(Timestamp(5), 10));
        assert_eq!(little, little.and(Timestamp(HOUR), 0));
    }

    #[test]
    fn what_was_used_an_hour_ago_counts_half() {
        let before = Used::default().and(Timestamp(0), 1000);
        assert_eq!(before, Used::default().and(Timestamp(HOUR), 500));
        assert!(before < Used::default().and(Timestamp(HOUR), 600));
        assert!(before > Used::default().and(Timestamp(HOUR), 400));
    }

    #[test]
    fn many_little_ones_are_a_large_one() {
        let little = (0..100).fold(Used::default(), |used, _| used.and(Timestamp(7), 10));
        let large = Used::default().and(Timestamp(7), 1000);
        assert!((little.0 - large.0).abs() < 200, "{little:?} {large:?}");
    }
}
