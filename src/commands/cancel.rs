//! `sidings cancel`.

use super::output::print_as;
use crate::args::CancelArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::reference;
use sidings_proto::api::State;

pub(super) async fn cancel(args: CancelArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let run = reference::find(&client, &args.run, &args.project).await?;
    let run = client.cancel(run.summary.id).await?;
    print_as(args.json, &run, |run| {
        let name = format!("{}@{}", run.summary.project, run.summary.number);
        match &run.summary.verdict {
            Some(verdict) if run.summary.state == State::Ended => format!("{name} is over: {}\n", verdict.word()),
            Some(_) | None => format!("{name} is being cancelled\n"),
        }
    })
}
