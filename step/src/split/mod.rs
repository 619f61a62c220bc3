//! The split client: `sidings split work` works off the tests of its job's queue, batch by batch, until there are none.
//!
//! It runs as the step's user and knows nothing but its runner's socket. What tests are there, who gets which and what
//! counts is decided elsewhere; here processes are started, and what they leave is handed over.

mod batch;
mod desk;
mod discover;
mod folder;
pub(crate) mod presets;
mod stream;
mod watch;

use batch::Batch;
use desk::Desk;
use folder::Folder;
use sidings_proto::split::Mode;
use sidings_proto::split::desk::{Ask, Told};
use sidings_proto::step::MOUNT;
use std::io::{self, Write};
use std::path::Path;
use stream::Stream;

/// Tests failed, or not all of them could be run.
const EXIT_RED: u8 = 1;

/// Works until there is nothing more to do. Gives 0 when every test of the job is green, whoever ran it.
pub(crate) fn work() -> io::Result<u8> {
    let mut desk = Desk::connect(Path::new(MOUNT))?;
    let told = desk.ask(&Ask::Work)?;
    let Told::Work(work) = told else { return Err(desk::unexpected(&told)) };
    let folder = Folder::make(work.preset)?;
    if let Some(over) = discover::discover(&mut desk, &work, &folder)? {
        return Ok(over);
    }
    let (mut number, mut stream, mut sound) = (0, Stream::default(), true);
    loop {
        let told = desk.ask(&Ask::Next)?;
        if let Told::Over { passed, text } = &told {
            stream.end();
            return over(*passed && sound, text);
        }
        let Told::Batch { lease, tests } = &told else { return Err(desk::unexpected(&told)) };
        number += 1;
        let batch = Batch { number, lease: *lease, tests };
        match work.mode {
            Mode::Batch => sound &= batch::run(&mut desk, &work, &folder, batch)?,
            Mode::Stream => stream.run(&mut desk, &work, &folder, batch)?,
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
