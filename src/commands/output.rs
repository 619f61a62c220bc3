//! What commands write to: text or JSON on stdout, and the screen that a followed run is shown on.

use crate::client::{Client, pretty};
use crate::exit::Exit;
use crate::follow::{InPlace, Live, OnInterrupt, Plain, Scope, Screen, follow};
use crate::render::duration::now;
use crate::render::summary::{ReadOn, summary};
use anyhow::Context;
use serde::Serialize;
use sidings_proto::api::RunView;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// Bytes of lines that are written at once, while more of them wait.
const BUFFER: usize = 64 * 1024;

/// Writes text to stdout, without colours where they are not wanted.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Whether the file was written: one that is there stays.
pub(super) fn write_new(path: &Path, text: &str) -> anyhow::Result<bool> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        file => {
            file.and_then(|mut file| file.write_all(text.as_bytes()))
                .with_context(|| format!("writing {}", path.display()))?;
            Ok(true)
        }
    }
}

/// Writes a value as JSON, or as people read it.
pub(super) fn print_as<T: Serialize>(json: bool, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<Exit> {
    let text = if json { pretty(value)? } else { text(value) };
    print(&text)?;
    Ok(Exit::Passed)
}

/// How a followed run is to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show {
    /// Lines, also on a terminal.
    pub(super) plain: bool,
    /// The run as JSON at the end, and all else on stderr.
    pub(super) json: bool,
}

impl Show {
    /// A tree for terminals, lines for all else.
    pub(super) fn screen(self) -> Box<dyn Screen> {
        if self.json {
            return Box::new(Plain::new(BufWriter::with_capacity(BUFFER, anstream::stderr()), None));
        }
        match in_place().filter(|_| !self.plain) {
            Some(place) => Box::new(Live::new(place)),
            None => Box::new(Plain::new(BufWriter::with_capacity(BUFFER, anstream::stdout()), None)),
        }
    }

    /// What is left to read when the run is over.
    pub(super) fn end(self, run: &RunView, read_on: &ReadOn) -> anyhow::Result<()> {
        let text = summary(run, now(), read_on);
        if self.json {
            anstream::eprint!("{text}");
            return print(&pretty(run)?);
        }
        print(&text)
    }
}

/// Follows a run of a controller that stays, to its end.
pub(super) async fn follow_to_the_end(client: &Client, run: RunView, show: Show) -> anyhow::Result<Exit> {
    let mut screen = show.screen();
    let name = format!("{}@{}", run.summary.project, run.summary.number);
    let followed = follow(client, run, Scope::default(), OnInterrupt::Leave, screen.as_mut()).await?;
    drop(screen);
    if followed.interrupted {
        anstream::eprintln!("the run goes on: `sidings logs -f {name}` follows it, `sidings cancel {name}` stops it");
        return Ok(Exit::Interrupted);
    }
    show.end(&followed.run, &ReadOn::Controller)?;
    Ok(Exit::of(followed.run.summary.verdict.as_ref()))
}

/// The terminal, to draw on again and again; none where stdout is something else.
pub(super) fn in_place() -> Option<InPlace<io::Stdout>> {
    let colours = anstream::stdout().current_choice() != anstream::ColorChoice::Never;
    can_move_its_cursor().then(|| InPlace::new(io::stdout(), terminal_size, colours))
}

fn can_move_its_cursor() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Its columns and rows.
pub(super) fn terminal_size() -> (usize, usize) {
    let (rows, columns) = console::Term::stdout().size();
    (columns.into(), rows.into())
}
