//! Decisions: who runs what, when, and when again. Pure: events and the time in, actions out.

pub mod event;
