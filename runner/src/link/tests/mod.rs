//! Whole runners over the dummy engine, against a controller that does what each test says.

mod fake;
mod life;
mod report;
