//! Which keys that the language is to have one day are carried over already.
//!
//! Each is `true` as soon as the linter accepts it: that is all there is to change here. The suite looks that what is
//! `true` is accepted.

/// A job's `artifacts: { paths, when, expire_in }`.
pub(crate) const ARTIFACTS: bool = true;
/// A job's `cache: [{ key, paths, restore_keys }]`.
pub(crate) const CACHE: bool = true;
/// `{ from_secret: NAME }` in an environment.
pub(crate) const FROM_SECRET: bool = true;
