//! When an engine has too much, and what is left alone all the same. It measures nothing.

use super::stock::Stock;
use crate::disk::Disk;
use std::time::Duration;

/// A budget is cleaned down to so many eighths of it, so that not every build cleans up.
const BUDGET_EIGHTHS: u64 = 7;

/// When to clean up, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// From so many hundredths of the disk in use on; over 100 for never.
    pub above: u8,
    /// Down to so many.
    pub down_to: u8,
    /// What our images and the build cache may take, in bytes, however much is free.
    pub budget: Option<u64>,
    /// What was used so recently stays.
    pub grace: Duration,
    /// So much is to be free in any case, in bytes.
    pub least_free: Option<u64>,
}

impl Default for Marks {
    fn default() -> Marks {
        Marks { above: 80, down_to: 70, budget: None, grace: Duration::from_secs(3600), least_free: None }
    }
}

impl Marks {
    /// As if nothing might stay that may go.
    #[must_use]
    pub fn all(self) -> Marks {
        Marks { budget: Some(0), ..self }
    }

    /// Bytes that are to be freed.
    pub fn wanted(&self, stock: &Stock) -> u64 {
        let of_disk = stock.disk.map_or(0, |disk| self.of_disk(disk));
        of_disk.max(self.budget.map_or(0, |budget| of_budget(budget, stock.ours())))
    }

    /// Bytes that are to be freed on a disk.
    pub fn of_disk(&self, disk: Disk) -> u64 {
        let short = disk.least_free(self.least_free).saturating_sub(disk.free);
        if disk.used_percent() < u64::from(self.above) {
            return short;
        }
        let to_be_free = part(disk.all, 100_u64.saturating_sub(u64::from(self.down_to)), 100);
        short.max(to_be_free.saturating_sub(disk.free))
    }
}

fn of_budget(budget: u64, ours: u64) -> u64 {
    if ours > budget { ours - part(budget, BUDGET_EIGHTHS, 8) } else { 0 }
}

/// So many of so many parts, without an overflow on the way.
fn part(of: u64, parts: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(of) * u128::from(parts) / u128::from(whole)).unwrap_or(u64::MAX)
}
