//! The queue of one job whose tests are split over many workers: who runs which tests next, and what came of each.
//!
//! Pure, as the controller's core is: [`Split::handle`] takes the time and an [`Event`] and gives [`Effects`]. What it
//! saves is durable before its answer is sent, and [`Split::restore`] makes the same state of what was saved. The
//! ledger closes when every test of the [`Manifest`] has one verdict, and never before.
//!
//! Refused here: IO, clocks, randomness, and any result that does not come from who has the test now.

pub mod batch;
pub mod estimate;
pub mod event;
mod flaky;
pub mod ledger;
pub mod manifest;
pub mod policy;
mod queue;
pub mod record;
#[cfg(test)]
mod tests;
pub mod width;

pub use estimate::{Estimate, Estimates, History};
pub use event::{Answer, Effects, Event};
pub use ledger::{Conclusion, Kind, Ledger, Verdict};
pub use manifest::{Atom, AtomNo, Manifest, Refusal};
pub use policy::{OnFlaky, Quarantined, Settings};
pub use queue::{Progress, Split};
pub use record::{LeaseNo, Record, WorkerId};
pub use width::{Parallelism, Target};
