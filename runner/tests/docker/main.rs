//! The Docker engine and the images on a real Engine. Without one, or without `debian:bookworm-slim` on it, these fail:
//! `scripts/engine up && scripts/engine base` makes both.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../../../environment/tests/case/mod.rs"]
mod case;
mod hardening;
mod ignore;
mod images;
mod keys;
mod lifetimes;
mod merges;
mod networks;
mod registries;
mod scene;
mod secrets;
mod shells;
mod steps;
mod users;
