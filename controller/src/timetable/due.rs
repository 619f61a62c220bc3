//! Which entries of a schedule are due, and when the next one is.

use crate::store::StoredSchedule;
use sidings_pipeline::next_after;
use sidings_proto::{Schedule, Timestamp};

/// Entries that became due since they were last looked at, each once, however often it became due.
pub(super) fn due(schedule: &StoredSchedule, now: Timestamp) -> Vec<&Schedule> {
    let is_due = |entry: &&Schedule| next_after(entry, schedule.since).is_some_and(|at| at <= now);
    schedule.entries.iter().filter(is_due).collect()
}

/// When the first of its entries is due.
pub(crate) fn next(schedule: &StoredSchedule) -> Option<Timestamp> {
    schedule.entries.iter().filter_map(|entry| next_after(entry, schedule.since)).min()
}
