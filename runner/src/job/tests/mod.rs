//! Jobs over the dummy engine, the clock moved by hand: an assignment in, what was told out.

mod bench;
mod cleaning;
mod endings;
mod order;
mod pure;
mod reports;
mod secrets;
mod services;
mod shells;
