//! The way to the runner: one question, one answer.

use sidings_proto::split::desk::{Ask, Form, SIZED_FILES_MAX, SIZES_MAX, SOCKET, Sizes, Told};
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A connection.
pub(super) struct Desk {
    input: BufReader<UnixStream>,
    output: UnixStream,
}

impl Desk {
    pub(super) fn connect(mount: &Path) -> io::Result<Desk> {
        let output = UnixStream::connect(mount.join(SOCKET))
            .map_err(|error| io::Error::new(error.kind(), format!("this step has no tests to work on: {error}")))?;
        Ok(Desk { input: BufReader::new(output.try_clone()?), output })
    }

    /// The stream itself, for somebody who is to end it.
    pub(super) fn stream(&self) -> io::Result<UnixStream> {
        self.output.try_clone()
    }

    pub(super) fn ask(&mut self, ask: &Ask) -> io::Result<Told> {
        self.say(ask)?;
        self.told()
    }

    /// A question with all that is in a file.
    pub(super) fn ask_with(&mut self, file: &Path, ask: impl FnOnce(u64) -> Ask) -> io::Result<Told> {
        let file = File::open(file)?;
        let bytes = file.metadata()?.len();
        self.say(&ask(bytes))?;
        // It may be written to all the while: what was promised is what is sent.
        let sent = io::copy(&mut file.take(bytes), &mut self.output)?;
        io::copy(&mut io::repeat(b'\n').take(bytes - sent), &mut self.output)?;
        self.told()
    }

    /// Hands a file of results over.
    pub(super) fn results(&mut self, lease: u64, form: Form, file: &Path) -> io::Result<Told> {
        self.ask_with(file, |bytes| Ask::Results { lease, form, bytes })
    }

    /// Tells what happened so far under a lease.
    pub(super) fn happened(&mut self, lease: u64, events: &[u8]) -> io::Result<Told> {
        self.say(&Ask::Happened { lease, bytes: events.len() as u64 })?;
        self.output.write_all(events)?;
        self.told()
    }

    /// Tells how large files are.
    /// None where there are too many: nobody needs them.
    pub(super) fn told_of_sizes(&mut self, sizes: &Sizes) -> io::Result<Option<Told>> {
        let text = serde_json::to_vec(sizes)?;
        if text.len() as u64 > SIZES_MAX || sizes.len() > SIZED_FILES_MAX {
            return Ok(None);
        }
        self.say(&Ask::Sizes { bytes: text.len() as u64 })?;
        self.output.write_all(&text)?;
        self.told().map(Some)
    }

    fn say(&mut self, ask: &Ask) -> io::Result<()> {
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        self.output.write_all(&line)
    }

    fn told(&mut self) -> io::Result<Told> {
        let mut line = Vec::new();
        if self.input.read_until(b'\n', &mut line)? == 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the runner went away"));
        }
        Ok(serde_json::from_slice(&line)?)
    }
}

/// An answer to another question.
pub(super) fn unexpected(told: &Told) -> io::Error {
    if let Told::Refused { why } = told {
        return io::Error::other(why.clone());
    }
    io::Error::other(format!("the runner gave a strange answer: {told:?}"))
}
