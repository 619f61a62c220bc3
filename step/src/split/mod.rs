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
use std::process::ExitStatus;
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
    let (mut number, mut stream, mut unsound) = (0, Stream::default(), None);
    loop {
        let told = desk.ask(&Ask::Next)?;
        if let Told::Over { passed, text } = &told {
            return over(*passed, text, unsound.or(stream.end()?));
        }
        if told == Told::Yield {
            let text = "this runner is given back, as others wait for one; other copies go on with the tests";
            return over(true, text, unsound.or(stream.end()?));
        }
        let Told::Batch { lease, tests } = &told else { return Err(desk::unexpected(&told)) };
        number += 1;
        let batch = Batch { number, lease: *lease, tests };
        let wrong = match work.mode {
            Mode::Batch => batch::run(&mut desk, &work, &folder, batch)?,
            Mode::Stream => stream.run(&mut desk, &work, &folder, batch)?,
        };
        unsound = unsound.or(wrong);
    }
}

/// What went wrong in this step and shows in no test's result.
type Unsound = String;

/// Says how it ended, and gives the code for that.
fn over(passed: bool, text: &str, unsound: Option<Unsound>) -> io::Result<u8> {
    say(text)?;
    if let Some(what) = &unsound {
        say(&format!("this step fails: {what}"))?;
    }
    Ok(if passed && unsound.is_none() { 0 } else { EXIT_RED })
}

/// What an end means that none of the tests explains.
fn unexplained(whose: &str, status: ExitStatus) -> Unsound {
    format!("{whose} ended with {status}, though each of its tests has a result and none failed")
}

/// A line for people, among what the tests write.
fn say(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "sidings: {text}")?;
    stdout.flush()
}
