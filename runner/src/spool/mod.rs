//! Reads what a step left in its folder: the framed log while it grows, the exit record at the end.
//!
//! A step may run as root in its container, so all of it is hostile: files are opened without following links and
//! without waiting, must be regular, and are read up to a cap. Logs are kept as whole frames only.

mod beneath;
mod exit;
mod exit_watch;
mod last_lines;
mod tail;

pub(crate) use beneath::Hostile;
pub(crate) use exit::{read_exit_record, read_ready_record};
pub(crate) use exit_watch::ExitWatch;
pub(crate) use last_lines::last_lines;
pub(crate) use tail::{Spooled, Tail};

#[cfg(test)]
mod tests;
