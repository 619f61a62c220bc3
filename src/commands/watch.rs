//! `sidings watch`: runs, jobs and logs on the whole terminal.

use crate::args::{ProjectChoice, WatchArgs};
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::reference;
use crate::watch::{Left, watch as show};
use std::io::{IsTerminal, stdin, stdout};

pub(super) async fn watch(args: WatchArgs) -> anyhow::Result<Exit> {
    if !(stdin().is_terminal() && stdout().is_terminal()) {
        let instead = "`sidings runs` and `sidings logs --follow` write lines";
        return Err(Refusal::usage(format!("`sidings watch` needs a terminal: {instead}")));
    }
    let client = Client::new(&args.remote)?;
    let first = match &args.run {
        Some(run) => Some(reference::find(&client, run, &ProjectChoice { project: args.project.clone() }).await?),
        None => None,
    };
    // A wrong address or token is said before the terminal is taken.
    client.newest(args.project.as_deref(), 1).await?;
    let colours = anstream::stdout().current_choice() != anstream::ColorChoice::Never;
    match show(&client, args.project, first, colours).await? {
        Left::AsUsual => Ok(Exit::Passed),
        Left::Interrupted => Ok(Exit::Interrupted),
    }
}
