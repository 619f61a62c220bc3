//! Which environment a Dockerfile makes: one key over everything that its image depends on and nothing else, the list
//! of what went into it, and what no commit can pin.
//!
//! The order of things: [`Reading`] understands the Dockerfile for a target, arguments and a platform; it names the base
//! images; whoever has an engine or a registry says what they are; [`Reading::weigh`] then looks at the files that the
//! instructions see and gives a [`Weight`], or [`Reading::account`] an [`Account`] for those who ask why. `dockerfile` reads
//! the text, `reach` says which stages count, `scope` what a variable is worth, `sight` which files an instruction sees,
//! `listing` which there are.
//!
//! This room refuses to guess: what it is not sure of widens the key to the whole context, all arguments and the whole
//! text, and never narrows it. It names no engine, starts no program and speaks to no network.

mod account;
mod base;
mod contents;
mod difference;
mod dockerfile;
pub mod ignore;
mod index;
mod listing;
mod mount;
mod naming;
mod period;
mod place;
mod reach;
mod reading;
mod scope;
mod sight;
mod unpinned;
mod wildcard;
mod words;

pub use account::{Account, Input, Kind, Value, Weight};
pub use base::Base;
pub use contents::Contents;
pub use difference::{Change, differences};
pub use dockerfile::keyword;
pub use listing::{Entry, Listing, Sort};
pub use period::Period;
pub use place::{NoPlace, Place};
pub use reading::{NoSuchTarget, Order, Reading, Target};
pub use unpinned::Unpinned;
