//! Dialogues: what happens at which second, and what the core wants done about it.

mod cancelling;
mod leasing;
mod proving;
mod restoring;
mod runners;
mod sharing;
mod silence;
mod story;
mod submitting;
