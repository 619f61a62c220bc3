//! What crosses rooms, in one binary: flows on a real container engine, kills, and the rules of the rooms themselves.
//!
//! Nothing here is skipped: without an engine these tests fail and say how to start one.

#![allow(clippy::unwrap_used, reason = "what cannot go on ends here, with the place")]

mod e2e;
#[expect(dead_code, reason = "shared with the benches, which use the rest")]
mod support;
mod tidy;
