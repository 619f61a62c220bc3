//! Takes secrets out of text: wherever a value, or one of its usual encodings, stands in a stream of bytes, `***` stands
//! there instead.
//!
//! Pure; shared by the helper, which masks what a step writes before it is spooled, and the runner, which masks what it
//! writes itself. `forms` says what a value may look like, [`Finder`] where that stands, [`Masker`] how a stream goes
//! through piece by piece. It is a net for accidents: who wants to get a value out of a step can write it in a way that
//! nothing here knows.

mod finder;
mod forms;
mod masker;

pub use finder::Finder;
pub use masker::Masker;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter values are refused as secrets, and shorter lines of one are not looked for: they stand in any text.
pub const SHORTEST: usize = 6;

#[cfg(test)]
mod tests;
