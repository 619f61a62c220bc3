//! When a delivery is tried again: after a second, then after twice as long each time, up to an hour; a part of that is
//! left to chance, so that a receiver that comes back is not met by all at once.

use std::time::Duration;

/// A delivery is given up so long after it happened.
pub(super) const PATIENCE: Duration = Duration::from_secs(24 * 3600);

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);

/// How long to wait after so many tries; `chance` of 0 is four fifths of that, 255 six fifths.
pub(super) fn wait(tries: u32, chance: u8) -> Duration {
    let doubled = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(LONGEST);
    doubled * (8 * 255 + 4 * u32::from(chance)) / (10 * 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_again_later_each_time_and_at_last_every_hour() {
        let seconds: Vec<_> = [1, 2, 3, 5, 12, 13, 40, u32::MAX].map(|tries| wait(tries, 0).as_millis()).to_vec();
        assert_eq!(seconds, [800, 1600, 3200, 12800, 1638400, 2880000, 2880000, 2880000]);
        assert_eq!(wait(1, 255), Duration::from_millis(1200));
        let all: Duration = (1..60).map(|tries| wait(tries, 255)).sum();
        assert!(all > PATIENCE);
    }
}
