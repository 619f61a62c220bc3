//! How many workers a job wants, from the time it should take.

use std::time::Duration;

/// How many workers a job may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parallelism {
    /// Never fewer, while there is work; at least 1.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// How long it should take.
    pub target: Target,
}

impl Default for Parallelism {
    fn default() -> Self {
        Parallelism { min: 1, max: 1, target: Target::Fastest }
    }
}

/// How long a job should take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// As short as it can: it takes all that it may have.
    Fastest,
    /// From the first worker's start to the last result.
    Within(Duration),
}

impl Parallelism {
    /// How many workers bring so much work within the target, when each needs `setup_ms` before its first test:
    /// ⌈W / (T − S)⌉. No number would do it when setting up takes all the time there is: then it takes what it may.
    pub fn wanted(&self, work_ms: u64, setup_ms: u64) -> u32 {
        let (min, max) = (self.min.max(1), self.max.max(self.min).max(1));
        let Target::Within(target) = self.target else { return max };
        let target_ms = u64::try_from(target.as_millis()).unwrap_or(u64::MAX);
        match target_ms.saturating_sub(setup_ms) {
            0 => max,
            left => u32::try_from(work_ms.div_ceil(left)).unwrap_or(u32::MAX).clamp(min, max),
        }
    }
}
