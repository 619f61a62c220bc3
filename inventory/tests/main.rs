//! What the inventory says of images that are made here, and of hostile ones.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod differences;
mod documents;
mod forms;
mod hostile;
mod image;
mod layers;
