//! `sidings split status --follow`: a queue as it is worked off, from before its tests are listed.

use super::super::output::{in_place, print};
use super::{is_listed, unlisted};
use crate::client::{Client, Error};
use crate::exit::Exit;
use crate::follow::InPlace;
use crate::render::duration::now;
use crate::render::split_told;
use crate::signals::Signals;
use sidings_proto::RunId;
use sidings_proto::api::RunView;
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
    let (mut heard, mut listed) = (Instant::now(), false);
    loop {
        match look(client, run, suite, listed).await {
            Ok(Look::Listed(told)) if told.sum.passed.is_some() => return shown.end(&told),
            Ok(Look::Listed(told)) => {
                (heard, listed) = (Instant::now(), true);
                shown.show(&told)?;
            }
            Ok(Look::Unlisted(run)) if run.summary.ended.is_some() => return shown.end_unlisted(&run, suite),
            Ok(Look::Unlisted(run)) => {
                heard = Instant::now();
                shown.wait(&run, suite)?;
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

/// What there is of it.
enum Look {
    Listed(SplitTold),
    /// None of the copies has said which tests there are.
    Unlisted(RunView),
}

/// Asks for it. What was listed once stays so.
async fn look(client: &Client, run: RunId, suite: &str, listed: bool) -> Result<Look, Error> {
    if !listed {
        let view = client.run(&run.to_string()).await?;
        if !is_listed(&view, suite) {
            return Ok(Look::Unlisted(view));
        }
    }
    client.split(run, suite).await.map(Look::Listed)
}

/// What is on the screen.
struct Shown {
    /// Where it is drawn; none where nothing can be taken back.
    place: Option<InPlace<Stdout>>,
    /// What was told last, elsewhere: as a line, or as counts.
    line: String,
}

impl Shown {
    fn show(&mut self, told: &SplitTold) -> anyhow::Result<()> {
        if let Some(place) = &mut self.place {
            let frame = split_told::live(told, now(), place.size());
            return Ok(place.draw("", frame)?);
        }
        // The time to the end is another each time one looks.
        let counted = format!("{} {}", told.sum.settled, told.sum.out);
        if counted != self.line {
            print(&split_told::head(told, now()))?;
            self.line = counted;
        }
        Ok(())
    }

    /// Who is to list the tests, and what that waits for.
    fn wait(&mut self, run: &RunView, suite: &str) -> anyhow::Result<()> {
        let told = unlisted::told(run, suite);
        if let Some(place) = &mut self.place {
            let columns = place.size().0.saturating_sub(1).max(1);
            return Ok(place.draw("", vec![console::truncate_str(&told, columns, "…").into_owned()])?);
        }
        if told != self.line {
            print(&format!("{told}\n"))?;
            self.line = told;
        }
        Ok(())
    }

    /// The run is over, and there never was a list: the reason stays.
    fn end_unlisted(mut self, run: &RunView, suite: &str) -> anyhow::Result<Exit> {
        self.clear()?;
        print(&format!("{}\n", unlisted::told(run, suite)))?;
        // Others may have passed; these tests did not.
        let exit = Exit::of(run.summary.verdict.as_ref());
        Ok(if exit == Exit::Passed { Exit::Failed } else { exit })
    }

    fn clear(&mut self) -> anyhow::Result<()> {
        if let Some(place) = &mut self.place {
            place.draw("", Vec::new())?;
            place.leave()?;
        }
        Ok(())
    }

    /// What it came to stays; the code is that of the tests.
    fn end(mut self, told: &SplitTold) -> anyhow::Result<Exit> {
        self.clear()?;
        print(&split_told::status(told, now()))?;
        Ok(if told.sum.passed == Some(true) { Exit::Passed } else { Exit::Failed })
    }
}
