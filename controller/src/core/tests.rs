//! Dialogues: what happens at which second, and what the core wants done about it.

mod cancelling;
mod crowding;
pub(crate) mod dialogue;
mod drains;
mod foreseeing;
mod full_disks;
mod grouping;
mod keeping;
mod leasing;
mod limits;
mod offering;
mod placing;
mod proving;
mod restoring;
mod retrying;
mod runners;
mod sharing;
mod silence;
mod statuses;
mod story;
mod submitting;
