//! The rules, a file for each subject.

pub(super) mod base;
pub(super) mod files;
pub(super) mod packages;
pub(super) mod user;
pub(super) mod variables;
