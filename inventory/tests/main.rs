//! What the inventory says of images that are made here, of hostile ones, and of real ones beside another tool.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod differences;
mod documents;
mod forms;
mod hostile;
mod image;
mod layers;
mod syft;
