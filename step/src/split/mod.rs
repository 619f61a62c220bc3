//! The split client: `sidings split work` works off the tests of its job's queue, batch by batch, until there are none.
//!
//! It runs as the step's user and knows nothing but its runner's socket. What tests are there, who gets which and what
//! counts is decided elsewhere; here processes are started, and what they leave is handed over.

mod batch;
mod desk;
mod discover;
mod folder;
mod watch;

use desk::Desk;
use folder::Folder;
use sidings_proto::split::desk::{Ask, Told};
use sidings_proto::step::MOUNT;
use std::io::{self, Write};
use std::path::Path;

/// Tests failed, or not all of them could be run.
const EXIT_RED: u8 = 1;

/// Works until there is nothing more to do. Gives 0 when every test of the job is green, whoever ran it.
pub(crate) fn work() -> io::Result<u8> {
    let mut desk = Desk::connect(Path::new(MOUNT))?;
    let work = match desk.ask(&Ask::Work)? {
        Told::Work(work) => work,
        other => return Err(desk::unexpected(&other)),
    };
    let folder = Folder::make(work.preset)?;
    if let Some(over) = discover::discover(&mut desk, &work, &folder)? {
        return Ok(over);
    }
    let mut number = 0;
    loop {
        match desk.ask(&Ask::Next)? {
            Told::Batch { lease, tests } => {
                number += 1;
                batch::run(&mut desk, &work, &folder, batch::Batch { number, lease, tests: &tests })?;
            }
            Told::Over { passed, text } => return over(passed, &text),
            other => return Err(desk::unexpected(&other)),
        }
    }
}

/// Says how it ended, and gives the code for that.
fn over(passed: bool, text: &str) -> io::Result<u8> {
    say(text)?;
    Ok(if passed { 0 } else { EXIT_RED })
}

/// A line for people, among what the tests write.
fn say(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "sidings: {text}")?;
    stdout.flush()
}
