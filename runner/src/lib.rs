//! Does what it is told: carries out attempts on this host's container engine and keeps nothing that it could not lose.

pub mod engine;
pub mod image;
pub mod setup_log;
