//! `sidings split status --follow`: a queue as it is worked off.

use super::super::output::{in_place, print};
use crate::client::Client;
use crate::exit::Exit;
use crate::follow::InPlace;
use crate::render::duration::now;
use crate::render::split_told;
use crate::signals::Signals;
use sidings_proto::RunId;
use sidings_proto::split::told::SplitTold;
use std::io::Stdout;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a controller may be away.
const PATIENCE: Duration = Duration::from_secs(300);

/// Shows it until every test has its verdict: in place on a terminal, else a line for each change. Ctrl-C leaves.
pub(super) async fn follow(client: &Client, run: RunId, suite: &str) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen()?;
    let mut shown = Shown { place: in_place(), line: String::new() };
    let mut heard = Instant::now();
    loop {
        match client.split(run, suite).await {
            Ok(told) if told.sum.passed.is_some() => return shown.end(&told),
            Ok(told) => {
                heard = Instant::now();
                shown.show(&told)?;
            }
            Err(error) if error.may_pass() && heard.elapsed() < PATIENCE => {}
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = signals.next() => return Ok(Exit::Interrupted),
        }
    }
}

/// What is on the screen.
struct Shown {
    /// Where it is drawn; none where nothing can be taken back.
    place: Option<InPlace<Stdout>>,
    line: String,
}

impl Shown {
    fn show(&mut self, told: &SplitTold) -> anyhow::Result<()> {
        if let Some(place) = &mut self.place {
            let frame = split_told::live(told, now(), place.size());
            return Ok(place.draw("", frame)?);
        }
        let line = split_told::head(told);
        if line != self.line {
            print(&line)?;
            self.line = line;
        }
        Ok(())
    }

    /// What it came to stays; the code is that of the tests.
    fn end(mut self, told: &SplitTold) -> anyhow::Result<Exit> {
        if let Some(place) = &mut self.place {
            place.draw("", Vec::new())?;
            place.leave()?;
        }
        print(&split_told::status(told, now()))?;
        Ok(if told.sum.passed == Some(true) { Exit::Passed } else { Exit::Failed })
    }
}
