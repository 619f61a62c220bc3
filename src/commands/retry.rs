//! `sidings retry`.

use super::output::{Show, follow_to_the_end, print_as};
use super::submit::accepted;
use crate::args::RetryArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::reference;
use sidings_proto::api::RetryRun;

pub(super) async fn retry(args: RetryArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let run = reference::find(&client, &args.run, &args.project).await?;
    let run = client.retry(run.summary.id, &RetryRun { failed_only: args.failed, exact: args.exact }).await?;
    if args.follow {
        return follow_to_the_end(&client, run, Show { plain: args.plain, json: args.json }).await;
    }
    print_as(args.json, &run, accepted)
}
