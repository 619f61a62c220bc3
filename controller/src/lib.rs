//! Decides and remembers: the pure core, the one loop around it, the store, and the HTTP interfaces.

pub mod core;
