//! `sidings show`.

use super::output::{print_as, terminal_size};
use crate::args::ShowArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::reference;
use crate::render::summary::{ReadOn, summary};
use crate::render::{compared, digests, duration, splits, tree};
use sidings_proto::api::{RunView, State};
use std::io::IsTerminal;

/// Where there is no terminal, nothing is cut before this column.
const WIDTH: usize = 200;

pub(super) async fn show(args: ShowArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let run = reference::find(&client, &args.run, &args.project).await?;
    if args.json {
        return print_as(true, &run, |_| String::new());
    }
    let compared = client.compared(run.summary.id).await?;
    print_as(false, &run, |run| text(run) + &compared::environments(&compared, &run.summary.commit.sha))
}

fn text(run: &RunView) -> String {
    let now = duration::now();
    let width = if std::io::stdout().is_terminal() { terminal_size().0 } else { WIDTH };
    let tree = tree::whole(run, now, width, &|_, _| None).join("\n");
    let rest = digests::of_run(run);
    let rest = match run.summary.state {
        State::Ended => format!("{}{rest}", summary(run, now, &ReadOn::Controller)),
        State::Waiting | State::Queued | State::Running => format!("\n{}{}\n{rest}", splits::of_run(run), run.url),
    };
    format!("{tree}\n{rest}")
}
