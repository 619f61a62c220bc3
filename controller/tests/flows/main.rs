//! Flows in process: a controller on port 0, and a client and a runner that speak to it as real ones do.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod artifacts;
mod audit;
mod changes;
mod compared;
mod digests;
mod draining;
mod groups;
mod images;
mod logs;
mod page;
mod pipelines;
mod policies;
mod rig;
mod runner;
mod scene;
mod scheduling;
mod secrets;
mod splits;
mod tests_told;
mod tokens;
mod webhooks;
