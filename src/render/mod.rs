//! What people see: values in, text out. Nothing here reads a clock or writes anywhere; text carries SGR colours and
//! the stream it is written to strips them where they are not wanted.

pub(crate) mod artifacts;
pub(crate) mod built;
pub(crate) mod compared;
pub(crate) mod digests;
pub(crate) mod duration;
pub(crate) mod lists;
pub(crate) mod queue;
pub(crate) mod safe;
mod services;
pub(crate) mod split_tests;
pub(crate) mod split_told;
pub(crate) mod splits;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod tested;
pub(crate) mod tree;
mod waited;
pub(crate) mod webhooks;

/// A message's first line: what a line has room for.
fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod sample;
