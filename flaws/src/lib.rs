//! Which known flaws the packages of an image have: an inventory on one side, the entries of an OSV dump
//! (<https://ossf.github.io/osv-schema/>) on the other, read one by one and never held together.
//!
//! An entry is as hostile as an image: what is too large or cannot be read is counted and named, and nothing that could
//! not be looked at passes for sound. `order` says which version is later, `ecosystem` under which names an entry may
//! speak of a package, `affected` whether it speaks of its version, `severity` how bad that is, `ignoring` what somebody
//! decided to live with. This room opens no file and reads no clock.

mod affected;
mod audit;
mod dump;
mod ecosystem;
mod entry;
mod ignoring;
mod order;
mod severity;

pub use audit::{Audit, Auditor, BadFile, Finding, NotLooked};
pub use ignoring::{IgnoreRule, Ignored, Ignores, WrongIgnores};
pub use order::{Order, Version};
pub use severity::Severity;
