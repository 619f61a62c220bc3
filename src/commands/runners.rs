//! `sidings runners`.

use super::output::print_as;
use crate::args::{DrainRunner, ResumeRunner, RunnersArgs, RunnersCommand};
use crate::client::Client;
use crate::exit::Exit;
use crate::render::{duration, lists};
use sidings_proto::api::Runners;
use std::time::Duration;

/// How often it is asked whether a runner has finished.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn runners(args: RunnersArgs) -> anyhow::Result<Exit> {
    match args.command {
        Some(RunnersCommand::Drain(args)) => drain(args).await,
        Some(RunnersCommand::Resume(args)) => resume(args).await,
        None => {
            let runners = Client::new(&args.list.remote)?.runners().await?;
            print_as(args.list.json, &runners, |runners| lists::runners(runners, duration::now()))
        }
    }
}

async fn drain(args: DrainRunner) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let mut drained = client.drain(&args.name).await?;
    if args.wait {
        drained = finished(&client, drained, &args.name).await?;
    }
    print_as(args.json, &drained, lists::drained_runners)
}

async fn resume(args: ResumeRunner) -> anyhow::Result<Exit> {
    let resumed = Client::new(&args.remote)?.resume(&args.name).await?;
    print_as(args.json, &resumed, |resumed| lists::runners(resumed, duration::now()))
}

/// Waits until none of them has a job. Progress goes to stderr, where a script does not look.
async fn finished(client: &Client, mut runners: Runners, name: &str) -> anyhow::Result<Runners> {
    let mut told = None;
    loop {
        let busy: u32 = runners.runners.iter().map(|runner| runner.busy).sum();
        if busy == 0 {
            return Ok(runners);
        }
        if told.replace(busy) != Some(busy) {
            anstream::eprint!("{}", lists::drained_runners(&runners));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        runners = client.runners().await?;
        runners.runners.retain(|runner| runner.name == name);
        (runners.pools, runners.waits) = (Vec::new(), Vec::new());
    }
}
