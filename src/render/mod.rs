//! What people see: values in, text out. Nothing here reads a clock or writes anywhere; text carries SGR colours and
//! the stream it is written to strips them where they are not wanted.

pub(crate) mod duration;
pub(crate) mod lists;
pub(crate) mod safe;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod tree;

#[cfg(test)]
pub(crate) mod sample;
